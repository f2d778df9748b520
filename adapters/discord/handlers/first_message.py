"""The first response to a request: a public message for a submitted job, or a private refusal.

Discord wants a response within three seconds, and a deferred response settles whether it is public.
So it is deferred only when submitting is slow; a refusal then deletes the deferred response.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import discord
import structlog

from adapters.discord.delivery.interaction_token import TOKEN_LIFE, InteractionToken
from adapters.discord.delivery.messenger import DiscordMessenger
from adapters.discord.errors import ALREADY_ANSWERED, NETWORK, UNKNOWN_INTERACTION
from adapters.discord.refs import message_ref
from adapters.discord.text import render
from adapters.discord.text.layout import NO_MENTIONS, buttons
from generation.domain.delivery import Answer
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError, FlipbookError
from generation.protocol.progress import Progress
from generation.service import Service

Submit = Callable[[], Awaitable[Job]]
DEFER_AFTER_SECONDS: Final = 0.25
"""How long submitting may take before the response is deferred. It takes milliseconds unless
hundreds of members ask at once; then each gets a response soon, and the clip's position later."""


class FirstResponses:
    """Sends first responses. ``defer_after`` is the time in seconds that submitting may take before
    the response is deferred."""

    def __init__(
        self, service: Service, messenger: DiscordMessenger, clock: Clock, defer_after: float
    ) -> None:
        self._service = service
        self._messenger = messenger
        self._clock = clock
        self._defer_after = defer_after
        self._log = structlog.get_logger("flipbook.discord")

    async def send(
        self, interaction: discord.Interaction, submit: Submit, *, is_private: bool = False
    ) -> None:
        """Submit and respond, to the member alone where the job ``is_private``. A submitted job
        goes on even if the response fails. Raises FlipbookError where there is no job."""
        async with _Deferral(interaction, self._defer_after, is_private=is_private):
            job = await submit()
        await self._show(interaction, job)

    async def record(self, job: Job, message: MessageRef, answer: Answer | None = None) -> None:
        """Store which message shows the job. An error is logged only: the job is paid for, and its
        outcome finds the message by itself."""
        try:
            await self._service.opened(job.id, message, answer)
        except FlipbookError as error:
            self._log.warning(
                "a job's message could not be recorded", job=job.id, error=type(error).__name__
            )

    async def _show(self, interaction: discord.Interaction, job: Job) -> None:
        # the job is stored and may cost money: from here on errors are logged, not raised
        progress, now = self._service.progress_of(job), self._clock.now()
        until = now + TOKEN_LIFE if job.is_private else None
        content = render.under_way(job, progress, now, until)
        try:
            message_id = await _respond(interaction, content, buttons(job), job.is_private)
        except discord.HTTPException as error:
            await self._after_refusal(interaction, job, progress, error)
        except (discord.DiscordException, *NETWORK) as error:
            self._log.warning(
                "the response to a job could not be sent", job=job.id, error=type(error).__name__
            )
        else:
            await self._record_response(interaction, job, message_id)

    async def _after_refusal(
        self,
        interaction: discord.Interaction,
        job: Job,
        progress: Progress,
        error: discord.HTTPException,
    ) -> None:
        """Discord did not take the response: too late, or there is one already."""
        self._log.info("the response to a job was refused", job=job.id, code=error.code)
        if error.code == UNKNOWN_INTERACTION and job.is_private:
            pass  # others would see another message; the clip comes to the member directly
        elif error.code == UNKNOWN_INTERACTION:
            # too late: the bot posts a message of its own
            with suppress(DeliveryError):
                await self.record(job, await self._messenger.open(job, progress))
        elif error.code == ALREADY_ANSWERED:
            # another process has responded: that response is the job's message
            with suppress(discord.DiscordException, *NETWORK):
                response = await interaction.original_response()
                await self._record_response(interaction, job, response.id)

    async def _record_response(
        self, interaction: discord.Interaction, job: Job, message_id: int | None
    ) -> None:
        # only for discord.py's types: an interaction that got here has all three
        if message_id is None or interaction.guild_id is None or interaction.channel_id is None:
            return
        token = InteractionToken(interaction.token, interaction.filesize_limit)
        message = message_ref(interaction.guild_id, interaction.channel_id, message_id)
        answer = token.answer(self._clock.now(), private=job.is_private)
        await self.record(job, message, answer)


class _Deferral:
    """Defers the response when the block takes longer than ``seconds``: publicly, unless it
    ``is_private``."""

    def __init__(
        self, interaction: discord.Interaction, seconds: float, *, is_private: bool
    ) -> None:
        self._interaction = interaction
        self._is_private = is_private
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # a timer, not a task: most requests are submitted before it would fire
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._begin)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # only after a deferral under way has ended is it known which response is open
        if self._task is not None:
            await asyncio.wait({self._task})

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._defer())

    async def _defer(self) -> None:
        try:
            # else public: nearly every request that gets here is accepted
            await self._interaction.response.defer(ephemeral=self._is_private, thinking=True)
        except (discord.DiscordException, *NETWORK) as error:
            structlog.get_logger("flipbook.discord").info(
                "a response could not be deferred", error=type(error).__name__
            )


async def _respond(
    interaction: discord.Interaction,
    content: str,
    view: discord.ui.View | None,
    is_private: bool,
) -> int | None:
    """Edit the deferred response, or send the first one; returns the message's id."""
    if interaction.response.is_done():
        edited = await interaction.edit_original_response(
            content=content, view=view, allowed_mentions=NO_MENTIONS
        )
        return edited.id
    sent = await interaction.response.send_message(
        content,
        view=view or discord.utils.MISSING,
        ephemeral=is_private,
        allowed_mentions=NO_MENTIONS,
        suppress_embeds=True,
    )
    return sent.message_id
