"""The ledger and its daily totals."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    Table,
    Text,
)

from db.engine import UtcDateTime
from db.schema.columns import CleanText, SequenceNumber, metadata

ledger = Table(
    "ledger",
    metadata,
    Column("number", SequenceNumber, primary_key=True, autoincrement=True),
    Column("job_id", Text, nullable=False, index=True),
    Column("server", CleanText, nullable=False),
    Column("user", CleanText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("clips", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("utc_day", Date),
    Column("asked_at", UtcDateTime),
)
"""Append-only: triggers refuse every UPDATE and DELETE. No foreign key to jobs: the ledger outlives
them."""

# what a member asked for in the last hour is read from the index alone
Index("ix_ledger_recent", ledger.c.server, ledger.c.user, ledger.c.asked_at, ledger.c.clips)

ledger_totals = Table(
    "ledger_totals",
    metadata,
    Column("scope", CleanText, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("clips", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
)
