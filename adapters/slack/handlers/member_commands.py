"""``/flipbook …``: what is under way, what a member made, what they may still make."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from adapters.slack.delivery.fallbacks import KEPT
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.admin.commands import SlackAdminCommands
from adapters.slack.handlers.buttons import SlackButtons
from adapters.slack.handlers.parsing import command_line
from adapters.slack.handlers.payloads import Command
from adapters.slack.handlers.privacy import SlackPrivacy
from adapters.slack.ids import job_id_in
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import asking, lists
from adapters.slack.text import help as help_text
from adapters.slack.web_api import SlackApi
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, JobNotFound
from generation.service import Service

MemberVerb = Callable[[Act, str], Awaitable[SlackContent]]
"""Handles the words after a known first one, such as ``show``."""
REDELIVERY_LIFETIME: Final = timedelta(hours=1)
"""How long a clip that is delivered again may be sent to the member who asked."""


class SlackMemberCommands:
    """Handles the words after ``/flipbook``; raises FlipbookError when the answer is no."""

    def __init__(
        self,
        api: SlackApi,
        service: Service,
        access: Access,
        buttons: SlackButtons,
        *,
        admin: SlackAdminCommands,
        privacy: SlackPrivacy,
        clock: Clock,
    ) -> None:
        self._api = api
        self._service = service
        self._access = access
        self._buttons = buttons
        self._clock = clock
        self._admin = admin.handle
        self._privacy = privacy.command
        self._verbs: Mapping[str, MemberVerb] = {
            "queue": self._queue,
            "history": self._history,
            "show": self._show,
            "cancel": self._cancel,
            "quota": self._quota,
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

    async def _queue(self, act: Act, _: str) -> SlackContent:
        # one more than is listed shows that the list goes on
        jobs = await self._service.queue_of(server_ref(act), limit=lists.MOST_LISTED + 1)
        return lists.queue_content(jobs, user_ref(act), self._service.trouble_lines())

    async def _history(self, act: Act, _: str) -> SlackContent:
        jobs = await self._service.jobs_of(user_ref(act), server_ref(act), limit=lists.MOST_LISTED)
        return lists.history_content(jobs)

    async def _cancel(self, act: Act, words: str) -> SlackContent:
        return await self._buttons.cancel_job(act, job_id_in(words))

    async def _quota(self, act: Act, _: str) -> SlackContent:
        return lists.quota_content(await self._service.quota(user_ref(act), server_ref(act)))

    async def _help(self, _act: Act, _words: str) -> SlackContent:
        return help_text.flipbook_content()

    async def _show(self, act: Act, words: str) -> SlackContent:
        job = await self._service.job(job_id_in(words), server_ref(act))
        if not await self._may_see(act, job):
            raise JobNotFound(job.id)
        delivery = await self._service.delivery_of(job.id)
        link = await self._link(delivery)
        # an unfinished delivery will post the clip without this
        comes_again = link is None and job.status is JobStatus.SUCCEEDED and _is_over(delivery)
        if comes_again:
            answer = Answer(act.user, self._clock.now() + REDELIVERY_LIFETIME, private=True)
            await self._service.deliver_again(job.id, answer, by=user_ref(act), channel=job.channel)
        again = command_line(job)
        return lists.job_content(job, link=link, comes_again=comes_again, again=again)

    async def _may_see(self, act: Act, job: Job) -> bool:
        """A prompt is shown to its author, in its channel, and to admins."""
        return (
            job.requested_by == user_ref(act)
            or job.channel.id == act.channel
            or await self._access.is_admin(act.user)
        )

    async def _link(self, delivery: Delivery | None) -> str | None:
        """The address of the message that shows the outcome; None when there is none."""
        # the last delivery step posts words without the clip
        if delivery is None or delivery.message is None or delivery.step == KEPT:
            return None
        if delivery.status is DeliveryStatus.ABANDONED:
            return None
        # a deleted message has no permalink
        with contextlib.suppress(DeliveryError):
            return await self._api.permalink(delivery.message.channel.id, delivery.message.id)
        return None


def _is_over(delivery: Delivery | None) -> bool:
    """Whether the delivery has ended, with or without success."""
    return delivery is not None and delivery.status in {
        DeliveryStatus.SENT,
        DeliveryStatus.ABANDONED,
    }


async def unknown_command(command: Command) -> SlackContent:
    """For a command that the app's owner added in Slack and the bot does not have."""
    return asking.with_typed(help_text.unknown_command_content(), command.act.typed)
