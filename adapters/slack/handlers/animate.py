"""``/animate``, mentions of the bot and re-rolls: from a member's words to a job and its first
message."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.slack.errors import (
    CHANNEL_CLOSED,
    AccessProblem,
    AccessRefused,
    AppRemoved,
    SlackRefused,
    TokenDead,
)
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.background import BackgroundTasks
from adapters.slack.handlers.ephemeral import EphemeralSender
from adapters.slack.handlers.first_message import FirstMessage
from adapters.slack.handlers.mentions import Intent, wanted
from adapters.slack.handlers.parsing import request_from_words
from adapters.slack.handlers.payloads import Click, Command, Mention, mention_key
from adapters.slack.ids import asked_about
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import channel_ref, server_ref, user_ref
from adapters.slack.text import asking, render
from adapters.slack.text import help as help_text
from generation.domain.job import Job, JobId
from generation.domain.refs import ChannelRef
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock
from generation.service import Service, SubmitContext

REROLL_EVERY: Final = timedelta(seconds=3)
"""A member's second re-roll of the same clip within this time is taken for a double click."""
SOON: Final = 0.8
"""Seconds: a message that takes longer is announced to its member, who would see nothing else."""
MOST_REROLLS: Final = 10_000
"""Re-rolls that are remembered; more than are made in :data:`REROLL_EVERY`."""
_ASKS_FOR_HELP: Final = frozenset({"", "help", "--help", "-h", "?"})


class MakeAgain(Protocol):
    """Makes a clip from an earlier one, as a method of the service."""

    __name__: str

    async def __call__(self, job_id: JobId, context: SubmitContext, /) -> Job: ...


class AnimateHandler:
    """Submits jobs. Every method raises FlipbookError when there will be no job; then nothing is
    spent."""

    def __init__(
        self,
        service: Service,
        access: Access,
        first_message: FirstMessage,
        ephemeral: EphemeralSender,
        *,
        background: BackgroundTasks,
        clock: Clock,
    ) -> None:
        self._service = service
        self._access = access
        self._first_message = first_message
        self._ephemeral = ephemeral
        self._background = background
        self._clock = clock
        self._opening: Counter[str] = Counter()
        self._rerolls: BoundedCache[tuple[JobId, str], datetime] = BoundedCache(MOST_REROLLS)

    async def command(self, command: Command) -> SlackContent | None:
        """A clip from the words after ``/animate``; help when there are none."""
        return await self._animate(command.act, command.text)

    async def mention(self, mention: Mention) -> SlackContent | None:
        """A clip where the mention says so; else help, or the question whether to make one."""
        asked = wanted(mention)
        match asked.intent:
            case Intent.MAKE:
                return await self._animate(mention.act, asked.words)
            case Intent.CHAT:
                return asking.chat_content()
            case Intent.ASK:
                return asking.ask_content(asked.words, mention.ts, mention.act.thread)

    async def direct(self, said: Mention) -> SlackContent | None:
        """The same for what is written to the bot alone."""
        if wanted(said).intent is Intent.CHAT:
            return asking.direct_chat_content()
        return await self.mention(said)

    async def make(self, click: Click) -> SlackContent | None:
        """The clip that a mention was asked about."""
        mentioned = asked_about(click.block_id)
        if mentioned is None:
            return render.stale_button_content()
        ts, thread = mentioned
        # a second click, or the same mention told again, finds the first one's job
        key = mention_key(click.act.channel, ts)
        content = await self._animate(replace(click.act, key=key, thread=thread), click.value)
        self._background.start(self._ephemeral.remove(click.act), "removing a question")
        return content

    async def reroll(self, act: Act, job_id: JobId) -> SlackContent | None:
        """The same request with a new seed, charged to the member who acted."""
        return await self.make_again(act, job_id, self._service.reroll)

    async def make_again(self, act: Act, job_id: JobId, make: MakeAgain) -> SlackContent | None:
        """A clip from an earlier one, charged to the member who acted."""
        # first: of another workspace's acts no job is looked for
        await self._access.check_workspace(act)
        job = await self._service.job(job_id, server_ref(act))
        channel = await self._place_beside(act, job)
        if self._is_double_click(job.id, f"{act.user} {make.__name__}"):
            return None
        return await self.submit(
            act, lambda context: make(job.id, context), channel, is_private=job.is_private
        )

    async def _place_beside(self, act: Act, job: Job) -> ChannelRef:
        """Where a clip goes that is made from this one."""
        if job.is_private:
            return await self._access.private_channel_for(act)
        await self._access.check(act)
        # the clip may have been delivered elsewhere, as in a direct message
        return (
            job.channel
            if job.channel.id == act.channel
            else replace(job.channel, id=act.channel, thread=None)
        )

    async def _animate(self, act: Act, text: str) -> SlackContent | None:
        if text.strip().lower() in _ASKS_FOR_HELP:
            return help_text.animate_content()
        # first, because a typing error needs no call to Slack
        request, style, is_private = request_from_words(text, self._service.draw_seed())
        channel = await self.place_for(act, is_private=is_private)
        return await self.submit(
            act,
            lambda context: self._service.make(request, context, style=style),
            channel,
            is_private=is_private,
        )

    async def place_for(self, act: Act, *, is_private: bool) -> ChannelRef:
        """Where a clip goes that is asked for there. Raises AccessRefused."""
        if is_private:
            return await self._access.private_channel_for(act)
        return await self._access.channel_for(act)

    async def submit(
        self,
        act: Act,
        submit: Callable[[SubmitContext], Awaitable[Job]],
        channel: ChannelRef,
        *,
        origin: str | None = None,
        is_private: bool = False,
    ) -> SlackContent | None:
        """Submit a job and open its message. Returns what the member reads while the message is not
        there, or not here."""
        context = SubmitContext(
            # a second submission of the same origin gives the first one's job
            origin=origin or f"{server_ref(act)}:{act.key}",
            requested_by=user_ref(act),
            channel=channel,
            is_private=is_private,
            # the rules of a channel hold for what is asked there
            asked_in=channel_ref(act) if is_private else None,
        )
        submitted_at = self._clock.now()
        job = await submit(context)
        # an act that an earlier process has handled gives the job of then
        is_new = job.created_at >= submitted_at
        open_message = self._first_message.open if is_new else self._first_message.reopen
        wait = self._first_message.seconds_until_open(job, ahead=self._opening[job.channel.id])
        self._opening[job.channel.id] += 1
        self._background.start(self._open(open_message, job, act), f"opening {job.id}")
        if job.channel.id != act.channel:
            return (
                asking.comes_privately_content()
                if job.is_private
                else asking.comes_elsewhere_content()
            )
        return asking.comes_later_content(wait) if wait > SOON else None

    async def _open(
        self, open_message: Callable[[Job], Awaitable[None]], job: Job, act: Act
    ) -> None:
        try:
            await self._counted(open_message, job)
        except (TokenDead, AppRemoved):
            # found out a moment too late: nobody would see the clip, so it is not made
            await self._service.cancel(job.id, by=user_ref(act), server=job.channel.server)
            refused = AccessRefused(AccessProblem.REVOKED)
            await self._ephemeral.send(act, asking.refused_content(refused, act.typed))
        except SlackRefused as error:
            if error.code not in CHANNEL_CLOSED:
                raise
            # the job is paid for, so it goes on, and its clip comes in a direct message
            self._access.forget_channel(job.channel.id)
            await self._ephemeral.send(act, render.comes_directly_content(error))

    async def _counted(self, open_message: Callable[[Job], Awaitable[None]], job: Job) -> None:
        try:
            await open_message(job)
        finally:
            self._opening[job.channel.id] -= 1
            if not self._opening[job.channel.id]:
                del self._opening[job.channel.id]

    def _is_double_click(self, job_id: JobId, user: str) -> bool:
        now = self._clock.now()
        last = self._rerolls.get((job_id, user))
        if last is not None and now - last < REROLL_EVERY:
            return True
        self._rerolls.put((job_id, user), now)
        return False
