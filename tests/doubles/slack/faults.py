"""What can go wrong at Slack, each as one object for `double.fault(...)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from doubles.slack.state import posting
from doubles.slack.world import HOME

if TYPE_CHECKING:
    from doubles.slack.platform import Platform


@dataclass(frozen=True)
class Fault:
    """One thing to go wrong. It waits, armed, for the exchange it spoils, unless it says otherwise."""

    async def strike(self, platform: Platform) -> None:
        """Arm it, or do it at once."""
        platform.faults.arm(self)


F = TypeVar("F", bound=Fault)


@dataclass
class _Armed:
    fault: Fault
    left: int


class FaultBox:
    """The faults that are armed, each for as many exchanges as its `times` says (1 without one)."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        """Keep a fault for the exchanges to come."""
        self._armed.append(_Armed(fault, getattr(fault, "times", 1)))

    def disarm(self, kind: type[Fault]) -> None:
        """Everything of that kind is well again."""
        self._armed = [each for each in self._armed if not isinstance(each.fault, kind)]

    def standing(self, kind: type[F]) -> F | None:
        """The armed fault of a kind, which stays armed."""
        return next((each.fault for each in self._armed if isinstance(each.fault, kind)), None)

    def take(self, kind: type[F], method: str | None = None) -> F | None:
        """The next armed fault of a kind for that method (or for any), used up once."""
        for armed in self._armed:
            if isinstance(armed.fault, kind) and getattr(armed.fault, "method", None) in (None, method):
                armed.left -= 1
                self._armed = [each for each in self._armed if each.left > 0]
                return armed.fault
        return None


# Web API


@dataclass(frozen=True)
class RateLimited(Fault):
    """The next calls (of one method, or of any) are answered 429 with Retry-After in seconds."""

    method: str | None = None
    times: int = 1
    retry_after: int = 1


@dataclass(frozen=True)
class AnswersError(Fault):
    """The next calls of a method are refused with that error; nothing is stored."""

    method: str
    error: str
    times: int = 1


@dataclass(frozen=True)
class StoredThenFails(Fault):
    """The next calls of a method do their work and then answer that HTTP status; with None, `error` in JSON."""

    method: str
    times: int = 1
    status: int | None = 500
    error: str = "fatal_error"


@dataclass(frozen=True)
class ConnectionCut(Fault):
    """The next calls of a method (or `upload`) do their work, then the connection dies without an answer."""

    method: str
    times: int = 1


@dataclass(frozen=True)
class TriggerExpired(Fault):
    """The next views are refused with expired_trigger_id."""

    times: int = 1


@dataclass(frozen=True)
class TokensDead(Fault):
    """Every call of a workspace is refused: token_revoked, account_inactive, token_expired, …"""

    error: str = "token_revoked"
    team: str = HOME

    async def strike(self, platform: Platform) -> None:
        """At once, without any event."""
        platform.world.workspaces[self.team].tokens.error = self.error


# Files


@dataclass(frozen=True)
class UploadFails(Fault):
    """The next byte POSTs are answered with that HTTP status; nothing is stored."""

    times: int = 1
    status: int = 500


@dataclass(frozen=True)
class FilesInfoLags(Fault):
    """files.info shows neither shares nor mimetype in the first `calls` answers about a file; None: never does."""

    calls: int | None = None


@dataclass(frozen=True)
class FileNotReady(Fault):
    """The next chat.update calls with file_ids are refused (the error's name is not documented)."""

    times: int = 1
    error: str = "file_not_found"


@dataclass(frozen=True)
class FileNotShown(Fault):
    """The next calls that put a file into a message (chat.update, files.completeUploadExternal) answer "ok" and show
    no file: the update's answer says nothing of it (`access` None), or lists it with that `file_access`."""

    times: int = 1
    method: str | None = None
    access: str | None = None


@dataclass(frozen=True)
class AltTextHidesFiles(Fault):
    """As FileNotShown, for as long as it is armed, and only for files that were announced with an alt text."""


# Channels


@dataclass(frozen=True)
class _ChannelFault(Fault):
    channel: str
    team: str = HOME


@dataclass(frozen=True)
class BotRemoved(_ChannelFault):
    """An admin removed the bot from the channel."""

    async def strike(self, platform: Platform) -> None:
        """At once, without any event."""
        workspace = platform.world.workspaces[self.team]
        workspace.channels[self.channel].members.discard(workspace.bot_user)


@dataclass(frozen=True)
class ChannelGone(_ChannelFault):
    """The channel does not exist any more."""

    async def strike(self, platform: Platform) -> None:
        """At once, without any event."""
        platform.world.workspaces[self.team].channels[self.channel].gone = True


@dataclass(frozen=True)
class ChannelArchived(_ChannelFault):
    """The channel takes no more messages."""

    async def strike(self, platform: Platform) -> None:
        """At once, without any event."""
        platform.world.workspaces[self.team].channels[self.channel].archived = True


@dataclass(frozen=True)
class MessageDeleted(Fault):
    """An admin deleted a message."""

    channel: str
    ts: str
    team: str = HOME

    async def strike(self, platform: Platform) -> None:
        """At once; the event goes out if the bot asked for it."""
        posting.remove(platform, platform.world.workspaces[self.team].messages[self.channel, self.ts])


# Deliveries


@dataclass(frozen=True)
class EventsDoubled(Fault):
    """The next events are delivered twice: as a retry with the same event_id, or as new ones (`fresh_id`)."""

    times: int = 1
    fresh_id: bool = False


@dataclass(frozen=True)
class SocketDropped(Fault):
    """Every open socket dies without notice."""

    async def strike(self, platform: Platform) -> None:
        """At once."""
        platform.sockets.drop()


@dataclass(frozen=True)
class DisconnectRequested(Fault):
    """Slack asks for a new connection, as it does every few hours."""

    reason: str = "refresh_requested"

    async def strike(self, platform: Platform) -> None:
        """At once, on every open socket."""
        await platform.sockets.request_disconnect(self.reason)


@dataclass(frozen=True)
class AckLost(Fault):
    """The socket dies when the bot has the next envelope and before its ack counts; the envelope comes again."""

    times: int = 1


@dataclass(frozen=True)
class PongsStop(Fault):
    """Pings of the bot stay unanswered, on the sockets open now; a new one is well."""

    async def strike(self, platform: Platform) -> None:
        """At once."""
        platform.sockets.stop_pongs()


@dataclass(frozen=True)
class ClockSkewed(Fault):
    """HTTP mode: what Slack signs is that many seconds old, from now on. Past five minutes it must be refused."""

    seconds: float = 360.0


@dataclass(frozen=True)
class Unsigned(Fault):
    """HTTP mode: the next deliveries have no signature; the bot must refuse them."""

    times: int = 1


@dataclass(frozen=True)
class WronglySigned(Fault):
    """HTTP mode: the next deliveries are signed with another secret; the bot must refuse them."""

    times: int = 1
