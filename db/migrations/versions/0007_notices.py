"""What is told once, outside of any job's message."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OWED = sa.text("status = 'owed'")
HELD = sa.text("status = 'held'")


def upgrade() -> None:
    """Notices, and who posts each of them."""
    op.create_table(
        "notices",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("member", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key", name="pk_notices"),
    )
    op.create_index(
        "ix_notices_owed",
        "notices",
        ["next_attempt_at"],
        sqlite_where=OWED,
        postgresql_where=OWED,
    )
    op.create_index(
        "ix_notices_held", "notices", ["server"], sqlite_where=HELD, postgresql_where=HELD
    )
