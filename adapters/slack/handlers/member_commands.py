"""``/flipbook …``: what is under way, what a member made, what they may still make."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from adapters.slack.handlers.access import Access
from adapters.slack.handlers.admin.commands import SlackAdminCommands
from adapters.slack.handlers.buttons import SlackButtons
from adapters.slack.handlers.clips.finding import SlackFinding
from adapters.slack.handlers.clips.show import SlackShow
from adapters.slack.handlers.members.choices import SlackChoices
from adapters.slack.handlers.members.privacy import SlackPrivacy
from adapters.slack.handlers.payloads import Command
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import asking, lists
from adapters.slack.text import help as help_text
from generation.service import Service

MemberVerb = Callable[[Act, str], Awaitable[SlackContent]]
"""Handles the words after a known first one, such as ``show``."""


class SlackMemberCommands:
    """Handles the words after ``/flipbook``; raises FlipbookError when the answer is no."""

    def __init__(
        self,
        service: Service,
        access: Access,
        buttons: SlackButtons,
        *,
        shown: SlackShow,
        found: SlackFinding,
        admin: SlackAdminCommands,
        privacy: SlackPrivacy,
    ) -> None:
        self._service = service
        self._access = access
        self._buttons = buttons
        self._shown = shown
        self._admin = admin.handle
        self._privacy = privacy.command
        self._choices = SlackChoices(service)
        self._verbs: Mapping[str, MemberVerb] = {
            "queue": found.queue,
            "history": found.history,
            "show": self._show,
            "cancel": self._cancel,
            "quota": self._quota,
            "notify": self._choices.notify,
            "defaults": self._choices.defaults,
            "privacy": self._privacy,
            "help": self._help,
            "admin": self._admin,
        }

    async def handle(self, command: Command) -> SlackContent:
        """The first word names the verb; no word means ``help``."""
        await self._access.check_workspace(command.act)
        first, _, rest = command.text.strip().partition(" ")
        handle = self._verbs.get(first.lower() or "help")
        if handle is None:
            unknown = help_text.unknown_word_content(first, tuple(self._verbs))
            return asking.with_typed(unknown, command.act.typed)
        # admins are asked for their own rights
        if handle not in (self._help, self._admin):
            await self._access.check_reader(command.act)
        return await handle(command.act, rest.strip())

    async def _cancel(self, act: Act, words: str) -> SlackContent:
        return await self._service.with_named(
            words, server_ref(act), partial(self._buttons.cancel_job, act)
        )

    async def _quota(self, act: Act, _: str) -> SlackContent:
        return lists.quota_content(await self._service.quota(user_ref(act), server_ref(act)))

    async def _help(self, _act: Act, _words: str) -> SlackContent:
        return help_text.flipbook_content()

    async def _show(self, act: Act, words: str) -> SlackContent:
        return await self._service.with_named(
            words, server_ref(act), partial(self._shown.show, act)
        )


async def unknown_command(command: Command) -> SlackContent:
    """For a command that the app's owner added in Slack and the bot does not have."""
    return asking.with_typed(help_text.unknown_command_content(), command.act.typed)
