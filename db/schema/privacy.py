"""Who asked to be forgotten or for their data, and which servers have removed the bot."""

from sqlalchemy import Column, Integer, Table

from db.engine import UtcDateTime
from db.schema.columns import CleanText, metadata

forgettings = Table(
    "forgettings",
    metadata,
    Column("user", CleanText, primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("server", CleanText),
    Column("left", Integer, nullable=False),
)
"""What is still to be done; a row goes when it is."""

exports = Table(
    "exports",
    metadata,
    Column("user", CleanText, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
"""When a member last got a copy of their data."""

gone_servers = Table(
    "gone_servers",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)
"""Servers that have removed the bot, until what is kept of them is deleted or they come back."""
