"""What members have filled into forms that were not taken: nothing typed is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from generation.domain.job import JobId
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.cache import BoundedCache
from generation.protocol.errors import DraftGone
from generation.rules.forms.form import FormValues

DRAFT_LIFETIME: Final = timedelta(minutes=15)
_MOST_DRAFTS: Final = 1000
"""Of at most some ten thousand characters each."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One form, as it was sent off; ``parent`` is the clip that it edits."""

    by: UserRef
    server: ServerRef
    values: FormValues
    parent: JobId | None
    until: datetime


class Drafts:
    """Refused forms of all members, the newest :data:`_MOST_DRAFTS`; a restart forgets them."""

    def __init__(self) -> None:
        self._kept: BoundedCache[str, Draft] = BoundedCache(_MOST_DRAFTS)

    def keep(self, draft: Draft) -> str:
        """Keep a draft; returns its id, which nobody can guess."""
        draft_id = token_hex(12)
        self._kept.put(draft_id, draft)
        return draft_id

    def get(self, draft_id: str, by: UserRef, server: ServerRef, now: datetime) -> Draft:
        """A member's own draft. Raises DraftGone: too old, forgotten, or somebody else's."""
        draft = self._kept.get(draft_id)
        if draft is None or draft.until <= now or (draft.by, draft.server) != (by, server):
            raise DraftGone
        return draft
