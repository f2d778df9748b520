"""Discord as the core's messenger: the ladder of ways by which an outcome reaches its channel; progress before it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

import discord

from adapters.discord import render
from adapters.discord.account import Account
from adapters.discord.answer_token import DEFAULT_UPLOAD_LIMIT, AnswerToken
from adapters.discord.errors import LACKS_PERMISSION, NETWORK
from adapters.discord.layout import buttons
from adapters.discord.mail import Mail, Sheet
from adapters.discord.outcome import Put, Slot, put_outcome
from adapters.discord.refs import message_ref, place_of
from adapters.discord.turned_away import Pause
from adapters.discord.upload import Glimpse
from generation.delivery import Answer, Delivery
from generation.errors import DeliveryDelayed, DeliveryError, RungFailed
from generation.job import Job, JobId, JobStatus
from generation.places import MessageRef, Platform
from generation.ports import Clock, Noter, Parcel
from generation.progress import Look, Progress

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_EDITS: Final = 3.0
_DELIVERY_SECONDS: Final = 300.0
_OPENING_SECONDS: Final = 0.25
_INVITATION_SECONDS: Final = 5.0
_REMEMBERED: Final = 4096
_TOO_OLD_FOR_PROGRESS: Final = timedelta(hours=1)
"""Discord counts the edits of messages older than this; they are left for the outcome."""


class Rung(StrEnum):
    """The ways to deliver, best first."""

    ANSWER = "answer"
    EDIT = "edit"
    POST = "post"
    PARENT = "parent"
    DIRECT = "direct"
    WORDS = "words"


class DiscordMessenger:
    """A :class:`generation.ports.Messenger`, usable before the gateway is connected."""

    platform = Platform.DISCORD
    seconds_between_edits = SECONDS_BETWEEN_EDITS

    def __init__(self, account: Account[discord.Client], *, clock: Clock) -> None:
        self.mail = Mail(account, clock)
        """What sends; the handlers use it too, so that all keep within the same budgets."""
        self._clock = clock
        self._pause = Pause(clock)
        self._began = clock.now()
        self._looks: OrderedDict[JobId, str] = OrderedDict()
        self._barred: OrderedDict[tuple[JobId, Rung], None] = OrderedDict()

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[Rung]:
        """By the answer's token while it lives, by the bot's token, anew in the channel, above the thread, privately,
        and where no clip is taken at all, in words.

        A private answer never becomes a message that others see.
        """
        if delivery.answer is not None and delivery.answer.private:
            return (Rung.ANSWER, Rung.DIRECT) if _lives(delivery.answer, now) else (Rung.DIRECT,)
        above = (Rung.PARENT,) if delivery.channel.thread is not None else ()
        anew = (Rung.POST, *above, Rung.DIRECT, Rung.WORDS)
        if delivery.message is None:
            return anew
        return (Rung.ANSWER, Rung.EDIT, *anew) if _lives(delivery.answer, now) else (Rung.EDIT, *anew)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Edit the message. Raises DeliveryDelayed where it would have to wait: nothing is ever queued."""
        now = self._clock.now()
        if now - delivery.opened_at >= _TOO_OLD_FOR_PROGRESS:
            return
        rung, put = self._way_of_progress(delivery, now)
        try:
            with self._pause.sending():
                await put(Sheet(render.under_way(job, progress, now), self._glimpse(job, progress.look), buttons(job)))
        except RungFailed:
            self._bar(job.id, rung)
            raise
        self._note_look(job.id, progress.look)

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:  # noqa: ARG002 - the port's
        """Bring the outcome by that rung. Raises DeliveryDelayed or RungFailed."""
        with self._pause.sending():
            async with asyncio.timeout(_DELIVERY_SECONDS):
                return await self._bring(parcel, Rung(rung))

    async def open(self, job: Job, progress: Progress, *, reply_to: MessageRef | None = None) -> MessageRef:
        """The first message of a job by the bot's own token, where no interaction can be answered.

        Raises DeliveryError.
        """
        place = int(reply_to.channel.id) if reply_to is not None else place_of(job.channel)
        sheet = Sheet(render.under_way(job, progress, self._clock.now()), view=buttons(job))
        with self._pause.sending():
            message = await self.mail.post_first(place, job, sheet, reply_to=int(reply_to.id) if reply_to else None)
        return message_ref(int(job.channel.server.id), place, message.id)

    def _bar(self, job_id: JobId, rung: Rung) -> None:
        """What Discord refused for good is not asked for every three seconds: that gets a bot banned."""
        self._barred[job_id, rung] = None
        if len(self._barred) > _REMEMBERED:
            self._barred.popitem(last=False)

    def _glimpse(self, job: Job, look: Look | None) -> Glimpse | None:
        """A look that the message does not show yet; one that it shows stays without being sent again."""
        return None if look is None or self._looks.get(job.id) == look.url else Glimpse(job, look)

    def _note_look(self, job_id: JobId, look: Look | None) -> None:
        if look is not None:
            self._looks[job_id] = look.url
            self._looks.move_to_end(job_id)
            if len(self._looks) > _REMEMBERED:
                self._looks.popitem(last=False)

    def _way_of_progress(self, delivery: Delivery, now: datetime) -> tuple[Rung, Put]:
        """By the answer's token, else by the bot's token within the channel's budget."""
        message, answer = delivery.message, delivery.answer
        if message is None:
            raise DeliveryDelayed("the first answer is not out yet", retry_after=_OPENING_SECONDS)
        since_start = (now - self._began).total_seconds()
        if delivery.opened_at < self._began and since_start < SECONDS_BETWEEN_EDITS:
            retry_after = SECONDS_BETWEEN_EDITS - since_start
            raise DeliveryDelayed("an earlier process may just have edited the message", retry_after=retry_after)
        if answer is not None and _lives(answer, now) and (delivery.job_id, Rung.ANSWER) not in self._barred:
            return Rung.ANSWER, partial(self.mail.edit_answer, AnswerToken.of(answer))
        if (delivery.job_id, Rung.EDIT) in self._barred:
            raise RungFailed("the message cannot be changed")
        wait = self.mail.wait_for_progress(int(message.channel.id))
        if wait is not None:
            raise DeliveryDelayed("this channel's share of progress edits is used up", retry_after=wait)
        return Rung.EDIT, partial(self.mail.edit, int(message.channel.id), int(message.id))

    async def _bring(self, parcel: Parcel, rung: Rung) -> MessageRef | None:
        delivery = parcel.delivery
        match rung:
            case Rung.ANSWER if delivery.answer is not None:
                return await self._by_answer(parcel, delivery.answer)
            case Rung.EDIT if delivery.message is not None:
                return await self._edit(parcel, delivery.message)
            case Rung.POST:
                return await self._post(parcel, place_of(delivery.channel))
            case Rung.PARENT:
                posted = await self._post(parcel, int(delivery.channel.id))
                await self._leave_word(parcel, f"<#{delivery.channel.id}>")
                return posted
            case Rung.DIRECT:
                return await self._by_direct_message(parcel)
            case Rung.WORDS:
                return await self._in_words(parcel)
            case _:
                raise RungFailed("there is no message to change")

    async def _by_answer(self, parcel: Parcel, answer: Answer) -> MessageRef | None:
        token = AnswerToken.of(answer)
        slot = Slot(partial(self.mail.edit_answer, token), token.upload_limit, buttons(parcel.job))
        message = await put_outcome(parcel, slot)
        return None if answer.private else await self._finish(parcel.job, message)

    async def _edit(self, parcel: Parcel, shown: MessageRef) -> MessageRef:
        put = partial(self.mail.edit_in_turn, int(shown.channel.id), int(shown.id))
        limit = await self.mail.upload_limit(int(parcel.job.channel.server.id))
        return await self._finish(parcel.job, await put_outcome(parcel, Slot(put, limit, buttons(parcel.job))))

    async def _post(self, parcel: Parcel, place: int) -> MessageRef:
        """A new message, unless there is one already that a crash kept from being recorded."""
        job, shown = parcel.job, parcel.delivery.message
        old = int(shown.id) if shown is not None and int(shown.channel.id) == place else None
        found = await self._found(place, job, but_not=old)
        if found is not None:
            return await self._edit(parcel, message_ref(int(job.channel.server.id), place, found))
        put = partial(self.mail.post, place, job, reply_to=old)
        limit = await self.mail.upload_limit(int(job.channel.server.id))
        slot = Slot(put, limit, buttons(job), render.moved_note(parcel.delivery.told))
        return await self._finish(job, await put_outcome(parcel, slot))

    async def _by_direct_message(self, parcel: Parcel) -> MessageRef:
        """Without buttons: they work in servers only."""
        job, delivery = parcel.job, parcel.delivery
        channel_id = await self.mail.direct_channel(int(job.requested_by.id))
        note = render.moved_note(delivery.told, from_channel=place_of(delivery.channel))
        found = await self._found(channel_id, job)
        if found is not None:
            put: Put = partial(self.mail.edit_in_turn, channel_id, found)
        else:
            put = partial(self.mail.post, channel_id, job)
        message = await put_outcome(parcel, Slot(put, DEFAULT_UPLOAD_LIMIT, None, note))
        await self._leave_word(parcel, f"<@{job.requested_by.id}> in a direct message")
        return message_ref(int(job.channel.server.id), channel_id, message.id)

    async def _in_words(self, parcel: Parcel) -> MessageRef:
        """No place takes the clip: the job's message, or a new one, says why and how to get it."""
        job, delivery = parcel.job, parcel.delivery
        if parcel.video is None:
            raise RungFailed(delivery.told[-1] if delivery.told else "there is no way left")
        sheet = Sheet(render.undelivered(job, delivery.told, parcel.link), view=buttons(job))
        if delivery.message is not None:
            with suppress(discord.HTTPException):
                await self._change(delivery, delivery.message, sheet)
                return delivery.message
        place = place_of(delivery.channel)
        return message_ref(int(job.channel.server.id), place, (await self.mail.post(place, job, sheet)).id)

    async def _change(self, delivery: Delivery, shown: MessageRef, sheet: Sheet) -> None:
        if delivery.answer is not None and _lives(delivery.answer, self._clock.now()):
            await self.mail.edit_answer(AnswerToken.of(delivery.answer), sheet)
        else:
            await self.mail.edit_in_turn(int(shown.channel.id), int(shown.id), sheet)

    async def _leave_word(self, parcel: Parcel, went_to: str) -> None:
        """Say where the clip is in the message that could take words but no file; if that fails, it stays as it is."""
        delivery = parcel.delivery
        private = delivery.answer is not None and delivery.answer.private
        if not private and LACKS_PERMISSION not in delivery.told:
            return
        sheet = Sheet(render.SENT_PRIVATELY if private else render.left_behind(parcel.job, went_to))
        try:
            if private and delivery.answer is not None and _lives(delivery.answer, self._clock.now()):
                await self.mail.edit_answer(AnswerToken.of(delivery.answer), sheet)
            elif delivery.message is not None and not private:
                await self._change(delivery, delivery.message, sheet)
        except (discord.DiscordException, DeliveryError, *NETWORK) as error:
            _log.debug("no word left behind for job %s: %s", parcel.job.id, error)

    async def _found(self, channel_id: int, job: Job, *, but_not: int | None = None) -> int | None:
        try:
            return await self.mail.find(channel_id, job, but_not=but_not)
        except discord.Forbidden:
            return None  # without Read Message History the nonce has to do

    async def _finish(self, job: Job, message: discord.Message) -> MessageRef:
        """Put 🔁 under a finished clip, if that can be done at once: the button does the same."""
        if job.status is JobStatus.SUCCEEDED:
            try:
                async with asyncio.timeout(_INVITATION_SECONDS):
                    await self.mail.invite_reaction(message.channel.id, message.id)
            except (discord.DiscordException, DeliveryError, *NETWORK) as error:
                _log.debug("no reaction under job %s: %s", job.id, error)
        return message_ref(int(job.channel.server.id), message.channel.id, message.id)


def _lives(answer: Answer | None, now: datetime) -> bool:
    """Whether an answer can still be reached by its token."""
    return answer is not None and bool(answer.token) and now < answer.expires_at
