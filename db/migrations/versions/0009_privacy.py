"""Who asked to be forgotten or for their data, which servers have removed the bot, and which jobs
have no prompt any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WITH_CLIP = sa.text("artifact_key IS NOT NULL")
WITH_PROMPT = sa.text("prompt_removed_at IS NULL AND finished_at IS NOT NULL")


def upgrade() -> None:
    """Every job has its prompt; the indexes let retention find what is old, server by server."""
    op.add_column("jobs", sa.Column("prompt_removed_at", sa.DateTime(timezone=True)))
    _partial_index("ix_jobs_with_clip", WITH_CLIP)
    _partial_index("ix_jobs_with_prompt", WITH_PROMPT)
    op.create_table(
        "forgettings",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("server", sa.Text()),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_forgettings"),
    )
    op.create_table(
        "exports",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_exports"),
    )
    op.create_table(
        "gone_servers",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("server", name="pk_gone_servers"),
    )


def _partial_index(name: str, where: sa.TextClause) -> None:
    columns = ["server", "finished_at"]
    op.create_index(name, "jobs", columns, sqlite_where=where, postgresql_where=where)
