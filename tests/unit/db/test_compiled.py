"""Statements compiled once store and read what SQLAlchemy itself would."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite

from db.engine import UtcDateTime
from db.schema.columns import CleanText
from db.sqlite.compiled import compiled
from generation.protocol.errors import StoreError

DIALECT = sqlite.dialect()
THINGS = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("name", CleanText),
    Column("at", UtcDateTime),
    Column("is_on", Boolean),
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_values_are_converted_on_the_way_in_and_out() -> None:
    values = {
        "number": 1,
        "name": "a \0 fox",
        "at": NOON.astimezone(timezone(timedelta(hours=3))),
        "is_on": True,
    }
    written = compiled(insert(THINGS), tuple(values), DIALECT)
    read = compiled(select(THINGS), (), DIALECT)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE things (number, name, at, is_on)")
        connection.execute(written.sql, written.bound(values))
        [row] = connection.execute(read.sql, read.bound({}))
    assert read.read(row)._asdict() == values | {"name": "a \ufffd fox", "at": NOON}


def test_a_statement_keeps_its_own_values() -> None:
    statement = update(THINGS).where(THINGS.c.number == bindparam("of")).values(is_on=False)
    assert compiled(statement, ("of",), DIALECT).bound({"of": 7}) == [0, 7]


def test_a_value_that_is_missing_is_an_error_not_null() -> None:
    statement = update(THINGS).where(THINGS.c.number == bindparam("of")).values(is_on=False)
    with pytest.raises(LookupError, match="a value for of"):
        compiled(statement, (), DIALECT)


def test_a_value_that_its_column_cannot_take_is_an_error_of_the_store() -> None:
    statement = compiled(insert(THINGS), ("at",), DIALECT)
    with pytest.raises(StoreError, match="its column's type"):
        statement.bound({"at": datetime(2026, 1, 1)})  # noqa: DTZ001 - the time without a zone
