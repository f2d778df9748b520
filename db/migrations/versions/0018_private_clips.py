"""Clips that their asker alone sees."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Clips that were made before are for everybody."""
    op.add_column(
        "jobs", sa.Column("is_private", sa.Boolean(), nullable=False, server_default=sa.false())
    )
