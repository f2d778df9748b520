"""Opens forms: with a trigger that Slack gives for three seconds and for one use."""

from typing import Any, Final

from adapters.slack.errors import SlackRefused
from adapters.slack.models import SlackContent
from adapters.slack.text import clips
from adapters.slack.web_api import SlackApi

View = dict[str, Any]
_USED: Final = "exchanged_trigger_id"
_OVER: Final = frozenset({"expired_trigger_id", "invalid_trigger_id", "invalid_trigger"})


class SlackViews:
    """Opens forms. Raises DeliveryError."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def open(self, trigger: str, view: View) -> SlackContent | None:
        """Open the form; returns what the member reads where it was too late for one."""
        try:
            await self._api.show_view("views.open", view, trigger_id=trigger)
        except SlackRefused as error:
            # an act that Slack has delivered twice: the form is open
            if error.code == _USED:
                return None
            if error.code in _OVER:
                return clips.too_late_content()
            raise
        return None
