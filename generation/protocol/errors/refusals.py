"""A rule says no: nothing is stored, nothing is spent."""

from datetime import datetime

from generation.protocol.errors.base import FlipbookError
from generation.protocol.inputs.trouble import FileTrouble


class Refused(FlipbookError):
    """A rule says no; nothing was stored and nothing was spent."""


class LimitExceeded(Refused):
    """A server's limit would be passed. ``resets_at`` is None where waiting does not help."""

    def __init__(
        self, limit: str, *, allowed: str, used: str, resets_at: datetime | None = None
    ) -> None:
        super().__init__(f"{limit}: {used} of {allowed}")
        self.limit = limit
        self.allowed = allowed
        self.used = used
        self.resets_at = resets_at


class BudgetExhausted(Refused):
    """The operator's budget over all servers is spent for the ``period``, which ends at
    ``resets_at``."""

    def __init__(self, resets_at: datetime, *, period: str = "day") -> None:
        super().__init__(f"budget of the {period}")
        self.resets_at = resets_at
        self.period = period


class BudgetTooSmall(Refused):
    """The clip costs more than a whole budget, so no waiting helps. ``scope`` says whose:
    ``member``, ``server`` or ``operator``; ``period`` is ``day`` or ``month``."""

    def __init__(self, price: str, *, scope: str, budget: str, period: str = "day") -> None:
        super().__init__(f"{price} of {budget} a {period}")
        self.price = price
        self.scope = scope
        self.budget = budget
        self.period = period


class ServerNotAllowed(Refused):
    """This server is not on the operator's allow-list; ``server`` is what the operator has to add
    to it."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


class Paused(Refused):
    """The operator has paused this server, or all: ``reason`` in his words (may be empty), and
    ``until`` when, if he has said."""

    def __init__(self, reason: str = "", until: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until


class OperatorOnly(Refused):
    """Only the bot's operators may do this."""


class OperatorsPause(Refused):
    """One of the bot's operators has made this pause; a server's admins cannot end or change
    it."""


class MemberNotAllowed(Refused):
    """The server's admins have listed who may ask, and this member is not on the list."""


class RoleNeeded(Refused):
    """The server's admins let only members with one of these roles ask; the platform's ids."""

    def __init__(self, roles: frozenset[str]) -> None:
        super().__init__("role")
        self.roles = roles


class OnlyAgeRestricted(Refused):
    """This server's admins have clips made in its age-restricted channels only."""


class NeverAgeRestricted(Refused):
    """This server's admins have no clips made in its age-restricted channels."""


class ChannelNotAllowed(Refused):
    """The server's admins keep the bot to other channels."""


class UserBlocked(Refused):
    """The server's admins keep this member out."""


class PromptBlocked(Refused):
    """The prompt holds a term that is not allowed in this server."""

    def __init__(self, term: str) -> None:
        super().__init__("blocked term")
        self.term = term


class StyleUnknown(Refused):
    """The server has no style of that name, or no longer; ``known`` are those that it has."""

    def __init__(self, name: str, known: tuple[str, ...] = ()) -> None:
        super().__init__("unknown style")
        self.name = name
        self.known = known


class StyleTooLong(Refused):
    """With the style's words a prompt would be longer than a backend takes: ``field`` may have
    ``allowed`` characters of the member's own, and has ``given``."""

    def __init__(
        self, style: str, field: str = "prompt", *, allowed: int = 0, given: int = 0
    ) -> None:
        super().__init__(f"{field}: {given} of {allowed}")
        self.style = style
        self.field = field
        self.allowed = allowed
        self.given = given


class NotOffered(Refused):
    """No backend offers what the request needs beyond fal's endpoints: ``missing`` are
    values of :class:`generation.protocol.extensions.capabilities.Capability`."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class UnreadableFile(Refused):
    """A clip cannot start from that file; ``trouble`` says why."""

    def __init__(self, trouble: FileTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class DraftGone(Refused):
    """A form that was not taken is no longer kept, or is somebody else's."""


class LastChannel(Refused):
    """The last channel of the allow-list would go, and the bot would answer in every channel."""


class LastAllowed(Refused):
    """The last member or role would go from the list of those who may ask, and everyone might;
    ``topic`` is the command that says so in so many words."""

    def __init__(self, topic: str = "members") -> None:
        super().__init__(topic)
        self.topic = topic


class LedgerUnavailable(Refused):
    """Usage could not be read, so nothing more is allowed (fails closed)."""


class TooManyReports(Refused):
    """A member has made ``allowed`` reports in the last hour."""

    def __init__(self, allowed: int) -> None:
        super().__init__(f"{allowed} reports an hour")
        self.allowed = allowed


class ReportDecided(Refused):
    """An admin has decided about the report already: ``by`` whom (``platform:id``), and the
    ``decision``."""

    def __init__(self, by: str, decision: str) -> None:
        super().__init__(decision)
        self.by = by
        self.decision = decision
