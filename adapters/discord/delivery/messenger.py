"""Discord as the core's messenger: delivers outcomes step by step, and shows progress before."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import discord
import structlog

from adapters.discord.delivery.interaction_token import DEFAULT_UPLOAD_LIMIT, InteractionToken
from adapters.discord.delivery.notices import DiscordNotices
from adapters.discord.delivery.outcome import OutcomeTarget, Send, send_outcome
from adapters.discord.delivery.posts import DiscordContent, DiscordPosts
from adapters.discord.delivery.rate_limits import CloudflareBan
from adapters.discord.delivery.retraction import OwnMessage
from adapters.discord.delivery.steps import DeliveryStep, is_valid, steps_of
from adapters.discord.delivery.upload import PreviewAttachment
from adapters.discord.errors import NETWORK, UNKNOWN_MESSAGE
from adapters.discord.refs import message_ref, posting_id
from adapters.discord.session import Session
from adapters.discord.text import render
from adapters.discord.text.layout import REROLL_EMOJI, buttons
from generation.domain.delivery import Answer, Delivery
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.refs import MessageRef, Platform, ServerRef
from generation.ports import DeliveryPayload, NoticePayload, SaveNote
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    DeliveryDelayed,
    DeliveryStepFailed,
    FlipbookError,
)
from generation.protocol.progress import PreviewFrame, Progress
from generation.rules.policy import Policy

SECONDS_BETWEEN_EDITS: Final = 3.0
_DELIVERY_SECONDS: Final = 300.0
_OPENING_SECONDS: Final = 0.25
_REACTION_SECONDS: Final = 5.0
_MOST_JOBS: Final = 4096
_OLD_MESSAGE: Final = timedelta(hours=1)
"""Discord limits the edits of messages older than this; they are kept for the outcome."""


_NEW_MESSAGES: Final = frozenset({DeliveryStep.POST, DeliveryStep.PARENT, DeliveryStep.DIRECT})


class DiscordMessenger:
    """A :class:`generation.ports.Messenger`, usable before the gateway is connected."""

    platform = Platform.DISCORD
    seconds_between_edits = SECONDS_BETWEEN_EDITS

    def __init__(self, session: Session[discord.Client], *, clock: Clock) -> None:
        self.posts = DiscordPosts(session, clock)
        """The handlers send by it too, so that all share the same rate limits."""
        self._notices = DiscordNotices(session, self.posts, clock)
        self._clock = clock
        self._own = OwnMessage(self.posts, clock)
        self.policy_of: Callable[[ServerRef], Awaitable[Policy]] | None = None
        """Reads a server's rules, once there is a service that can."""
        self._ban = CloudflareBan(clock)
        self._started_at = clock.now()
        self._shown_previews: BoundedCache[JobId, str] = BoundedCache(_MOST_JOBS)
        self._refused_steps: BoundedCache[tuple[JobId, DeliveryStep], None] = BoundedCache(
            _MOST_JOBS
        )
        self._log = structlog.get_logger("flipbook.discord")

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[DeliveryStep]:
        """The steps that are possible now, best first."""
        return steps_of(delivery, now)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Edit the message. Raises DeliveryDelayed where it would have to wait: progress is never
        queued."""
        now = self._clock.now()
        if now - delivery.opened_at >= _OLD_MESSAGE:
            return
        # this takes a slot of the rate limit: the edit has to follow
        step, send = self._progress_step(delivery, now)
        until = delivery.answer.expires_at if job.is_private and delivery.answer else None
        content = DiscordContent(
            render.under_way(job, progress, now, until),
            self._new_preview(job, progress.preview),
            buttons(job),
        )
        try:
            with self._ban.sending():
                await send(content)
        except DeliveryStepFailed:
            # asking again every three seconds for what Discord refuses gets a bot banned
            self._refused_steps.put((job.id, step), None)
            raise
        # noted after the edit: a preview that was not sent has to be sent with the next one
        if progress.preview is not None:
            self._shown_previews.put(job.id, progress.preview.url)

    async def deliver(
        self,
        payload: DeliveryPayload,
        step: str,
        note: SaveNote,
    ) -> MessageRef | None:
        """Deliver the outcome by one step."""
        if step in _NEW_MESSAGES:
            await self._own.keep(payload.delivery, note)
        with self._ban.sending():
            # sending() turns the TimeoutError into DeliveryDelayed: a hanging upload is tried again
            async with asyncio.timeout(_DELIVERY_SECONDS):
                return await self._deliver_by(DeliveryStep(step), payload)

    async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
        """Post a notice once."""
        with self._ban.sending():
            await self._notices.post(payload, note)

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """Delete the job's messages; a bot may always delete its own."""
        with self._ban.sending():
            await self._own.retract(job, delivery)

    async def open(
        self, job: Job, progress: Progress, *, reply_to: MessageRef | None = None
    ) -> MessageRef:
        """Post a job's first message by the bot's own token, where no interaction can be responded
        to.

        Raises DeliveryError.
        """
        channel_id = int(reply_to.channel.id) if reply_to is not None else posting_id(job.channel)
        text = render.under_way(job, progress, self._clock.now())
        with self._ban.sending():
            message = await self.posts.post_first(
                channel_id,
                job,
                DiscordContent(text, view=buttons(job)),
                reply_to=int(reply_to.id) if reply_to else None,
            )
        return message_ref(_guild_id(job), channel_id, message.id)

    def _new_preview(self, job: Job, preview: PreviewFrame | None) -> PreviewAttachment | None:
        """The preview to upload; None where the message shows it already: attachments stay without
        being sent again."""
        return (
            None
            if preview is None or self._shown_previews.get(job.id) == preview.url
            else PreviewAttachment(job, preview)
        )

    def _progress_step(self, delivery: Delivery, now: datetime) -> tuple[DeliveryStep, Send]:
        """By the interaction's token, else by the bot's token within the channel's rate limit."""
        message, answer = delivery.message, delivery.answer
        if message is None:
            raise DeliveryDelayed("the first answer is not out yet", retry_after=_OPENING_SECONDS)
        self._check_restart(delivery, now)
        # each token has a rate limit of its own: no slot of the channel's is needed
        if (
            answer is not None
            and is_valid(answer, now)
            and (delivery.job_id, DeliveryStep.ANSWER) not in self._refused_steps
        ):
            token = InteractionToken.of(answer)
            return DeliveryStep.ANSWER, partial(self.posts.edit_response, token)
        # the bot's own token does not reach an answer that one member sees
        if answer is not None and answer.private:
            raise DeliveryStepFailed("the private answer can be changed no more")
        if (delivery.job_id, DeliveryStep.EDIT) in self._refused_steps:
            raise DeliveryStepFailed("the message cannot be changed")
        channel_id = int(message.channel.id)
        wait = self.posts.try_acquire_for_progress(channel_id)
        if wait is not None:
            raise DeliveryDelayed(
                "this channel's share of progress edits is used up", retry_after=wait
            )
        return DeliveryStep.EDIT, partial(self.posts.edit, channel_id, int(message.id))

    def _check_restart(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryDelayed while the process before this one may just have edited the
        message."""
        # in Discord's rate limit the edits of both processes count together
        since_start = (now - self._started_at).total_seconds()
        if delivery.opened_at < self._started_at and since_start < SECONDS_BETWEEN_EDITS:
            raise DeliveryDelayed(
                "an earlier process may just have edited the message",
                retry_after=SECONDS_BETWEEN_EDITS - since_start,
            )

    async def _deliver_by(self, step: DeliveryStep, payload: DeliveryPayload) -> MessageRef | None:
        delivery = payload.delivery
        match step:
            case DeliveryStep.ANSWER if delivery.answer is not None:
                return await self._by_response(payload, delivery.answer)
            case DeliveryStep.EDIT if delivery.message is not None:
                return await self._by_edit(payload, delivery.message)
            case DeliveryStep.POST:
                return await self._by_post(payload, posting_id(delivery.channel))
            case DeliveryStep.PARENT:
                posted = await self._by_post(payload, int(delivery.channel.id))
                await self._own.note_destination(payload, f"<#{delivery.channel.id}>")
                return posted
            case DeliveryStep.DIRECT:
                return await self._by_direct_message(payload)
            case DeliveryStep.WORDS:
                return await self._in_words(payload)
            case _:
                raise DeliveryStepFailed("there is no message to change")

    async def _by_response(self, payload: DeliveryPayload, answer: Answer) -> MessageRef | None:
        token = InteractionToken.of(answer)
        send = partial(self.posts.edit_response, token)
        target = OutcomeTarget(send, token.upload_limit, buttons(payload.job))
        try:
            message = await send_outcome(payload, target)
        except discord.NotFound as error:
            # Discord says the same of a deleted message, thread or channel: by the bot's own token
            # it tells them apart
            if error.code == UNKNOWN_MESSAGE:
                raise DeliveryStepFailed("the first answer is gone") from error
            raise
        # a private response is no message that a reaction or a restart could find
        return None if answer.private else await self._finish(payload.job, message)

    async def _by_edit(self, payload: DeliveryPayload, shown: MessageRef) -> MessageRef:
        send = partial(self.posts.edit_result, int(shown.channel.id), int(shown.id))
        limit = await self.posts.upload_limit(_guild_id(payload.job))
        target = OutcomeTarget(send, limit, buttons(payload.job))
        return await self._finish(payload.job, await send_outcome(payload, target))

    async def _by_post(self, payload: DeliveryPayload, channel_id: int) -> MessageRef:
        """As a new message, or into one that was posted before a crash and not recorded."""
        job, shown = payload.job, payload.delivery.message
        # the message that showed the progress: its edit has failed, so it is not the one to find
        old = int(shown.id) if shown is not None and int(shown.channel.id) == channel_id else None
        found = await self._find(channel_id, job, exclude=old)
        # the nonce prevents a second post only for some minutes; after that, finding does
        if found is not None:
            return await self._by_edit(payload, message_ref(_guild_id(job), channel_id, found))
        send = partial(self.posts.post, channel_id, job, reply_to=old)
        limit = await self.posts.upload_limit(_guild_id(job))
        note = render.moved_note(payload.delivery.told)
        target = OutcomeTarget(send, limit, buttons(job), note)
        return await self._finish(job, await send_outcome(payload, target))

    async def _by_direct_message(self, payload: DeliveryPayload) -> MessageRef | None:
        """Without buttons: they work in servers only."""
        job, delivery, answer = payload.job, payload.delivery, payload.delivery.answer
        again = InteractionToken.of(answer).member if answer is not None else None
        member = again or int(job.requested_by.id)
        channel_id = await self.posts.direct_channel(member)
        asked_in = posting_id(delivery.channel) if again is None else None
        note = render.moved_note(delivery.told, from_channel=asked_in)
        found = await self._find(channel_id, job)
        if found is not None:
            send: Send = partial(self.posts.edit_result, channel_id, found)
        else:
            send = partial(self.posts.post, channel_id, job)
        # a direct message has no guild with boosts, so Discord's default limit holds
        target = OutcomeTarget(send, DEFAULT_UPLOAD_LIMIT, None, note)
        message = await send_outcome(payload, target)
        await self._own.note_destination(payload, render.directly_to(member))
        # a direct message has no guild, so the job's is used; a copy is not the job's message
        return message_ref(_guild_id(job), channel_id, message.id) if again is None else None

    async def _in_words(self, payload: DeliveryPayload) -> MessageRef:
        """Say in the job's message, or in a new one, why the clip cannot be posted and how to get
        it."""
        job, delivery = payload.job, payload.delivery
        # a job without a clip had nothing but words in the steps before this one
        if payload.video is None:
            raise DeliveryStepFailed(
                delivery.told[-1] if delivery.told else "there is no other way to deliver it"
            )
        text = render.undelivered(job, delivery.told, payload.link)
        content = DiscordContent(text, view=buttons(job))
        if delivery.message is not None:
            # the message may refuse words as well: then a new one is the last attempt
            with suppress(discord.HTTPException):
                await self._own.edit(delivery, delivery.message, content)
                return delivery.message
        channel_id = posting_id(delivery.channel)
        posted = await self.posts.post(channel_id, job, content)
        return message_ref(_guild_id(job), channel_id, posted.id)

    async def _find(self, channel_id: int, job: Job, *, exclude: int | None = None) -> int | None:
        try:
            return await self.posts.find(channel_id, job, exclude=exclude)
        except discord.Forbidden:
            return None  # without Read Message History only the nonce can prevent a second post

    async def _finish(self, job: Job, message: discord.Message) -> MessageRef:
        """Put 🔁 under a finished clip, if that works at once: the button does the same."""
        if job.status is JobStatus.SUCCEEDED:
            try:
                async with asyncio.timeout(_REACTION_SECONDS):
                    if emoji := await self._reroll_emoji(job.channel.server):
                        await self.posts.add_reroll_reaction(message.channel.id, message.id, emoji)
            except (discord.DiscordException, FlipbookError, *NETWORK) as error:
                self._log.debug("no reaction under a clip", job=job.id, error=str(error))
        return message_ref(_guild_id(job), message.channel.id, message.id)

    async def _reroll_emoji(self, server: ServerRef) -> str | None:
        """What members react with, 🔁 where the server takes it; None where it takes only custom
        ones, whose names the bot does not know."""
        if self.policy_of is None:
            return REROLL_EMOJI
        taken = (await self.policy_of(server)).reroll_emoji
        signs = sorted(emoji for emoji in taken if not emoji.isdecimal())
        return REROLL_EMOJI if REROLL_EMOJI in taken else next(iter(signs), None)


def _guild_id(job: Job) -> int:
    return int(job.channel.server.id)
