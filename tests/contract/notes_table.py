"""A table of one row, to try transactions on."""

from sqlalchemy import Column, Integer, MetaData, Table, select, update

from db.engine import DatabaseEngine, UtcDateTime, begin_read, begin_write

notes = Table("notes", MetaData(), Column("n", Integer), Column("at", UtcDateTime))


async def value(engine: DatabaseEngine) -> int | None:
    """The row's value."""
    async with begin_read(engine) as connection:
        return await connection.scalar(select(notes.c.n))


async def write(engine: DatabaseEngine, n: int) -> None:
    """Change the row."""
    async with begin_write(engine) as connection:
        await connection.execute(update(notes).values(n=n))


async def run(engine: DatabaseEngine, sql: str) -> None:
    """Run any SQL in a transaction that writes."""
    async with begin_write(engine) as connection:
        await connection.exec_driver_sql(sql)
