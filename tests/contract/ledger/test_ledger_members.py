"""The ledger names members by keyed pseudonyms; lines of earlier versions are rewritten once."""

import asyncio
from pathlib import Path

import pytest

from databases import CIPHER_KEY, a_cipher
from db.encryption import FernetCipher
from db.engine import close, compact, open_engine, run_alone
from db.queries.ledger_members import MembersKey
from db.schema import VERSION_TABLE
from db.store import SqlStore
from factories import NOW, a_channel, a_job, a_server, a_user
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import StoreError
from generation.rules.ledger import reserve
from generation.rules.pseudonyms import Pseudonyms, is_pseudonym

OLD_LINE = (
    'INSERT INTO ledger (job_id, server, "user", kind, clips, amount, day, at) VALUES '
    "('{job}', '{server}', '{user}', 'reserve', 1, 40000, '2026-11-20', '2026-11-20 12:00:00')"
)
OLD_TOTAL = "INSERT INTO ledger_totals VALUES ('{scope}', '2026-11-20', {clips}, {amount})"
MEMBERS = {
    ("discord:9001", "discord:7001"): 3,
    ("discord:9001", "discord:7002"): 1,
    ("discord:9002", "discord:7001"): 2,
}


def lines_of_an_earlier_version() -> list[str]:
    """Six lines of two members in two servers, in the clear, with their totals."""
    found = []
    for (server, user), clips in MEMBERS.items():
        found += [OLD_LINE.format(job=f"{server}{user}{n}", server=server, user=user) for n in range(clips)]
        scope = f"{server}/{user.removeprefix('discord:')}"
        found.append(OLD_TOTAL.format(scope=scope, clips=clips, amount=clips * 40_000))
    found += [OLD_TOTAL.format(scope="discord:9001", clips=4, amount=160_000)]
    found += [OLD_TOTAL.format(scope="discord:9002", clips=2, amount=80_000)]
    return [*found, OLD_TOTAL.format(scope="all", clips=6, amount=240_000)]


async def clips_today(store: SqlStore) -> list[int]:
    refs = [(ServerRef.parse(server), UserRef(Platform.DISCORD, user[8:])) for server, user in MEMBERS]
    usages = [(await store.standing(server, user, NOW)).usage for server, user in refs]
    return [usage.user_clips_today for usage in usages]


async def test_lines_in_the_clear_get_pseudonyms_once_and_quotas_stay(store, execute, fetch):
    for statement in lines_of_an_earlier_version():
        await execute(statement)
    assert await store.hide_members() is MembersKey.NEW
    names = {name for (name,) in await fetch('SELECT DISTINCT "user" FROM ledger')}
    assert len(names) == 3
    assert all(is_pseudonym(UserRef(Platform.DISCORD, name.removeprefix("discord:"))) for name in names)
    assert await clips_today(store) == [3, 1, 2]
    assert await store.ledger_discrepancies() == []
    assert await store.hide_members() is MembersKey.SAME
    with pytest.raises(StoreError, match="append-only"):
        await execute("UPDATE ledger SET amount = 0")


async def test_new_lines_continue_the_count_of_rewritten_ones(store, execute):
    for statement in lines_of_an_earlier_version():
        await execute(statement)
    await store.hide_members()
    async with store.transaction() as tx:
        await tx.append(reserve(a_job(channel=a_channel(server=a_server("9001"))), NOW))
    assert await clips_today(store) == [4, 1, 2]
    assert await store.ledger_discrepancies() == []


async def test_a_rewriting_that_is_cut_off_changes_nothing_and_is_done_at_the_next_start(store, execute, fetch, url):
    for statement in lines_of_an_earlier_version():
        await execute(statement)
    # the totals cannot be renamed: another row has the name
    member = a_cipher().pseudonyms.of(ServerRef.parse("discord:9002"), a_user())
    await execute(OLD_TOTAL.format(scope=f"discord:9002/{member.id}", clips=0, amount=0))
    with pytest.raises(StoreError):
        await store.hide_members()
    assert (await fetch('SELECT count(*) FROM ledger WHERE length("user") = 12')) == [(6,)]
    with pytest.raises(StoreError, match="append-only"):
        await execute("UPDATE ledger SET amount = 0")
    await execute(f"DELETE FROM ledger_totals WHERE scope = 'discord:9002/{member.id}'")
    assert await store.hide_members() is MembersKey.NEW
    assert await clips_today(store) == [3, 1, 2]


async def test_processes_that_start_together_rewrite_once(store, other_store, execute):
    for statement in lines_of_an_earlier_version():
        await execute(statement)
    done = await asyncio.gather(store.hide_members(), other_store.hide_members())
    assert sorted(each.value for each in done) == ["new", "same"]
    assert await clips_today(store) == [3, 1, 2]


async def test_another_key_is_noticed_once_and_quotas_begin_anew(store, url):
    await store.hide_members()
    async with store.transaction() as tx:
        await tx.append(reserve(a_job(), NOW))
    other = await SqlStore.open(url, FernetCipher(FernetCipher.new_key()))
    assert await other.hide_members() is MembersKey.ANOTHER
    assert await other.hide_members() is MembersKey.SAME
    usage = (await other.standing(a_server(), a_user(), NOW)).usage
    assert (usage.user_clips_today, usage.server_clips_today) == (0, 1)
    assert await other.ledger_discrepancies() == []
    await other.close()


def test_a_pseudonym_belongs_to_one_member_of_one_server_under_one_key():
    made = Pseudonyms(CIPHER_KEY)
    others = [
        made.of(a_server("9002"), a_user()),
        made.of(a_server(), a_user("7002")),
        Pseudonyms(FernetCipher.new_key()).of(a_server(), a_user()),
    ]
    mine = made.of(a_server(), a_user())
    assert mine == Pseudonyms(CIPHER_KEY).of(a_server(), a_user())
    assert len({mine, *others}) == 4
    assert made.of(a_server("9002"), mine) == mine
    assert is_pseudonym(mine)
    assert not is_pseudonym(a_user())


async def test_deleted_text_is_gone_from_the_file_and_its_log(sqlite_files, tmp_path: Path):
    url = sqlite_files.fresh(tmp_path)
    store = await SqlStore.open(url, a_cipher())
    engine = open_engine(url)

    def write(connection):
        connection.exec_driver_sql("CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT)")
        for n in range(3000):
            connection.exec_driver_sql("INSERT INTO notes VALUES (?, ?)", (n, f"a lighthouse in a storm {n} " * 9))

    def delete(connection):
        connection.exec_driver_sql("UPDATE notes SET text = 'short' WHERE number % 2")
        connection.exec_driver_sql("DELETE FROM notes WHERE number % 2 = 0")

    await run_alone(engine, write, VERSION_TABLE)
    await run_alone(engine, delete, VERSION_TABLE)
    await compact(engine)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"lighthouse" not in kept
    assert b"short" in kept
    await close(engine)
    await store.close()
