"""Whether texts were removed since the database's file was last written anew: pieces of them may
still be between its rows."""

from typing import Final

from sqlalchemy import bindparam, delete, select

from db.connection import DatabaseConnection
from db.dialects import insert_or
from db.engine import DatabaseEngine, begin_read, begin_write, compact
from db.schema import facts

TRACES: Final = "texts were removed"
"""The fact's name."""
_HAS_TRACES: Final = select(facts.c.name).where(facts.c.name == bindparam("of"))
_CLEAR: Final = delete(facts).where(facts.c.name == bindparam("of"))


async def note_traces(connection: DatabaseConnection) -> None:
    """Texts were removed in this transaction."""
    noted = insert_or(connection.dialect.name, facts).values(name=TRACES, value="")
    await connection.execute(noted.on_conflict_do_nothing())


async def remove_traces(engine: DatabaseEngine) -> bool:
    """Write the file anew where texts were removed since the last time; whether that was so."""
    async with begin_read(engine) as connection:
        if await connection.scalar(_HAS_TRACES, {"of": TRACES}) is None:
            return False
    # cleared first: what is removed meanwhile is noted again
    async with begin_write(engine) as connection:
        await connection.execute(_CLEAR, {"of": TRACES})
    try:
        await compact(engine)
    except BaseException:
        async with begin_write(engine) as connection:
            await note_traces(connection)
        raise
    return True
