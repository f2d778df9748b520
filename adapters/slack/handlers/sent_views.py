"""A form that was sent off, as Slack tells of it: one reading for all that carry their fields."""

import json
from hashlib import sha256
from typing import Any

from pydantic import Field

from adapters.slack.handlers.payloads import Identified, Incoming


class _State(Incoming):
    # the largest form has half as many
    values: dict[str, dict[str, dict[str, Any]]] = Field(default={}, max_length=40)


class _View(Incoming):
    id: str
    private_metadata: str = Field(default="", max_length=3000)
    state: _State = _State()


class SentView(Incoming):
    """Who has sent it off, what was filled in by block and action, and what it carried along."""

    user: Identified
    view: _View

    @property
    def key(self) -> str:
        """The key of the act. A form that was corrected is another one, and gets an answer of its
        own."""
        filled = json.dumps(self.view.state.values, sort_keys=True).encode()
        return f"view:{self.view.id}:{sha256(filled).hexdigest()[:16]}"
