"""The worker's tables in SQLAlchemy Core. ``worker/migrations`` builds the same ones; a test
compares the two."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from db.engine import UtcDateTime

VERSION_TABLE: Final = "worker_version"

metadata = MetaData()

requests = Table(
    "requests",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("digest", Text),  # of the submission under the idempotency key
    Column("endpoint", Text, nullable=False),
    Column("input", Text),  # JSON; NULL for an input that was not valid
    Column("low_priority", Boolean, nullable=False),
    Column("start_by", UtcDateTime),
    Column("may_run_again", Boolean, nullable=False),
    Column("webhook", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("file_name", Text),
    Column("file_size", Integer),
    Column("seed", Integer),
    Column("http_status", Integer),
    Column("error_body", Text),
    Column("error", Text),
    Column("error_type", Text),
    Column("logs", Text, nullable=False),  # a JSON list
    Column("engine", Text),
    Column("share", Text),  # server and member in the caller's key, with a slash between
    Index("ix_requests_idempotency", "owner", "idempotency_key", unique=True),
    Index("ix_requests_open", "number", sqlite_where=text("state != 'COMPLETED'")),
    Index("ix_requests_finished_at", "finished_at"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("low_priority", Boolean, nullable=False),
    Column("max_open", Integer),
    Column("revoked_at", UtcDateTime),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("request_id", Text, ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Index("ix_webhooks_next_attempt_at", "next_attempt_at"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_uploads_owner", "owner"),
    Index("ix_uploads_expires_at", "expires_at"),
)
