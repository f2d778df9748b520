"""Prompt styles: a server's own, and the one that a job was made with."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The styles of a server as JSON, and a job's copy of its style."""
    op.add_column("jobs", sa.Column("style", sa.Text()))
    op.create_table(
        "server_styles",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("styles", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_server_styles"),
    )
