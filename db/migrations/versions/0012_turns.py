"""Which pending jobs are the first of their members."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index."""
    pending = sa.text("status = 'pending'")
    op.create_index(
        "ix_jobs_in_turn",
        "jobs",
        ["server", "user", "number"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
