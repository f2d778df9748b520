"""History and queue: a member's own clips page by page, and what is under way."""

from typing import Final

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.clips.context import actor_of
from adapters.slack.handlers.payloads import Click
from adapters.slack.ids import NEWER_ACTION, job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import finding as texts
from adapters.slack.web_api import SlackApi
from generation.service import Service

# one more than is listed shows that the list goes on
_MOST_READ: Final = texts.MOST_LISTED + 1


class SlackFinding:
    """Finds what members have asked for; raises FlipbookError when the answer is no."""

    def __init__(self, api: SlackApi, service: Service, access: Access) -> None:
        self._api = api
        self._service = service
        self._access = access

    async def history(self, act: Act, _: str) -> SlackContent:
        """The newest page of a member's own clips."""
        page = await self._service.history(user_ref(act), server_ref(act))
        return texts.history_content(page, await self._api.identity())

    async def turn(self, click: Click) -> SlackContent:
        """Another page in place of the one with the button. It is of the member who clicked,
        whatever the button's value says."""
        act, beside = click.act, job_id_in(click.value)
        await self._access.check_reader(act)
        is_newer = click.action_id == NEWER_ACTION
        page = await self._service.history(
            user_ref(act),
            server_ref(act),
            newer_than=beside if is_newer else None,
            older_than=None if is_newer else beside,
        )
        return texts.history_content(page, await self._api.identity(), turns=True)

    async def queue(self, act: Act, _: str) -> SlackContent:
        """What is under way in the workspace."""
        jobs = await self._service.under_way(actor_of(act), limit=_MOST_READ)
        return texts.queue_content(jobs, user_ref(act), self._service.trouble_lines())
