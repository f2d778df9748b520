"""Between whom a key's requests are shared out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Requests that were made before name nobody."""
    op.add_column("requests", sa.Column("share", sa.Text()))
