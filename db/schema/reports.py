"""What members report to admins."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from db.engine import UtcDateTime
from db.schema.columns import CleanText, SequenceNumber, metadata

reports = Table(
    "reports",
    metadata,
    Column("number", SequenceNumber, primary_key=True, autoincrement=True),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("server", CleanText, nullable=False),
    Column("by", CleanText, nullable=False),
    Column("reason", Text, nullable=False),
    Column("words", CleanText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("decision", Text),
    Column("decided_by", CleanText),
    Column("decided_at", UtcDateTime),
)

OPEN_REPORTS: Final = reports.c.decided_at.is_(None)

Index(
    "uq_reports_open",
    reports.c.job_id,
    reports.c.by,
    unique=True,
    sqlite_where=OPEN_REPORTS,
    postgresql_where=OPEN_REPORTS,
)
Index(
    "ix_reports_open_in",
    reports.c.server,
    sqlite_where=OPEN_REPORTS,
    postgresql_where=OPEN_REPORTS,
)
Index("ix_reports_of_job", reports.c.job_id)
Index("ix_reports_by", reports.c.by, reports.c.at)
