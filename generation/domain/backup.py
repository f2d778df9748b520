"""What is known of the last backup, for the people who look after the bot."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastBackup:
    """``file`` is where it was written. ``bytes`` is unknown of one that an older version made;
    ``verified_at`` is None until it was read from end to end and found sound."""

    made_at: datetime
    file: str
    bytes: int | None = None
    verified_at: datetime | None = None
