"""What every handler of Discord's events works with: the service, the first answers, and who is being served."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import discord

from adapters.discord import render
from adapters.discord.errors import NETWORK
from adapters.discord.first_answer import DEFER_AFTER_SECONDS, FirstAnswers, Submit, refuse, tell
from adapters.discord.mail import interaction_origin
from adapters.discord.messenger import DiscordMessenger
from adapters.discord.permissions import missing_permissions, missing_sentence
from adapters.discord.refs import channel_of, user_ref
from generation.errors import FlipbookError
from generation.job import JobId
from generation.places import ChannelRef, UserRef
from generation.ports import Clock
from generation.service import Ask, Service

_log = logging.getLogger(__name__)

ONLY_IN_SERVERS: Final = "Flipbook makes clips in servers only, not in direct messages."
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Visit:
    """One interaction in a server: who, where, and whether they manage the server."""

    interaction: discord.Interaction
    user: UserRef
    channel: ChannelRef
    is_admin: bool

    def ask(self) -> Ask:
        """The ask that a wish goes with."""
        return Ask(interaction_origin(self.interaction.id), requested_by=self.user, channel=self.channel)


class Reception:
    """Receives interactions, each once, and gives every one an answer."""

    def __init__(
        self, service: Service, messenger: DiscordMessenger, *, clock: Clock, defer_after: float = DEFER_AFTER_SECONDS
    ) -> None:
        self.service = service
        self.messenger = messenger
        self.clock = clock
        self.answers = FirstAnswers(service, messenger, clock, defer_after)
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._inside: set[asyncio.Task[object]] = set()

    def is_new(self, interaction: discord.Interaction) -> bool:
        """Whether this interaction comes for the first time: Discord may send one again after a lost connection."""
        if interaction.id in self._seen:
            return False
        self._seen[interaction.id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    @asynccontextmanager
    async def visit(self, interaction: discord.Interaction) -> AsyncIterator[Visit | None]:
        """One interaction being served; None where the bot does not serve, and the person has been told.

        Whatever a handler raises ends here, in one sentence to whoever asked.
        """
        async with self.inside():
            try:
                visit = visit_of(interaction)
                if visit is None:
                    await tell(interaction, ONLY_IN_SERVERS)
                yield visit
            except FlipbookError as error:
                await refuse(interaction, render.refusal(error))
            except (discord.DiscordException, *NETWORK) as error:
                _log.warning("answering failed: %s", type(error).__name__)
            except Exception:  # noqa: BLE001 - one interaction's failure is never another's
                _log.exception("a mistake of ours in answering an interaction")
                await refuse(interaction, render.refusal(FlipbookError()))

    async def take_wish(self, visit: Visit, submit: Submit) -> None:
        """Check that the clip can be brought here before anything is spent; then submit and answer."""
        in_thread = visit.channel.thread is not None
        missing = missing_permissions(visit.interaction.app_permissions, in_thread=in_thread)
        if missing:
            await tell(visit.interaction, missing_sentence(missing))
            return
        await self.answers.give(visit.interaction, submit)

    async def reroll(self, visit: Visit, job_id: JobId) -> None:
        """The same wish with another seed, by whoever pressed the button."""
        await self.take_wish(visit, lambda: self.service.reroll(job_id, visit.ask()))

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        """Somebody is being served, by this task."""
        serving = asyncio.current_task()
        assert serving is not None  # noqa: S101 - in a coroutine there is one
        self._inside.add(serving)
        try:
            yield
        finally:
            self._inside.discard(serving)

    async def let_everybody_leave(self, seconds: float) -> None:
        """Wait until nobody is being served, at most that long; whoever is left then is not served any more, for soon
        nothing can be said to them. What they have asked for is stored."""
        if not self._inside:
            return
        _, late = await asyncio.wait(self._inside, timeout=seconds)
        for serving in late:
            serving.cancel()
        if late:
            await asyncio.wait(late)


def visit_of(interaction: discord.Interaction) -> Visit | None:
    """The interaction in the core's words; None outside of servers."""
    if interaction.guild_id is None or interaction.channel_id is None:
        return None
    channel = channel_of(interaction.guild_id, interaction.channel, interaction.channel_id)
    granted = interaction.permissions
    return Visit(
        interaction, user_ref(interaction.user.id), channel, is_admin=granted.manage_guild or granted.administrator
    )
