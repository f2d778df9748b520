"""Deleted and hidden clips, spoilers, where a re-roll's parent is shown, and reports."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = sa.text("decided_at IS NULL")


def upgrade() -> None:
    """Clips made before are shown, and none is a spoiler."""
    op.add_column("jobs", _moment("deleted_at"))
    op.add_column("jobs", _moment("hidden_at"))
    op.add_column(
        "jobs", sa.Column("is_spoiler", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("jobs", sa.Column("parent_channel", sa.Text()))
    op.add_column("jobs", sa.Column("parent_message", sa.Text()))
    op.create_table(
        "reports",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        _moment("decided_at"),
        sa.PrimaryKeyConstraint("number", name="pk_reports"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_reports_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "uq_reports_open",
        "reports",
        ["job_id", "by"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_reports_open_in", "reports", ["server"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_reports_of_job", "reports", ["job_id"])
    op.create_index("ix_reports_by", "reports", ["by", "at"])


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True))
