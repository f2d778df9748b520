"""What the store promises about notices, on every database."""

import asyncio
from dataclasses import replace

from db.store import SqlStore
from factories import NOW, a_lease, a_notice, a_server, a_user, later
from generation.domain.notice import Audience, Notice, NoticeStatus, OwedNotice
from generation.domain.refs import Platform
from generation.ports import Lease

DISCORD = frozenset({Platform.DISCORD})


async def add(store: SqlStore, *notices: Notice) -> list[bool]:
    async with store.transaction() as tx:
        return [await tx.add_notice(each) for each in notices]


async def owed(store: SqlStore, owner: str = "me", now=NOW, platforms=DISCORD) -> list[OwedNotice]:
    return await store.owed_notices(now, owner=owner, platforms=platforms, limit=10)


async def claim(store: SqlStore, key: str, lease: Lease, now=NOW) -> OwedNotice | None:
    async with store.transaction() as tx:
        return await tx.claim_notice(key, lease, now)


async def save(store: SqlStore, notice: OwedNotice, **options: bool) -> None:
    async with store.transaction() as tx:
        await tx.save_notice(notice, **options)


async def test_a_notice_is_known_by_its_key_and_comes_back_as_it_was(store):
    personal = a_notice("n2", audience=Audience.MEMBER, member=a_user(), details={"said": "naïve \ud83d\udca5"})
    assert await add(store, a_notice(), personal) == [True, True]
    assert await add(store, a_notice(details={"other": "words"}), personal) == [False, False]
    read = replace(personal, details={"said": "naïve 💥"})
    assert await owed(store) == [OwedNotice(a_notice(), NOW), OwedNotice(read, NOW)]


async def test_of_sixteen_that_add_or_claim_a_notice_one_does(store, other_store):
    stores = [store, other_store] * 8
    added = await asyncio.gather(*(add(each, a_notice()) for each in stores))
    assert sorted(added) == [[False]] * 15 + [[True]]
    claims = [claim(each, "n1", a_lease(f"owner-{n}")) for n, each in enumerate(stores)]
    assert sum(found is not None for found in await asyncio.gather(*claims)) == 1


async def test_a_claimed_notice_is_found_by_its_owner_only_until_the_lease_ends(store, expire):
    await add(store, a_notice())
    claimed = await claim(store, "n1", a_lease("me"))
    assert await owed(store, "me") == [claimed]
    assert await owed(store, "another") == []
    await save(store, claimed.noted("5001"), keeps_lease=True)
    assert await owed(store, "another") == []
    await expire("me")
    assert await owed(store, "another") == [claimed.noted("5001")]


async def test_a_notice_waits_until_its_next_attempt_or_until_its_server_is_tried_again(store):
    await add(store, a_notice())
    claimed = await claim(store, "n1", a_lease("me"))
    waiting = claimed.delayed(later(minutes=5), "away")
    await save(store, waiting)
    assert await owed(store) == []
    assert await owed(store, now=later(minutes=5)) == [waiting]
    await store.retry_notices(a_server("other"), NOW)
    assert await owed(store) == []
    await store.retry_notices(a_server(), NOW)
    assert await owed(store) == [replace(waiting, next_attempt_at=NOW)]


async def test_other_platforms_notices_are_left_alone_but_those_for_the_operator(store):
    server = a_server("T1", Platform.SLACK)
    await add(store, a_notice(server=server), a_notice("n2", server=server, audience=Audience.OPERATOR))
    assert [each.notice.key for each in await owed(store)] == ["n2"]


async def test_a_told_notice_is_no_longer_due_and_its_key_stays_known(store):
    await add(store, a_notice())
    await save(store, (await claim(store, "n1", a_lease())).told())
    assert await owed(store, now=later(days=400)) == []
    assert await add(store, a_notice()) == [False]


async def test_a_held_notice_is_taken_once_by_the_next_admin_of_its_server(store):
    await add(store, a_notice(), a_notice("n2"))
    held = (await claim(store, "n1", a_lease())).undeliverable("no log channel")
    assert held.status is NoticeStatus.HELD
    await save(store, held)
    async with store.transaction() as tx:
        assert await tx.take_held_notices(a_server("other"), limit=5) == []
        assert await tx.take_held_notices(a_server(), limit=5) == [a_notice()]
    async with store.transaction() as tx:
        assert await tx.take_held_notices(a_server(), limit=5) == []


async def test_a_notice_that_cannot_be_read_keeps_no_other_from_being_told(store, execute):
    await add(store, a_notice(), a_notice("n2"))
    await execute("UPDATE notices SET kind = 'of a later version' WHERE key = 'n1'")
    assert [each.notice.key for each in await owed(store)] == ["n2"]
