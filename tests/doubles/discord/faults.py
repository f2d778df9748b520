"""Everything that goes wrong on Discord, one call each: `await double.fault("op7")`."""

import re
from collections.abc import Awaitable, Callable

from doubles.discord.driver import Driver
from doubles.discord.gateway.sessions import INVALID_SESSION, RECONNECT
from doubles.discord.planned import Planned
from doubles.discord.rest.api import cloudflare_429, rate_limited
from doubles.discord.rest.call import Answer
from doubles.discord.state.interactions import TOKEN_SECONDS
from doubles.discord.state.messages import Message
from doubles.discord.state.people import User
from doubles.discord.state.permissions import Permission
from doubles.discord.state.places import Channel, Guild, Overwrite
from doubles.discord.wire.payloads import channel_payload, guild_payload

ANY_ROUTE = "."
NEW_MESSAGE = r"^POST /channels/\d+/messages$"


class Faults:
    """The faults by name. Routes are regular expressions over `METHOD /path`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._stage = driver.stage
        self._named: dict[str, Callable[..., Awaitable[None]]] = {
            "op7": self.op7,
            "op9": self.op9,
            "abort": self.abort,
            "close": self.close,
            "no_heartbeat_ack": self.no_heartbeat_ack,
            "rate_limit": self.rate_limit,
            "cloudflare": self.cloudflare,
            "unknown_interaction": self.unknown_interaction,
            "already_acknowledged": self.already_acknowledged,
            "token_expired": self.token_expired,
            "too_large": self.too_large,
            "missing_permission": self.missing_permission,
            "unknown_message": self.unknown_message,
            "server_error": self.server_error,
            "duplicate_events": self.duplicate_events,
            "replay_too_much": self.replay_too_much,
            "guild_gone": self.guild_gone,
            "guild_joined": self.guild_joined,
            "channel_gone": self.channel_gone,
            "thread_archived": self.thread_archived,
            "dms_closed": self.dms_closed,
        }

    async def __call__(self, name: str, **details: object) -> None:
        """Inject one fault; its details are those of the method of that name."""
        if name not in self._named:
            raise ValueError(f"no fault {name!r}; there are {sorted(self._named)}")
        await self._named[name](**details)
        self._stage.changes.announce()

    async def op7(self) -> None:
        """Ask every client to reconnect; RESUME follows."""
        for socket in self._stage.gateway.sockets:
            socket.send(RECONNECT)

    async def op9(self) -> None:
        """Invalidate every session for good; a fresh IDENTIFY follows."""
        self._stage.gateway.forget_sessions()
        for socket in self._stage.gateway.sockets:
            socket.send(INVALID_SESSION, data=False)

    async def abort(self) -> None:
        """Cut the TCP connections; the sessions can be resumed."""
        for socket in list(self._stage.gateway.sockets):
            socket.abort()

    async def close(self, code: int = 4000) -> None:
        """Close every socket with a code, such as 4004 (bad token) or 4014 (disallowed intents)."""
        for socket in self._stage.gateway.sockets:
            socket.close(code)

    async def no_heartbeat_ack(self) -> None:
        """Answer no more heartbeats on the sockets open now; later ones are answered."""
        for socket in self._stage.gateway.sockets:
            socket.acknowledges = False

    async def rate_limit(
        self, route: str = ANY_ROUTE, *, times: int = 1, retry_after: float = 0.05, is_global: bool = False
    ) -> None:
        """Discord's own 429 for the next requests of a route."""
        self._plan(route, rate_limited(retry_after, is_global=is_global), times)

    async def cloudflare(self, route: str = ANY_ROUTE, *, times: int = 1) -> None:
        """Cloudflare's 429 for the next requests of a route: no Via, no JSON."""
        self._plan(route, cloudflare_429(), times)

    async def server_error(
        self, route: str = NEW_MESSAGE, *, status: int = 500, times: int = 1, after_storing: bool = True
    ) -> None:
        """500 or 502 to the next requests of a route; `after_storing`: what was asked is done nevertheless."""
        body = {"message": f"{status}: Internal Server Error", "code": 0}
        self._plan(route, Answer(status, body), times, after_storing=after_storing)

    async def unknown_interaction(self) -> None:
        """The next interaction reaches the bot too late: 10062 to its first response."""
        self._driver.refuse_next(10062)

    async def already_acknowledged(self) -> None:
        """Another process answers the next interaction first: 40060."""
        self._driver.refuse_next(40060)

    async def token_expired(self) -> None:
        """Move the clock past the life of every interaction token so far: 50027."""
        self._stage.clock.advance(TOKEN_SECONDS + 1)

    async def too_large(self, channel: Channel, limit: int) -> None:
        """Take no file above `limit` bytes in a channel, whatever is advertised: 40005."""
        channel.real_upload_limit = limit

    async def missing_permission(self, channel: Channel, permission: Permission = Permission.ATTACH_FILES) -> None:
        """Take a permission from the bot in a channel (of a thread: in its parent) and say so: 50013."""
        target = channel.parent if channel.is_thread and channel.parent else channel
        target.overwrites.append(Overwrite(self._stage.world.bot.id, kind=1, deny=permission))
        self._stage.gateway.dispatch("CHANNEL_UPDATE", channel_payload(target, self._stage.world), channel=target)

    async def unknown_message(self, message: Message) -> None:
        """Delete a message: 10008."""
        self._stage.message_deleted(message)

    async def dms_closed(self, user: User) -> None:
        """A user takes no direct messages any more: 50007."""
        user.accepts_dms = False

    async def duplicate_events(self, event: str | None = None, *, times: int = 1) -> None:
        """Send the next events (of this name) twice."""
        self._stage.gateway.duplicates += [event] * times

    async def replay_too_much(self, events: int = 1) -> None:
        """The next RESUME replays that many events that the client has had already."""
        self._stage.gateway.replay_extra = events

    async def guild_gone(self, guild: Guild) -> None:
        """The bot is removed from a guild: GUILD_DELETE, and 50001 from there on."""
        guild.bot_is_member = False
        self._stage.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)})

    async def guild_joined(self, guild: Guild, by: User | None = None) -> None:
        """A person adds the bot to a guild, while it is connected."""
        guild.bot_is_member, guild.bot_added_by = True, by
        guild.bot_added_at = self._stage.world.clock.now()
        payload = guild_payload(guild, self._stage.world)
        # unlike after an outage, and unlike at the beginning of a session
        del payload["unavailable"]
        self._stage.gateway.dispatch("GUILD_CREATE", payload)

    async def channel_gone(self, channel: Channel) -> None:
        """A channel is deleted with everything in it: CHANNEL_DELETE or THREAD_DELETE, then 10003."""
        world = self._stage.world
        payload = channel_payload(channel, world)
        for doomed in [channel, *(item for item in world.channels.values() if item.parent is channel)]:
            for message in list(doomed.messages.values()):
                world.remove(message)
            world.channels.pop(doomed.id, None)
            if doomed.guild:
                doomed.guild.channels.pop(doomed.id, None)
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self._stage.gateway.dispatch(event, payload, channel=channel)

    async def thread_archived(self, thread: Channel, *, locked: bool = False) -> None:
        """A thread is archived: 50083; when locked as well: 160005."""
        thread.archived, thread.locked = True, locked
        self._stage.gateway.dispatch("THREAD_UPDATE", channel_payload(thread, self._stage.world), channel=thread)

    def _plan(self, route: str, answer: Answer, times: int, *, after_storing: bool = False) -> None:
        self._stage.planned.plan(Planned(re.compile(route), answer, times, after_storing))
