"""The gateway side: which events the bot asks for, whom they go to, and what the log says of the connection."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord.admin_commands import AdminCommands
from adapters.discord.commands import animate_command
from adapters.discord.components import press
from adapters.discord.errors import CHANGING, close_sentence
from adapters.discord.first_answer import tell
from adapters.discord.layout import NOBODY
from adapters.discord.member_commands import MemberCommands
from adapters.discord.reactions import Reactions
from adapters.discord.reception import Reception
from adapters.discord.refs import server_ref, user_ref
from generation.errors import FlipbookError, JobError
from generation.places import ServerRef, UserRef
from generation.service import Service

_log = logging.getLogger(__name__)

INTENTS: Final = discord.Intents(guilds=True, guild_reactions=True)
"""Servers and their permissions, and reactions: neither is privileged, and no message is ever read."""
OUTDATED: Final = "This command has changed. Restart Discord (Ctrl+R) and try again."
_LONGEST_WAIT: Final = 30.0
_MOST_JOBS: Final = 1000


class FlipbookTree(app_commands.CommandTree["FlipbookClient"]):
    """Our commands, in servers only; an interaction that comes twice is served once."""

    def __init__(self, client: "FlipbookClient") -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whether to serve it."""
        reception = self.client.reception
        return reception is not None and reception.is_new(interaction)

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """What is left over here never reached a handler: a command from before an update."""
        _log.info("a command could not be read: %s", type(error).__name__)
        await tell(interaction, OUTDATED)


class FlipbookClient(discord.Client):
    """Discord's events on their way to our handlers. Keeps no messages and no members."""

    def __init__(self, *, heartbeat_timeout: float = 60.0, between_sessions: float = 5.0) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=NOBODY,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=_LONGEST_WAIT,
            heartbeat_timeout=heartbeat_timeout,
        )
        self.reception: Reception | None = None
        self.tree = FlipbookTree(self)
        self._reactions: Reactions | None = None
        self._between_sessions = between_sessions

    def serve(self, reception: Reception) -> None:
        """From now on events are handled."""
        self.reception = reception
        self._reactions = Reactions(reception)
        self.tree.add_command(animate_command(reception))
        self.tree.add_command(MemberCommands(reception))
        self.tree.add_command(AdminCommands(reception))

    async def close(self) -> None:
        """Leave for good. discord.py holds the news that everything is loaded back for two seconds; a client that is
        closed within them must not hear it."""
        loading = self._connection._ready_task  # noqa: SLF001 - nobody else can stop it
        if loading is not None:
            loading.cancel()
            await asyncio.wait({loading})
        await super().close()

    def definitions(self) -> list[dict[str, Any]]:
        """The commands as they are registered."""
        return [command.to_dict(self.tree) for command in self.tree.get_commands()]

    async def before_identify_hook(
        self,
        shard_id: int | None,  # noqa: ARG002 - discord.py's
        *,
        initial: bool = False,
    ) -> None:
        """Discord takes one new session in five seconds."""
        if not initial:
            await asyncio.sleep(self._between_sessions)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Presses of buttons; commands go through the tree."""
        pressed = interaction.type is discord.InteractionType.component
        if pressed and self.reception is not None and self.reception.is_new(interaction):
            await press(self.reception, interaction)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody reacted to something."""
        if self._reactions is not None:
            await self._reactions.added(event, self)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        if self._reactions is not None:
            self._reactions.removed(event)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: what is still to be made for it is nobody's any more."""
        if self.reception is None or self.user is None:
            return
        async with self.reception.inside():
            await self._cancel_all(self.reception.service, server_ref(guild.id), user_ref(self.user.id))

    async def _cancel_all(self, service: Service, server: ServerRef, by: UserRef) -> None:
        try:
            for job in await service.queue_of(server, limit=_MOST_JOBS):
                with suppress(JobError):  # it has just ended
                    await service.cancel(job.id, by=by, server=server, is_admin=True)
        except FlipbookError as error:
            _log.warning("the jobs of %s could not all be cancelled: %s", server, type(error).__name__)

    async def on_ready(self) -> None:
        """A new session has begun."""
        _log.info("connected to Discord, in %d servers", len(self.guilds))
        if self._reactions is not None:
            self._reactions.forget()

    async def on_resumed(self) -> None:
        """The old session goes on, and nothing was missed."""
        _log.info("connected to Discord again; nothing was missed")

    async def on_disconnect(self) -> None:
        """The connection ended, for whatever reason; discord.py connects again where that helps."""
        if not self.is_closed() and self.ws is not None:
            left_by_us = getattr(self.ws, "_close_code", None) is not None  # Discord asked for it, or had fallen silent
            _log.info("%s", CHANGING if left_by_us else close_sentence(self.ws.socket.close_code))

    async def on_error(self, event_method: str, /, *_args: Any, **_keywords: Any) -> None:
        """A mistake of ours that no handler caught."""
        _log.exception("a mistake of ours in %s", event_method)
