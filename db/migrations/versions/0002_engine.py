"""What made a clip."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Clips made before have nothing written down."""
    op.add_column("jobs", sa.Column("engine", sa.Text()))
