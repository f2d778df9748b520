"""Clips by when they were made, hidden ones, and what was made from a clip."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the indexes."""
    for name, column, where in (
        ("ix_jobs_made", "finished_at", "artifact_key IS NOT NULL"),
        ("ix_jobs_hidden", "finished_at", "hidden_at IS NOT NULL"),
        ("ix_jobs_of_parent", "parent", "parent IS NOT NULL"),
    ):
        op.create_index(
            name, "jobs", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
