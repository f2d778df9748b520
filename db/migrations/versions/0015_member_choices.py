"""What members have chosen for themselves: their defaults, and when they are told."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each member of each server."""
    op.create_table(
        "member_choices",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", "user", name="pk_member_choices"),
    )
