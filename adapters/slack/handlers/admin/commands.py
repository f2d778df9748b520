"""``/flipbook admin …``: a workspace's admins set its limits, channels and blocks; every change is
audited."""

from typing import Final

from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.admin.allow_lists import SlackAllowedMemberCommands
from adapters.slack.handlers.admin.limits import SlackLimitCommands
from adapters.slack.handlers.admin.moderation import SlackModerationCommands
from adapters.slack.handlers.admin.pause import PAUSE, RESUME, SlackPauseCommands
from adapters.slack.handlers.admin.policy import SlackPolicyCommands
from adapters.slack.handlers.admin.settings import SlackSettingCommands
from adapters.slack.handlers.admin.styles import SlackStyleCommands
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.handlers.payloads import Click
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin, asking, lists
from adapters.slack.text import help as help_text
from generation.protocol.clock import Clock
from generation.service import Service

_OTHER_WORDS: Final = {"all": "everywhere", "user": "member", "word": "term"}
"""Verbs that people may type for those of the other chat and the terminal."""


class SlackAdminCommands:
    """Handles the words after ``/flipbook admin``; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, access: Access, posts: SlackPosts, clock: Clock) -> None:
        self._service = service
        self._access = access
        self._limits = SlackLimitCommands(service)
        self._verbs: AdminVerbs = {
            ("audit", ""): self._audit,
            **self._limits.verbs,
            **SlackPolicyCommands(service).verbs,
            **SlackAllowedMemberCommands(service).verbs,
            **SlackSettingCommands(service, posts).verbs,
            **SlackPauseCommands(service, clock).verbs,
            **SlackStyleCommands(service).verbs,
            **SlackModerationCommands(service).verbs,
        }

    async def handle(self, act: Act, words: str) -> SlackContent:
        """Two words name the verb, the rest is its value; of a pause, everything after the
        first."""
        topic, _, rest = words.partition(" ")
        topic = topic.lower()
        is_pause = topic in {PAUSE, RESUME}
        if not await self._may(act, is_pause=is_pause):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
        verb, _, value = ("", "", rest) if is_pause else rest.strip().partition(" ")
        verb = verb.lower()
        handle = self._verbs.get((topic, _OTHER_WORDS.get(verb, verb)))
        if handle is None:
            return asking.with_typed(help_text.admin_content(), act.typed if topic else "")
        content = await handle(act, value.strip())
        return admin.with_held(content, await self._service.take_held_notices(server_ref(act)))

    async def preset(self, click: Click) -> SlackContent:
        """A button that shows a preset, or applies it. Raises AccessRefused in another workspace,
        and AdminRefused for members."""
        await self._access.check_workspace(click.act)
        if not await self._access.is_admin(click.act.user):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
        return await self._limits.pressed(click)

    async def _may(self, act: Act, *, is_pause: bool) -> bool:
        # the bot's operators may pause any workspace
        if is_pause and self._service.is_operator(user_ref(act)):
            return True
        return await self._access.is_admin(act.user)

    async def _audit(self, act: Act, _: str) -> SlackContent:
        entries = await self._service.audit_of(server_ref(act), limit=lists.MOST_AUDITED)
        return lists.audit_content(entries)
