"""What a job that changes its backend leaves behind, and which backend has no room for it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LEFT_BEHIND = sa.text("left_request IS NOT NULL")


def upgrade() -> None:
    """No job has changed its backend yet."""
    op.add_column("jobs", sa.Column("avoided", sa.Text()))
    op.add_column("jobs", sa.Column("left_backend", sa.Text()))
    op.add_column("jobs", sa.Column("left_request", sa.Text()))
    op.add_column("jobs", sa.Column("left_attempt", sa.Integer()))
    op.create_index(
        "ix_jobs_left_behind",
        "jobs",
        ["number"],
        sqlite_where=LEFT_BEHIND,
        postgresql_where=LEFT_BEHIND,
    )
