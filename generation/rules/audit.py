"""The record of what admins change."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.refs import ServerRef, UserRef


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change by an admin: ``what`` of that server, as JSON before and after."""

    server: ServerRef
    by: UserRef
    at: datetime
    what: str
    before: str
    after: str
