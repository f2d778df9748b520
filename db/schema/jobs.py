"""Jobs and the deliveries of their outcomes."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    and_,
    false,
    literal_column,
)

from db.engine import UtcDateTime
from db.schema.columns import CleanText, SequenceNumber, metadata
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import FINAL, JobStatus

jobs = Table(
    "jobs",
    metadata,
    Column("number", SequenceNumber, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("origin", CleanText, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("user", CleanText, nullable=False),
    Column("server", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("thread", CleanText),
    Column("parent", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("backend", CleanText),
    # the request at the backend
    Column("handle_backend", CleanText),
    Column("handle_endpoint", Text),
    Column("handle_request", CleanText),
    Column("handle_attempt", Integer),
    # in millionths: 32 bits end at 2,147 dollars
    Column("reserved", BigInteger, nullable=False),
    Column("cost", BigInteger),
    Column("artifact_key", CleanText),
    Column("artifact_bytes", BigInteger),
    Column("failure_kind", Text),
    Column("failure_detail", CleanText),
    Column("cancel_requested", Boolean, nullable=False),
    # why and until when the job waits, for the next attempt
    Column("not_before", UtcDateTime),
    Column("waiting_for", CleanText),
    Column("submitted_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
    Column("engine", CleanText),
    Column("avoided", CleanText),
    # a request that the job abandoned when it changed to another backend
    Column("left_backend", CleanText),
    Column("left_request", CleanText),
    Column("left_attempt", Integer),
    Column("style", Text),  # JSON: the prompt style as it was when the job was made
    # the backend whose price is reserved, and the seconds that the one with the job has measured
    Column("reserved_for", CleanText),
    Column("seconds", Float),
    Column("prompt_removed_at", UtcDateTime),
    # what was decided about the finished clip
    Column("deleted_at", UtcDateTime),
    Column("hidden_at", UtcDateTime),
    Column("is_spoiler", Boolean, nullable=False, server_default=false()),
    # the message that showed the parent when this was asked for
    Column("parent_channel", CleanText),
    Column("parent_message", CleanText),
    Column("day", Date),  # of the server; before there were time zones: NULL, UTC's
    Column("number_in_server", Integer),
    Column("parent_number", Integer),
    Column("defaults_used", Text),  # JSON: of whom, and of which fields of the request
    # shown to its asker alone
    Column("is_private", Boolean, nullable=False, server_default=false()),
)

clip_numbers = Table(
    "clip_numbers",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last number that was given to a job of a server."""

Index("uq_jobs_number_in_server", jobs.c.server, jobs.c.number_in_server, unique=True)

UNFINISHED: Final = jobs.c.status.in_(
    [literal_column(f"'{status}'") for status in JobStatus if status not in FINAL]
)
"""Written with literals, not parameters: SQLite uses a partial index only for a query that contains
the index's own condition."""

Index("ix_jobs_of_user", jobs.c.user, jobs.c.server, jobs.c.created_at)
Index(
    "ix_jobs_unfinished",
    jobs.c.status,
    jobs.c.created_at,
    sqlite_where=UNFINISHED,
    postgresql_where=UNFINISHED,
)
Index(
    "ix_jobs_under_way",
    jobs.c.server,
    jobs.c.user,
    jobs.c.status,
    sqlite_where=UNFINISHED,
    postgresql_where=UNFINISHED,
)
Index("ix_jobs_leased", jobs.c.lease_owner, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)

PENDING: Final = jobs.c.status == literal_column(f"'{JobStatus.PENDING}'")
Index(
    "ix_jobs_in_turn",
    jobs.c.server,
    jobs.c.user,
    jobs.c.number,
    sqlite_where=PENDING,
    postgresql_where=PENDING,
)

ABANDONED: Final = jobs.c.left_request.is_not(None)
Index("ix_jobs_left_behind", jobs.c.number, sqlite_where=ABANDONED, postgresql_where=ABANDONED)

WITH_CLIP: Final = jobs.c.artifact_key.is_not(None)
WITH_PROMPT: Final = and_(jobs.c.prompt_removed_at.is_(None), jobs.c.finished_at.is_not(None))
"""For retention, which goes through a server's ended jobs by age."""

for _name, _where in (("clip", WITH_CLIP), ("prompt", WITH_PROMPT)):
    Index(
        f"ix_jobs_with_{_name}",
        jobs.c.server,
        jobs.c.finished_at,
        sqlite_where=_where,
        postgresql_where=_where,
    )

Index("ix_jobs_made", jobs.c.finished_at, sqlite_where=WITH_CLIP, postgresql_where=WITH_CLIP)

HIDDEN: Final = jobs.c.hidden_at.is_not(None)
Index("ix_jobs_hidden", jobs.c.finished_at, sqlite_where=HIDDEN, postgresql_where=HIDDEN)

WITH_PARENT: Final = jobs.c.parent.is_not(None)
Index("ix_jobs_of_parent", jobs.c.parent, sqlite_where=WITH_PARENT, postgresql_where=WITH_PARENT)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("platform", Text, nullable=False),
    Column("server", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("thread", CleanText),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("message_server", CleanText),
    Column("message_channel", CleanText),
    Column("message_thread", CleanText),
    Column("message_id", CleanText),
    Column("answer_token", Text),  # encrypted, see db.encryption
    Column("answer_expires_at", UtcDateTime),
    Column("answer_private", Boolean),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("rung", CleanText),  # the delivery step
    Column("note", CleanText),
    Column("told", Text, nullable=False),  # a JSON list of texts
    Column("sent_at", UtcDateTime),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
)

OWED: Final = deliveries.c.status == literal_column(f"'{DeliveryStatus.OWED}'")

Index("ix_deliveries_of_message", deliveries.c.message_id, deliveries.c.message_channel)
Index("ix_deliveries_owed", deliveries.c.next_attempt_at, sqlite_where=OWED, postgresql_where=OWED)
Index("ix_deliveries_leased", deliveries.c.lease_owner, sqlite_where=OWED, postgresql_where=OWED)
