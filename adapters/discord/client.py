"""The gateway client: which events the bot asks for, which handler gets them, and what the log says
about the connection."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import discord
import structlog
from discord import app_commands

from adapters.discord.errors import RECONNECTING, close_sentence
from adapters.discord.handlers.admin.commands import AdminCommands
from adapters.discord.handlers.animate import animate_command
from adapters.discord.handlers.buttons import press, submit_form
from adapters.discord.handlers.clips.menus import clip_menus
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.forms.handler import animate_text_menu
from adapters.discord.handlers.interactions import InteractionHandler
from adapters.discord.handlers.member_commands import MemberCommands
from adapters.discord.handlers.reactions import Reactions
from adapters.discord.refs import server_ref, user_ref
from adapters.discord.text import render
from adapters.discord.text.layout import NO_MENTIONS
from adapters.proxies import http_proxy, socks_connector
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.errors import FlipbookError, JobError
from generation.service import Service

INTENTS: Final = discord.Intents(guilds=True, guild_reactions=True)
"""Servers with their permissions, and reactions. Neither is privileged; no message is read."""
_MAX_RATELIMIT_SECONDS: Final = 30.0
"""discord.py sleeps up to this for a rate limit; for longer ones it raises RateLimited, and the
relay waits instead. 30 is the least that discord.py accepts."""
_MOST_JOBS: Final = 1000
_JUST_JOINED: Final = timedelta(days=1)


class FlipbookTree(app_commands.CommandTree["FlipbookClient"]):
    """Our commands, in servers only; an interaction that is delivered twice is handled once."""

    def __init__(self, client: "FlipbookClient") -> None:
        super().__init__(
            client,
            # Discord offers them in servers only; the handlers check that too
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whether to run the command."""
        # a shared client may receive commands before serve() has set the handler
        handler = self.client.handler
        # every key that is pressed asks for choices: nothing is done, so none is remembered
        is_choosing = interaction.type is discord.InteractionType.autocomplete
        return handler is not None and (is_choosing or handler.is_new(interaction))

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        """A command that discord.py could not match to ours: one from before an update."""
        structlog.get_logger("flipbook.discord").info(
            "a command could not be read", error=type(error).__name__
        )
        await tell(interaction, render.OUTDATED_COMMAND)


_HANDLERS: Final = {
    discord.InteractionType.component: press,
    discord.InteractionType.modal_submit: submit_form,
}


class FlipbookClient(discord.Client):
    """Passes Discord's events to our handlers. Caches no messages and no members."""

    def __init__(
        self,
        *,
        heartbeat_timeout: float = 60.0,
        between_sessions: float = 5.0,
        proxy: str | None = None,
    ) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=NO_MENTIONS,
            # the events name every id that the handlers need, so nothing is cached
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=_MAX_RATELIMIT_SECONDS,
            heartbeat_timeout=heartbeat_timeout,
            proxy=http_proxy(proxy),
            connector=socks_connector(proxy),
        )
        self.handler: InteractionHandler | None = None
        self.tree = FlipbookTree(self)
        self.is_connected = False
        """Whether what members do arrives now."""
        self._reactions: Reactions | None = None
        self._between_sessions = between_sessions
        self._log = structlog.get_logger("flipbook.discord")

    def serve(self, handler: InteractionHandler) -> None:
        """Register our commands, and handle events from now on."""
        self.handler = handler
        self._reactions = Reactions(handler)
        self.tree.add_command(animate_command(handler))
        self.tree.add_command(animate_text_menu(handler))
        self.tree.add_command(MemberCommands(handler))
        self.tree.add_command(AdminCommands(handler))
        for menu in clip_menus(handler):
            self.tree.add_command(menu)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Pass an event to our handlers."""
        # discord.py waits two seconds after the last guild before it says that it is ready, closed
        # or not; by then the loop may be ending, and the handler would never be awaited
        if event != "ready" or not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    def definitions(self) -> list[dict[str, Any]]:
        """The commands as they are registered."""
        return [command.to_dict(self.tree) for command in self.tree.get_commands()]

    async def before_identify_hook(
        self,
        shard_id: int | None,  # noqa: ARG002 - discord.py's
        *,
        initial: bool = False,
    ) -> None:
        """Wait before a new session: Discord accepts one in five seconds."""
        if not initial:
            await asyncio.sleep(self._between_sessions)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle button presses and forms; commands go through the tree."""
        # the tree never sees these: no view and no modal is registered
        handle = _HANDLERS.get(interaction.type)
        if handle is not None and self.handler is not None and self.handler.is_new(interaction):
            await handle(self.handler, interaction)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Handle a new reaction."""
        if self._reactions is not None:
            await self._reactions.added(event, self)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Handle a reaction that its member has removed."""
        if self._reactions is not None:
            self._reactions.removed(event)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Welcome a server that has added the bot; one that comes back after an outage is none."""
        await self._note_present([guild])
        await self._welcome(guild)

    async def _note_present(self, guilds: Sequence[discord.Guild]) -> None:
        """These servers have the bot, also those that had removed it."""
        if self.handler is None:
            return
        for each in guilds:
            self.handler.service.names.note(server_ref(each.id), each.name)
        try:
            await self.handler.service.servers_present([server_ref(each.id) for each in guilds])
        except FlipbookError as error:
            self._log.warning("servers were not noted as present", error=type(error).__name__)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Cancel the jobs of a server that has removed the bot."""
        if self.handler is None or self.user is None:
            return
        # nothing can be delivered there any more, and running jobs cost money
        async with self.handler.running():
            await self._cancel_all(
                self.handler.service, server_ref(guild.id), user_ref(self.user.id)
            )

    async def _welcome(self, guild: discord.Guild) -> None:
        if self.handler is None:
            return
        async with self.handler.running():
            try:
                await self.handler.service.welcome(server_ref(guild.id))
            except FlipbookError as error:
                self._log.warning(
                    "a server was not welcomed", server=guild.id, error=type(error).__name__
                )

    async def _cancel_all(self, service: Service, server: ServerRef, by: UserRef) -> None:
        try:
            # discord.py calls this for no outage
            await service.server_left(server)
            # by the bot's own user: no member has asked for it
            for job in await service.queue_of(server, limit=_MOST_JOBS):
                with suppress(JobError):  # it has just ended
                    await service.cancel(job.id, by=by, server=server, is_admin=True)
        except FlipbookError as error:
            self._log.warning(
                "not all jobs of a server could be cancelled",
                server=str(server),
                error=type(error).__name__,
            )

    async def on_connect(self) -> None:
        """A new session begins; its servers come after this."""
        self.is_connected = True

    async def on_ready(self) -> None:
        """A new session has begun."""
        self._log.info("connected to Discord", servers=len(self.guilds))
        await self._note_present(self.guilds)
        for guild in self.guilds:
            # added while the bot was away: Discord reports those as if it had always been there
            if _has_just_joined(guild):
                await self._welcome(guild)
        # unlike after a resume, events between the two sessions are lost
        if self._reactions is not None:
            self._reactions.start_session()

    async def on_resumed(self) -> None:
        """The old session goes on; Discord has sent every event since the break."""
        self.is_connected = True
        self._log.info("connected to Discord again; nothing was missed")

    async def on_disconnect(self) -> None:
        """The connection ended; discord.py reconnects where that helps."""
        self.is_connected = False
        # discord.py calls this for failed attempts too, without a socket then
        if not self.is_closed() and self.ws is not None:
            # a close code of our own: Discord asked for a reconnect, or sent no heartbeat
            closed_by_us = getattr(self.ws, "_close_code", None) is not None
            self._log.info(
                RECONNECTING if closed_by_us else close_sentence(self.ws.socket.close_code)
            )

    async def on_error(self, event_method: str, /, *_args: Any, **_keywords: Any) -> None:
        """An error that no handler caught."""
        self._log.exception("unexpected error in a gateway event", handler=event_method)


def _has_just_joined(guild: discord.Guild) -> bool:
    """Whether the bot was added within a day."""
    since = guild.me.joined_at
    return since is not None and datetime.now(UTC) - since < _JUST_JOINED
