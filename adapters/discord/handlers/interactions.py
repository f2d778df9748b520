"""Runs one handler per interaction: each interaction once, with one sentence for every error."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import discord
import structlog
from discord import app_commands

from adapters.discord.delivery.interaction_token import InteractionToken
from adapters.discord.delivery.messenger import DiscordMessenger
from adapters.discord.errors import NETWORK
from adapters.discord.handlers.access import (
    AccessDenied,
    channel_in_server,
    is_admin,
    is_age_restricted,
    require_permissions,
    roles_of,
)
from adapters.discord.handlers.ephemeral import ANSWERS_BY_ITSELF, answered_in_time, refuse
from adapters.discord.handlers.first_message import DEFER_AFTER_SECONDS, FirstResponses, Submit
from adapters.discord.refs import interaction_origin, note_names, user_ref
from adapters.discord.text import render
from adapters.gate import ActGate
from generation.domain.job import Job, JobId
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError, StoreBusy
from generation.service import Service, SubmitContext

OPEN_WITHIN_SECONDS: Final = 2.0
ANSWER_WITHIN_SECONDS: Final = 2.3
"""Discord takes a first response within three seconds. A form is one, so it is given up in time for
a sentence; anything else is deferred."""
MakeFrom = Callable[[JobId, SubmitContext], Awaitable[Job]]
"""Makes a clip from an earlier one, as a method of the service."""
Found = TypeVar("Found")
P = ParamSpec("P")
GroupT = TypeVar("GroupT", bound="CommandGroup")


@dataclass(frozen=True, slots=True)
class InteractionContext:
    """One interaction in a server: who acted, where, and whether they manage the server."""

    interaction: discord.Interaction
    user: UserRef
    channel: ChannelRef
    is_admin: bool

    @classmethod
    def of(cls, interaction: discord.Interaction) -> "InteractionContext":
        """The interaction in the core's terms. Raises AccessDenied outside of servers."""
        channel = channel_in_server(interaction)
        user = user_ref(interaction.user.id)
        return cls(interaction, user, channel, is_admin=is_admin(interaction))

    @property
    def server(self) -> ServerRef:
        """The server of the channel."""
        return self.channel.server

    def submit_context(self) -> SubmitContext:
        """What a request is submitted with."""
        return SubmitContext(
            interaction_origin(self.interaction.id),
            requested_by=self.user,
            channel=self.channel,
            roles=self.roles,
            is_age_restricted=is_age_restricted(self.interaction.channel),
        )

    @property
    def roles(self) -> frozenset[str]:
        """The ids of the member's roles."""
        return roles_of(self.interaction.user)


class InteractionHandler:
    """Runs handlers. Holds what they all work with: the service, the messenger and the clock."""

    def __init__(
        self,
        service: Service,
        messenger: DiscordMessenger,
        *,
        clock: Clock,
        defer_after: float = DEFER_AFTER_SECONDS,
        open_within: float = OPEN_WITHIN_SECONDS,
        answer_within: float = ANSWER_WITHIN_SECONDS,
    ) -> None:
        self.service = service
        self.messenger = messenger
        self.clock = clock
        self.first_responses = FirstResponses(service, messenger, clock, defer_after)
        self._open_within = open_within
        self._answer_within = answer_within
        self._gate: ActGate[datetime] = ActGate()
        self._running: set[asyncio.Task[object]] = set()
        self._log = structlog.get_logger("flipbook.discord")

    def is_new(self, interaction: discord.Interaction) -> bool:
        """Whether this interaction is delivered for the first time: Discord may deliver one again
        after a lost connection."""
        # an interaction has no result to give to the second delivery; its time is kept as the work
        _, is_new = self._gate.admit(str(interaction.id), self.clock.now)
        return is_new

    async def handle(
        self,
        interaction: discord.Interaction,
        act: Callable[[InteractionContext], Awaitable[None]],
    ) -> None:
        """Run ``act`` for an interaction in a server; whatever it raises ends here, in one sentence
        to the member."""
        async with self.running(), answered_in_time(interaction, self._answer_within):
            try:
                context = InteractionContext.of(interaction)
                note_names(self.service.names, interaction)
                await act(context)
            except AccessDenied as denied:
                await refuse(interaction, denied.sentence)
            except FlipbookError as error:
                await refuse(interaction, render.refusal(error))
            except (discord.DiscordException, *NETWORK) as error:
                # Discord did not take a response; there is no other way to tell the member
                self._log.warning("a response could not be sent", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - one interaction's failure is never another's
                self._log.exception("unexpected error in an interaction")
                await refuse(interaction, render.refusal(FlipbookError()))

    def asked(self, context: InteractionContext, *, is_private: bool) -> SubmitContext:
        """What a request is submitted with. That of a private one has its answer from the start: it
        must not be posted in the channel, even where that answer fails."""
        asked = context.submit_context()
        if not is_private:
            return asked
        token = InteractionToken(context.interaction.token, context.interaction.filesize_limit)
        answer = token.answer(self.clock.now(), private=True)
        return replace(asked, is_private=True, answer=answer)

    async def submit(
        self, context: InteractionContext, submit: Submit, *, is_private: bool = False
    ) -> None:
        """Submit a job and respond with it. Raises AccessDenied, before anything is spent, where
        its clip could not be delivered."""
        # here and not in handle(): commands that only read work without them, and a private answer
        # goes to no channel
        if not is_private:
            require_permissions(context.interaction)
        context.interaction.extras[ANSWERS_BY_ITSELF] = True
        await self.first_responses.send(context.interaction, submit, is_private=is_private)

    async def make_from(self, context: InteractionContext, job_id: JobId, make: MakeFrom) -> None:
        """Submit what is made from an earlier clip; what is made from a private one is private."""
        is_private = await self.is_private(context, job_id)
        asked = self.asked(context, is_private=is_private)
        await self.submit(context, partial(make, job_id, asked), is_private=is_private)

    async def is_private(self, context: InteractionContext, job_id: JobId) -> bool:
        """Whether only its asker sees that clip. Raises JobNotFound, StoreBusy."""
        message = context.interaction.message
        # a private clip is in no message that others see: most buttons need no look
        if message is not None and not message.flags.ephemeral:
            return False
        job = await self.before_a_form(self.service.job(job_id, context.server))
        return job.is_private

    async def before_a_form(self, read: Awaitable[Found]) -> Found:
        """What is read. Raises StoreBusy where it takes so long that no form can be opened."""
        try:
            async with asyncio.timeout(self._open_within):
                return await read
        except TimeoutError:
            raise StoreBusy from None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count the current task as running, so that :meth:`drain` waits for it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - in a coroutine there is one
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    async def drain(self, seconds: float) -> None:
        """Wait for the running handlers, at most that long, then cancel those that are left: the
        connection is about to close. Jobs that they have submitted are stored."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        # until they have ended: the store that they use is closed after this
        if late:
            await asyncio.wait(late)


class CommandGroup(app_commands.Group):
    """A group of commands whose methods take an :class:`InteractionContext`, by
    :func:`in_server`."""

    def __init__(
        self,
        handler: InteractionHandler,
        *,
        name: str,
        description: str,
        default_permissions: discord.Permissions | None = None,
    ) -> None:
        super().__init__(
            name=name, description=description, default_permissions=default_permissions
        )
        self.handler = handler
        self.service = handler.service


def in_server(
    command: Callable[Concatenate[GroupT, InteractionContext, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[GroupT, discord.Interaction, P], Coroutine[Any, Any, None]]:
    """Let a group's method be called with an interaction, as discord.py does: it gets the context,
    or the member reads why it is not run."""

    # wraps: discord.py reads the options from the method's signature
    @functools.wraps(command)
    async def run(
        group: GroupT, interaction: discord.Interaction, /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        await group.handler.handle(
            interaction, lambda context: command(group, context, *args, **kwargs)
        )

    return run
