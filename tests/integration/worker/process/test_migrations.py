"""The worker's migrations create the tables of its store."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from db.engine import begin_read, close, open_engine
from worker.store import VERSION_TABLE, WorkerDatabase, metadata


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'worker.db'}"
    await (await WorkerDatabase.open(url)).close()
    engine = open_engine(url)
    async with begin_read(engine) as connection:
        differences = await connection.run_sync(_differences)
    await close(engine)
    assert differences == []


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return compare_metadata(context, metadata)
