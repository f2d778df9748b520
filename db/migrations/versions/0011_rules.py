"""Ceilings and pauses of the operator's; days in a server's time zone; what a member asked for in
the last hour."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lines of the ledger are never changed: those there are stay without the new columns."""
    op.create_table(
        "ceilings",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("ceilings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_ceilings"),
    )
    op.create_table(
        "pauses",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("holds_waiting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_pauses"),
    )
    op.add_column("jobs", sa.Column("day", sa.Date()))
    op.add_column("ledger", sa.Column("utc_day", sa.Date()))
    op.add_column("ledger", sa.Column("asked_at", sa.DateTime(timezone=True)))
    op.create_index("ix_ledger_recent", "ledger", ["server", "user", "asked_at", "clips"])
