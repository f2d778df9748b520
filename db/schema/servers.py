"""What belongs to a server: its rules, and who changed them."""

from sqlalchemy import (
    Boolean,
    Column,
    Table,
    Text,
)

from db.engine import UtcDateTime
from db.schema.columns import CleanText, SequenceNumber, metadata

servers = Table("servers", metadata, Column("server", CleanText, primary_key=True))
"""Rows to lock on PostgreSQL, so that two submissions of one server cannot both use the last of a
quota."""

server_limits = Table(
    "server_limits",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("limits", Text, nullable=False),
)

server_policies = Table(
    "server_policies",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("policy", Text, nullable=False),
)

server_styles = Table(
    "server_styles",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("styles", Text, nullable=False),
)

ceilings = Table(
    "ceilings",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("ceilings", Text, nullable=False),
)
"""What the operator has set in the terminal, by server; ``terminal:all`` is every server."""

pauses = Table(
    "pauses",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("reason", CleanText, nullable=False),
    Column("by", CleanText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("holds_waiting", Boolean, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", SequenceNumber, primary_key=True, autoincrement=True),
    Column("server", CleanText, nullable=False, index=True),
    Column("by", CleanText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("what", CleanText, nullable=False),
    Column("before", CleanText, nullable=False),
    Column("after", CleanText, nullable=False),
)
