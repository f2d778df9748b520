"""What is told once, outside of any job's message."""

from typing import Final

from sqlalchemy import Column, Index, Integer, Table, Text, literal_column

from db.engine import UtcDateTime
from db.schema.columns import CleanText, metadata
from generation.domain.notice import NoticeStatus

notices = Table(
    "notices",
    metadata,
    Column("key", CleanText, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("server", CleanText, nullable=False),
    Column("audience", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("details", Text, nullable=False),  # a JSON object of texts
    Column("member", CleanText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("note", CleanText),
    Column("reason", CleanText),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
)
"""Rows of notices that were told stay: their keys keep them from being told again."""

OWED_NOTICES: Final = notices.c.status == literal_column(f"'{NoticeStatus.OWED}'")
HELD_NOTICES: Final = notices.c.status == literal_column(f"'{NoticeStatus.HELD}'")

Index(
    "ix_notices_owed",
    notices.c.next_attempt_at,
    sqlite_where=OWED_NOTICES,
    postgresql_where=OWED_NOTICES,
)
Index("ix_notices_held", notices.c.server, sqlite_where=HELD_NOTICES, postgresql_where=HELD_NOTICES)
