"""The trail of what admins change."""

from dataclasses import dataclass
from datetime import datetime

from generation.places import ServerRef, UserRef


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that an admin made: who, where, what, from what to what."""

    server: ServerRef
    by: UserRef
    at: datetime
    what: str
    before: str
    after: str
