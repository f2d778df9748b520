"""The record of what admins change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from pydantic import BaseModel, TypeAdapter

from generation.domain.refs import ServerRef, UserRef

_VALUES: Final = TypeAdapter[dict[str, Any]](dict[str, Any])


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
    return Difference.of(before, after).as_json()


@dataclass(frozen=True, slots=True)
class Difference:
    """The fields that a change has changed, by name; false when there are none."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @classmethod
    def of(cls, before: BaseModel, after: BaseModel) -> Self:
        """Between two objects of one model."""
        fields = type(before).model_fields
        return cls.of_values(
            {name: getattr(before, name) for name in fields},
            {name: getattr(after, name) for name in fields},
        )

    @classmethod
    def of_values(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> Self:
        """Between two sets of values; either may lack a name."""
        both = {**before, **after}
        names = [name for name in both if before.get(name, ...) != after.get(name, ...)]
        return cls(
            {name: before[name] for name in names if name in before},
            {name: after[name] for name in names if name in after},
        )

    def joined(self, other: Self) -> Self:
        """Both together; their names are not the same."""
        return type(self)({**self.before, **other.before}, {**self.after, **other.after})

    def as_json(self) -> tuple[str, str]:
        """As an :class:`AuditEntry` has it."""
        return _json(self.before), _json(self.after)

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


def _json(values: Mapping[str, Any]) -> str:
    return _VALUES.dump_json(dict(values)).decode()
