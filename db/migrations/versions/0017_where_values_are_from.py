"""What a clip was made from by its number, and which defaults it was asked for with."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME_PARENTS = sa.text(
    "UPDATE jobs SET parent_number = (SELECT made_from.number_in_server FROM jobs AS made_from"
    " WHERE made_from.id = jobs.parent) WHERE parent IS NOT NULL"
)


def upgrade() -> None:
    """Which defaults older jobs were asked for with is not known."""
    op.add_column("jobs", sa.Column("parent_number", sa.Integer()))
    op.add_column("jobs", sa.Column("defaults_used", sa.Text()))
    op.execute(NAME_PARENTS)
