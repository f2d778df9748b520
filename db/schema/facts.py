"""What a database knows about itself."""

from sqlalchemy import Column, Table, Text

from db.schema.columns import metadata

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What was done to it once, and with which key."""
