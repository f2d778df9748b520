"""Outcomes are claimed: of several processes on one database one delivers each."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWED = sa.text("status = 'owed'")


def upgrade() -> None:
    """Who brings an outcome, and until when nobody else may."""
    op.add_column("deliveries", sa.Column("lease_owner", sa.Text()))
    op.add_column("deliveries", sa.Column("lease_until", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["lease_owner"],
        sqlite_where=OWED,
        postgresql_where=OWED,
    )
