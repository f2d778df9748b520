"""Database files that are damaged, of something else, or no files at all: the bot's and the worker's."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from databases import DAMAGES, a_cipher, sqlite_url
from db.engine import begin_read, begin_write, check, close, open_engine
from db.store import SqlStore
from generation.protocol.errors import DatabaseDamaged, DatabaseUnusable
from generation.text.errors import sentence
from worker.store import WorkerDatabase


async def bot_database(path: Path) -> None:
    """Open the bot's database and close it."""
    await (await SqlStore.open(sqlite_url(path), a_cipher())).close()


async def worker_database(path: Path) -> None:
    """Open the worker's database and close it."""
    await (await WorkerDatabase.open(sqlite_url(path))).close()


Opening = Callable[[Path], Awaitable[None]]
both = pytest.mark.parametrize("opened", [bot_database, worker_database])


def is_never_told_as_passing(error: DatabaseUnusable) -> bool:
    told = f"{error} {sentence(error)}".lower()
    return not any(hope in told for hope in ("try again", "busy", "in a minute", "at the moment"))


@both
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, opened: Opening, damage) -> None:
    path = tmp_path / "kept.db"
    await opened(path)
    damage(path)
    with pytest.raises(DatabaseDamaged) as caught:
        await opened(path)
    for part in (str(path), "damaged", "kept.db-wal", "backup"):
        assert part in str(caught.value)
    assert is_never_told_as_passing(caught.value)
    assert "damaged" in sentence(caught.value)


@both
@pytest.mark.parametrize("table", ["bookmarks", "jobs", "requests", "alembic_version", "Flipbook_Version2"])
async def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path, opened: Opening, table: str) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE {table} (url TEXT); INSERT INTO {table} VALUES ('x')")
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match=rf"places\.sqlite belongs to something else.*{table}") as caught:
        await opened(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (before, 0o644)
    assert is_never_told_as_passing(caught.value)


@pytest.mark.parametrize(("made", "opened"), [(bot_database, worker_database), (worker_database, bot_database)])
async def test_bot_and_worker_leave_each_others_files_alone(tmp_path: Path, made: Opening, opened: Opening) -> None:
    path = tmp_path / "data.db"
    await made(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusable, match="belongs to something else"):
        await opened(path)
    assert path.read_bytes() == before
    await made(path)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "in a folder that is missing": lambda path: path.parent.rmdir(),
    "in a file": lambda path: (path.parent.rmdir(), path.parent.write_text("hello")),
    "a link to itself": lambda path: path.symlink_to(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@both
@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
async def test_what_is_no_file_is_named(tmp_path: Path, opened: Opening, make) -> None:
    path = tmp_path / "folder" / "kept.db"
    path.parent.mkdir()
    make(path)
    with pytest.raises(DatabaseUnusable, match=f"{path} cannot be opened: ") as caught:
        await opened(path)
    assert is_never_told_as_passing(caught.value)


async def test_a_file_that_may_only_be_read_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    await bot_database(path)
    engine = open_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(DatabaseUnusable, match=r"kept\.db cannot be written") as caught:
        async with begin_write(engine) as connection:
            await connection.exec_driver_sql("DELETE FROM jobs")
    assert is_never_told_as_passing(caught.value)
    await close(engine)


async def test_once_damage_was_seen_nothing_is_read_or_written_any_more(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    store = await SqlStore.open(sqlite_url(path), a_cipher())
    engine = open_engine(sqlite_url(path))
    with closing(sqlite3.connect(path)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ledger_totals'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    async with begin_read(engine) as connection:  # another table is still whole
        assert await connection.scalar(text("SELECT count(*) FROM servers")) == 0
    with pytest.raises(DatabaseDamaged):
        async with begin_read(engine) as connection:
            await connection.scalar(text("SELECT sum(clips) FROM ledger_totals"))
    for begin in (begin_read, begin_write):
        with pytest.raises(DatabaseDamaged, match=r"kept\.db is damaged"):
            async with begin(engine) as connection:
                await connection.exec_driver_sql("SELECT 1")
    await close(engine)
    with pytest.raises(DatabaseDamaged):
        await store.check()
    await store.close()
    assert path.read_bytes() == content


@both
async def test_a_look_at_the_whole_file_finds_damage_that_no_start_sees(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "kept.db"
    await opened(path)
    with closing(sqlite3.connect(path)) as connection:
        name = "ledger" if opened is bot_database else "uploads"
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    await opened(path)
    engine = open_engine(sqlite_url(path))
    with pytest.raises(DatabaseDamaged, match=r"kept\.db is damaged"):
        await check(engine)
    await close(engine)


@both
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_only_its_owner_may_read_a_database(tmp_path: Path, opened: Opening, umask: int) -> None:
    path = tmp_path / "kept.db"
    before = os.umask(umask)
    try:
        engine = open_engine(sqlite_url(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await close(engine)
        await opened(path)
        engine = open_engine(sqlite_url(path))
        async with begin_write(engine) as connection:
            await connection.exec_driver_sql("CREATE TABLE more (n INTEGER)")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        await close(engine)
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("kept.db", "kept.db-wal", "kept.db-shm"), 0o600)


@both
async def test_files_of_an_earlier_version_are_taken_from_others(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "kept.db"
    await opened(path)
    with closing(sqlite3.connect(path)) as running:  # keeps -wal and -shm
        running.execute("PRAGMA journal_mode = WAL")
        running.execute("CREATE TABLE more (n INTEGER)")
        for each in tmp_path.iterdir():
            each.chmod(0o644)
        await opened(path)
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("kept.db", "kept.db-wal", "kept.db-shm"), 0o600)


TAKEN_AWAY: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: [each.unlink() for each in path.parent.iterdir()],
    "moved": lambda path: path.rename(path.with_name("old.db")),
    "its folder moved": lambda path: path.parent.rename(path.parent.with_name("old")),
    "replaced by a backup": lambda path: shutil.copy(path, path.with_name("b")).rename(path),
    "replaced by a folder": lambda path: (path.unlink(), path.mkdir()),
}


@both
@pytest.mark.parametrize("take", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
async def test_nothing_is_written_to_a_file_that_was_taken_away(tmp_path: Path, opened: Opening, take) -> None:
    path = tmp_path / "data" / "kept.db"
    path.parent.mkdir()
    await opened(path)
    engine = open_engine(sqlite_url(path))
    async with begin_write(engine) as connection:
        await connection.exec_driver_sql("CREATE TABLE more (n INTEGER)")
    take(path)
    for begin in (begin_read, begin_write):
        with pytest.raises(DatabaseUnusable, match=r"kept\.db was moved, deleted or replaced") as caught:
            async with begin(engine) as connection:
                await connection.exec_driver_sql("SELECT 1")
        assert is_never_told_as_passing(caught.value)
    await close(engine)
