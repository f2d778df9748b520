"""``/flipbook admin limits …``."""

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import lists
from adapters.slack.text.markup import SLACK, plain
from generation.service import Service
from generation.text.limits import limit_named, limit_value


class SlackLimitCommands:
    """Shows and changes a workspace's limits."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("limits", ""): self._show_limits,
            ("limits", "show"): self._show_limits,
            ("limits", "set"): self._set_limit,
            ("limits", "reset"): self._reset_limits,
        }

    async def _show_limits(self, act: Act, _: str) -> SlackContent:
        return lists.limits_content(await self._service.limits_of(server_ref(act)))

    async def _set_limit(self, act: Act, words: str) -> SlackContent:
        # max_frames=8 is as good as max_frames 8
        given, _, value = plain(words).replace("=", " ", 1).partition(" ")
        try:
            name = limit_named(given)
        except ValueError:
            raise AdminRefused(AdminProblem.UNKNOWN_LIMIT, given) from None
        changes = {name.value: limit_value(name, value, SLACK)}
        before = await self._service.limits_of(server_ref(act))
        limits = await self._service.set_limits(server_ref(act), changes, by=user_ref(act))
        return lists.limits_content(limits, changed=name, before=before)

    async def _reset_limits(self, act: Act, _: str) -> SlackContent:
        return lists.limits_content(
            await self._service.reset_limits(server_ref(act), by=user_ref(act))
        )
