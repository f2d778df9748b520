"""INSERT … ON CONFLICT: both databases have the same syntax, SQLAlchemy has a class for each."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT to which ``on_conflict_do_update`` or ``on_conflict_do_nothing`` can be added."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
