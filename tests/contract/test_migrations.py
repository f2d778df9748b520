"""Databases are created, migrated, and left alone when a newer version made them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from databases import SqliteFiles, a_cipher
from db.engine import DatabaseEngine, begin_read, begin_write, close, open_engine, upgrade
from db.schema import VERSION_TABLE, metadata
from db.store import MIGRATIONS, SqlStore
from factories import a_channel, a_delivery, a_job, a_server
from generation.protocol.errors import DatabaseTooNew, StoreError

NEWEST = ScriptDirectory(str(MIGRATIONS)).get_current_head()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[DatabaseEngine]:
    """An engine on a database without tables."""
    engine = open_engine(empty_url)
    yield engine
    await close(engine)


async def open_and_close(url: str) -> None:
    await (await SqlStore.open(url, a_cipher())).close()


async def revisions(engine: DatabaseEngine, table: str = VERSION_TABLE) -> list[str]:
    async with begin_read(engine) as connection:
        return list(await connection.scalars(text(f"SELECT version_num FROM {table}")))


async def tables(engine: DatabaseEngine) -> set[str]:
    async with begin_read(engine) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_an_empty_database_gets_all_tables_and_works(empty_url, empty):
    store = await SqlStore.open(empty_url, a_cipher())
    job = a_job()
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
    assert await store.job(job.id) == job
    await store.close()
    assert await tables(empty) == {*metadata.tables, VERSION_TABLE}


async def test_opening_again_changes_nothing_and_keeps_everything(empty_url, empty):
    await open_and_close(empty_url)
    before = await revisions(empty)
    await open_and_close(empty_url)
    assert await revisions(empty) == before == [NEWEST]


async def test_processes_that_start_at_once_build_one_database(empty_url, empty):
    await asyncio.gather(*(open_and_close(empty_url) for _ in range(4)))
    assert await revisions(empty) == [NEWEST]


async def test_the_database_of_a_newer_flipbook_is_refused_and_left_alone(empty_url, empty):
    await open_and_close(empty_url)
    async with begin_write(empty) as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="revision 9999"):
        await SqlStore.open(empty_url, a_cipher())
    assert await revisions(empty) == ["9999"]


async def test_models_and_migrations_agree(empty_url, empty):
    await open_and_close(empty_url)

    def differences(connection: Connection) -> object:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with begin_read(empty) as connection:
        assert await connection.run_sync(differences) == []


async def test_on_sqlite_migrations_write_the_models_own_words(sqlite_files, tmp_path):
    def words(url: str) -> dict[str, str]:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql <> ''")
        found = {name: sorted(" ".join(sql.split()).removesuffix(")").split(", ")) for name, sql in rows}
        connection.close()
        return found

    created = f"sqlite:///{tmp_path / 'created.db'}"
    engine = open_engine(created)
    async with begin_write(engine) as connection:
        await connection.run_sync(metadata.create_all)
    await close(engine)
    migrated = words(SqliteFiles.fresh(sqlite_files, tmp_path))
    assert migrated.pop(VERSION_TABLE)
    assert migrated == words(created)


UNNUMBERED = (
    "DROP INDEX uq_jobs_number_in_server",
    *(
        f"ALTER TABLE jobs DROP COLUMN {name}"
        for name in ("number_in_server", "parent_number", "defaults_used", "is_private")
    ),
    "DROP TABLE clip_numbers",
    f"UPDATE {VERSION_TABLE} SET version_num = '0015'",
)


async def test_jobs_of_before_get_numbers_in_the_order_of_asking(url):
    here, there = a_channel(server=a_server("here")), a_channel(server=a_server("there"))
    asked = [a_job(channel=channel) for channel in (here, there, here, here)]
    asked.append(a_job(channel=there, parent=asked[1].id))
    store = await SqlStore.open(url, a_cipher())
    async with store.transaction() as tx:
        for job in asked:
            await tx.add_job(job, a_delivery(job), None)
    await store.close()
    engine = open_engine(url)
    async with begin_write(engine) as connection:
        for statement in UNNUMBERED:
            await connection.execute(text(statement))
    await close(engine)
    store = await SqlStore.open(url, a_cipher())
    stored = [await store.job(job.id) for job in asked]
    assert [job and job.number for job in stored] == [1, 1, 2, 3, 2]
    assert [job and job.parent_number for job in stored] == [None, None, None, None, 1]
    async with store.transaction() as tx:
        assert [await tx.next_number(channel.server) for channel in (here, there)] == [4, 3]
    await store.close()


# Any folder of migrations -------------------------------------------------------------------------

ENV = """
from alembic import context
attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
with context.begin_transaction():
    context.run_migrations()
"""
STEP = """
import sqlalchemy as sa
from alembic import op
revision = {revision!r}
down_revision = {down!r}
def upgrade():
    {body}
"""
FAMILY = """
    op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.create_table("children", sa.Column("id", sa.Integer, primary_key=True), sa.Column(
        "parent", sa.Integer, sa.ForeignKey("parents.id", ondelete="CASCADE"), nullable=False))
    op.execute("INSERT INTO parents VALUES (1, 'Ada')")
    op.execute("INSERT INTO children VALUES (1, 1), (2, 1)")
"""
REBUILD = """
    with op.batch_alter_table("parents", recreate="always") as parents:
        parents.alter_column("name", nullable=False)
"""


class Migrations:
    """A folder to which a test adds steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV)
        self._last: str | None = None

    def add(self, revision: str, body: str) -> None:
        """The next step."""
        step = STEP.format(revision=revision, down=self._last, body=body)
        (self.folder / "versions" / f"{revision}.py").write_text(step)
        self._last = revision


@pytest.fixture
def migrations(tmp_path: Path) -> Migrations:
    """A folder with one step; Alembic would interpolate its name if it were not escaped."""
    made = Migrations(tmp_path / "100%(here)s")
    made.add("one", FAMILY)
    return made


async def count(engine: DatabaseEngine, table: str) -> int | None:
    async with begin_read(engine) as connection:
        return await connection.scalar(text(f"SELECT count(*) FROM {table}"))


async def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(tmp_path, migrations):
    engine = open_engine(f"sqlite:///{tmp_path / 'family.db'}")
    await upgrade(engine, migrations.folder, "version_here")
    migrations.add("two", REBUILD)
    await upgrade(engine, migrations.folder, "version_here")
    assert await revisions(engine, "version_here") == ["two"]
    assert [await count(engine, "parents"), await count(engine, "children")] == [1, 2]
    await close(engine)


async def test_a_step_that_would_break_foreign_keys_changes_nothing(tmp_path, migrations):
    engine = open_engine(f"sqlite:///{tmp_path / 'family.db'}")
    await upgrade(engine, migrations.folder, "version_here")
    migrations.add("two", 'op.execute("DELETE FROM parents")')
    with pytest.raises(StoreError, match="orphans in the table children"):
        await upgrade(engine, migrations.folder, "version_here")
    assert await revisions(engine, "version_here") == ["one"]
    assert [await count(engine, "parents"), await count(engine, "children")] == [1, 2]
    await close(engine)


async def test_steps_that_fail_half_way_change_nothing(empty, migrations):
    await upgrade(empty, migrations.folder, "version_here")
    migrations.add("two", 'op.create_table("half", sa.Column("id", sa.Integer))')
    migrations.add("three", 'op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(StoreError, match="nowhere"):
        await upgrade(empty, migrations.folder, "version_here")
    assert await revisions(empty, "version_here") == ["one"]
    assert await tables(empty) == {"parents", "children", "version_here"}


async def test_after_a_migration_foreign_keys_are_enforced_again(empty, migrations):
    await upgrade(empty, migrations.folder, "version_here")

    async def adopt() -> None:
        async with begin_write(empty) as connection:
            await connection.execute(text("INSERT INTO children VALUES (3, 99)"))

    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        await adopt()
