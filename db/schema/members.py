"""What members have chosen for themselves."""

from sqlalchemy import Column, Table

from db.schema.columns import CleanText, metadata

member_choices = Table(
    "member_choices",
    metadata,
    Column("server", CleanText, primary_key=True),
    Column("user", CleanText, primary_key=True),
    Column("choices", CleanText, nullable=False),  # JSON
)
