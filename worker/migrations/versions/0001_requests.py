"""The worker's first table: its requests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the table and its indexes."""
    op.create_table(
        "requests",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text(), nullable=False, unique=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("input", sa.Text()),
        sa.Column("low_priority", sa.Boolean(), nullable=False),
        sa.Column("start_by", sa.DateTime(timezone=True)),
        sa.Column("may_run_again", sa.Boolean(), nullable=False),
        sa.Column("webhook", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("file_name", sa.Text()),
        sa.Column("file_size", sa.Integer()),
        sa.Column("seed", sa.Integer()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error_body", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("error_type", sa.Text()),
        sa.Column("logs", sa.Text(), nullable=False),
    )
    op.create_index(
        "ix_requests_idempotency", "requests", ["owner", "idempotency_key"], unique=True
    )
    op.create_index(
        "ix_requests_open", "requests", ["number"], sqlite_where=sa.text("state != 'COMPLETED'")
    )
    op.create_index("ix_requests_finished_at", "requests", ["finished_at"])
