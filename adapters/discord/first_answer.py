"""The first answer to a wish: submitted first, then shown to all, or refused to one.

Discord wants an answer within three seconds, and a deferred answer settles whether all see it. So it is deferred only
when submitting is slow; a refusal then takes the deferred answer away again, for a refusal is nobody else's business.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import discord

from adapters.discord import render
from adapters.discord.answer_token import AnswerToken
from adapters.discord.errors import ALREADY_ANSWERED, NETWORK, UNKNOWN_INTERACTION
from adapters.discord.layout import NOBODY, buttons
from adapters.discord.messenger import DiscordMessenger
from adapters.discord.refs import message_ref
from generation.delivery import Answer
from generation.errors import DeliveryError, FlipbookError
from generation.job import Job
from generation.places import MessageRef
from generation.ports import Clock
from generation.progress import Phase, Progress
from generation.service import Service

_log = logging.getLogger(__name__)

Submit = Callable[[], Awaitable[Job]]
DEFER_AFTER_SECONDS: Final = 0.25
"""How long submitting may take before the answer is deferred. It takes some milliseconds, unless hundreds ask at once:
then everybody is answered soon, and learns a little later where the clip is."""


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """Gives first answers. ``defer_after`` is the time that submitting may take before the answer is deferred."""

    service: Service
    messenger: DiscordMessenger
    clock: Clock
    defer_after: float

    async def give(self, interaction: discord.Interaction, submit: Submit) -> None:
        """Submit and answer. Whatever becomes of the answer, a submitted job goes its way."""
        try:
            async with _Deferral(interaction, self.defer_after):
                job = await submit()
        except FlipbookError as error:
            await refuse(interaction, render.refusal(error))
            return
        await self._show(interaction, job)

    async def _show(self, interaction: discord.Interaction, job: Job) -> None:
        progress = await self.place_in_line(job)
        content = render.under_way(job, progress, self.clock.now())
        try:
            message_id = await _answer(interaction, content, buttons(job))
        except discord.HTTPException as error:
            await self._after_refused_answer(interaction, job, progress, error)
        except (discord.DiscordException, *NETWORK) as error:
            _log.warning("the answer to job %s did not get through: %s", job.id, type(error).__name__)
        else:
            await self._opened(interaction, job, message_id)

    async def _after_refused_answer(
        self, interaction: discord.Interaction, job: Job, progress: Progress, error: discord.HTTPException
    ) -> None:
        """Too late: a message of the bot's own. Answered already: that answer is the job's message."""
        _log.info("the answer to job %s was refused with code %s", job.id, error.code)
        if error.code == UNKNOWN_INTERACTION:
            with suppress(DeliveryError):
                await self.record(job, await self.messenger.open(job, progress))
        elif error.code == ALREADY_ANSWERED:
            with suppress(discord.DiscordException, *NETWORK):
                await self._opened(interaction, job, (await interaction.original_response()).id)

    async def _opened(self, interaction: discord.Interaction, job: Job, message_id: int | None) -> None:
        if message_id is None or interaction.guild_id is None or interaction.channel_id is None:
            return
        token = AnswerToken(interaction.token, interaction.filesize_limit)
        message = message_ref(interaction.guild_id, interaction.channel_id, message_id)
        await self.record(job, message, token.answer(self.clock.now()))

    async def record(self, job: Job, message: MessageRef, answer: Answer | None = None) -> None:
        """Keep which message shows the job. The job is bought already: if that fails, nobody is told to ask again, and
        the outcome finds the message by itself."""
        try:
            await self.service.opened(job.id, message, answer)
        except FlipbookError as error:
            _log.warning("the message of job %s could not be recorded: %s", job.id, type(error).__name__)

    async def place_in_line(self, job: Job) -> Progress:
        """Where a new job is, as far as that can be read."""
        try:
            return Progress(Phase.QUEUED, position=await self.service.ahead_of(job))
        except FlipbookError:
            return Progress(Phase.QUEUED)


class _Deferral:
    """Defers the answer, for all to see, when what happens inside takes too long."""

    def __init__(self, interaction: discord.Interaction, seconds: float) -> None:
        self._interaction = interaction
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A deferral that is on its way is waited for: only then is it known which answer is open."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.wait({self._task})

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._defer())

    async def _defer(self) -> None:
        try:
            await self._interaction.response.defer(thinking=True)
        except (discord.DiscordException, *NETWORK) as error:
            _log.info("an answer could not be deferred: %s", type(error).__name__)


async def refuse(interaction: discord.Interaction, text: str) -> None:
    """Tell only the one who asked; a public deferral is taken away first."""
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        with suppress(discord.DiscordException, *NETWORK):
            await interaction.delete_original_response()
    await tell(interaction, text)


async def tell(interaction: discord.Interaction, text: str) -> None:
    """A private word to the one who asked, as first answer or after it; where that cannot be, silence."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        else:
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
    except (discord.DiscordException, *NETWORK) as error:
        _log.info("a private answer did not get through: %s", type(error).__name__)


async def _answer(interaction: discord.Interaction, content: str, view: discord.ui.View | None) -> int | None:
    """Fill the deferred answer, or give the first one; returns the message's id."""
    if interaction.response.is_done():
        return (await interaction.edit_original_response(content=content, view=view, allowed_mentions=NOBODY)).id
    given = await interaction.response.send_message(
        content, view=view or discord.utils.MISSING, allowed_mentions=NOBODY, suppress_embeds=True
    )
    return given.message_id
