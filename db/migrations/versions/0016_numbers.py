"""Short numbers for clips, counted in each server."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NUMBER_JOBS = sa.text(
    "UPDATE jobs SET number_in_server = counted.place FROM ("
    "SELECT number AS job, row_number() OVER (PARTITION BY server ORDER BY number) AS place"
    " FROM jobs) AS counted WHERE counted.job = jobs.number"
)
LAST_NUMBERS = sa.text(
    "INSERT INTO clip_numbers (server, last) SELECT server, count(*) FROM jobs GROUP BY server"
)


def upgrade() -> None:
    """Jobs that are stored already get theirs in the order in which they were asked for."""
    op.add_column("jobs", sa.Column("number_in_server", sa.Integer()))
    op.create_table(
        "clip_numbers",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_clip_numbers"),
    )
    op.execute(NUMBER_JOBS)
    op.execute(LAST_NUMBERS)
    # after the numbers: built once, not kept up for each of them
    op.create_index("uq_jobs_number_in_server", "jobs", ["server", "number_in_server"], unique=True)
