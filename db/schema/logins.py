"""Who may see the dashboard."""

from sqlalchemy import Column, Table, Text

from db.engine import UtcDateTime
from db.schema.columns import CleanText, metadata

logins = Table(
    "logins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("form_token", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""Codes that open the dashboard once, and sessions; by digest, never the secret itself."""
