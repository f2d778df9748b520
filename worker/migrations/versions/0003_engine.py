"""Which engine made a clip."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Clips made before have none written down."""
    op.add_column("requests", sa.Column("engine", sa.Text()))
