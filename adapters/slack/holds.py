"""What is known before a call is made: whether the token is dead, and which methods Slack has
answered with 429."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog

from adapters.slack.errors import AppRemoved, SlackDelayed, TokenDead, slowed_down
from generation.protocol.clock import Clock

_PER_CHANNEL = frozenset({"chat.postMessage"})
"""Methods that Slack limits by channel, which :class:`PostSlots` knows; the others by workspace."""


class MethodHolds:
    """The methods of one workspace that Slack refuses for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}

    @contextmanager
    def held(self, method: str) -> Iterator[None]:
        """Around one call. Raises SlackDelayed at once while the method is held; notes a new
        refusal."""
        until = self._until.get(method)
        if until is not None:
            left = (until - self._clock.now()).total_seconds()
            if left > 0:
                raise slowed_down(left)
            del self._until[method]
        try:
            yield
        except SlackDelayed as error:
            if error.is_rate_limit and method not in _PER_CHANNEL:
                pause = timedelta(seconds=error.retry_after or 1.0)
                self._until[method] = self._clock.now() + pause
            raise


class TokenHealth:
    """Whether the bot token works: ``dead`` is why nothing more is sent, ``dead_since`` since when,
    ``worked_at`` the time of the last call that worked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.dead: TokenDead | AppRemoved | None = None
        self.dead_since: datetime | None = None
        self.worked_at = datetime.min.replace(tzinfo=UTC)
        self._log = structlog.get_logger("flipbook.slack")

    def check(self) -> None:
        """Raises TokenDead or AppRemoved."""
        if self.dead is not None:
            # a new object, because the old one has a traceback
            raise type(self.dead)(self.dead.code)

    def works(self) -> None:
        """A call has just worked."""
        self.worked_at = self._clock.now()

    def silence(self, error: TokenDead | AppRemoved) -> None:
        """Nothing more is sent: the token is dead, or the app was removed."""
        if self.dead is None:
            self._log.warning(
                "Slack takes nothing more from the bot", reason=error.reason, code=error.code
            )
            self.dead_since = self._clock.now()
        # a removal revokes the token as well; whichever is reported last, the removal counts
        if not isinstance(self.dead, AppRemoved):
            self.dead = error

    def revive(self) -> None:
        """The dead token works again."""
        self._log.info("Slack accepts the bot's token again")
        self.dead = self.dead_since = None
