"""The record of what admins change."""

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

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


def clip_entry(server: ServerRef, by: UserRef, at: datetime, *, clip: str, did: str) -> AuditEntry:
    """What an admin did with a member's clip; the member is not named, because clips are
    forgotten."""
    return AuditEntry(server, by, at, "clip", "{}", json.dumps({did: clip}))


def difference(before: BaseModel, after: BaseModel) -> tuple[str, str]:
    """The fields that differ, as JSON before and after."""
    names = {
        name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)
    }
    return before.model_dump_json(include=names), after.model_dump_json(include=names)
