"""How long a backend has measured that a clip rendered, and whose price a job has reserved."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of older jobs neither is known."""
    op.add_column("jobs", sa.Column("reserved_for", sa.Text()))
    op.add_column("jobs", sa.Column("seconds", sa.Float()))
