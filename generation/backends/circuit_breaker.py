"""A circuit breaker per backend: whether it may be asked now, since when it is in trouble, and of
what kind.

Closed: all is well. Open: it failed, and nothing is submitted until a moment. Half-open: that
moment has come, and one submission may try. Only trouble of the backend itself counts: a backend
that refuses one input works.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendStarting,
    BackendUnavailable,
    CredentialsRejected,
    SubmissionOutcomeUnknown,
)
from generation.protocol.messages import mark

FAIL_OVER_AFTER: Final = 30.0
"""Seconds of trouble after which a backend's waiting jobs go to the next one: a restart takes
less."""
_PROBE: Final = 15.0
"""Seconds for which one submission may try a failed backend before another one may."""


class Trouble(StrEnum):
    """What is wrong with a backend, as the end of a sentence about it."""

    AWAY = mark("cannot be reached")
    STARTING = mark("is starting")
    NOT_READY = mark("takes no clips at the moment")
    BUSY = mark("is busy")
    KEY = mark("does not accept the operator's key")
    ACCOUNT = mark("does not accept the operator's account")


class Circuit(StrEnum):
    """Whether submissions may pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


_TROUBLES: Final[tuple[tuple[type[BackendError], Trouble], ...]] = (
    (BackendNotReady, Trouble.NOT_READY),
    (BackendStarting, Trouble.STARTING),
    (BackendUnavailable, Trouble.AWAY),
    (SubmissionOutcomeUnknown, Trouble.AWAY),
    (BackendBusy, Trouble.BUSY),
    (CredentialsRejected, Trouble.KEY),
    (AccountLocked, Trouble.ACCOUNT),
)


def trouble_of(error: BackendError) -> Trouble | None:
    """What an error says about the backend itself; None where it is about one request only."""
    return next((trouble for cls, trouble in _TROUBLES if isinstance(error, cls)), None)


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """The state of one backend's circuit. Pure.

    ``since`` is when the trouble began, ``until`` when the next submission may try, and
    ``probing_until`` how long the submission that tries now is waited for.
    """

    trouble: Trouble | None = None
    since: datetime | None = None
    until: datetime | None = None
    probing_until: datetime | None = None

    def circuit(self, now: datetime) -> Circuit:
        """The state of the circuit at ``now``."""
        if self.trouble is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self.until is not None and now < self.until else Circuit.HALF_OPEN

    def admits(self, now: datetime) -> bool:
        """Whether one more submission may pass now."""
        match self.circuit(now):
            case Circuit.CLOSED:
                return True
            case Circuit.OPEN:
                return False
            case Circuit.HALF_OPEN:
                return self.probing_until is None or self.probing_until <= now

    def seconds_in_trouble(self, now: datetime) -> float:
        """How long it has accepted nothing; 0 when all is well."""
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())

    def tried(self, now: datetime, seconds: float) -> Self:
        """A submission is under way; on a circuit in trouble no other may try for ``seconds``."""
        probing_until = None if self.trouble is None else now + timedelta(seconds=seconds)
        return replace(self, probing_until=probing_until)

    def failed(self, trouble: Trouble, now: datetime, seconds: float) -> Self:
        """It has that trouble now: nothing passes for ``seconds``."""
        until = now + timedelta(seconds=seconds)
        # of two failures side by side the longer pause holds
        if self.until is not None and self.trouble is not None:
            until = max(until, self.until)
        return replace(
            self, trouble=trouble, since=self.since or now, until=until, probing_until=None
        )

    def answered(self) -> Self:
        """It answered, so it is not away; whether it takes submissions is another matter."""
        is_over = self.trouble in {Trouble.AWAY, Trouble.STARTING}
        return type(self)() if is_over else self

    def accepted(self) -> Self:
        """It took a submission, or refused one for its input: all is well."""
        return type(self)()


class Breakers:
    """The breakers of a process, by backend, in the operator's order.

    ``retry`` bounds the pause before a failed backend is tried again.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        clock: Clock,
        retry: Backoff = Backoff(),  # noqa: B008 - a frozen value
    ) -> None:
        self._clock = clock
        self._retry = retry
        self._all = {name: CircuitBreaker() for name in names}

    def __getitem__(self, name: str) -> CircuitBreaker:
        return self._all.get(name, CircuitBreaker())

    def __setitem__(self, name: str, breaker: CircuitBreaker) -> None:
        self._all[name] = breaker

    @property
    def all(self) -> Mapping[str, CircuitBreaker]:
        """Every backend's breaker, by the backend's name."""
        return MappingProxyType(self._all)

    def admits(self, name: str) -> bool:
        """Whether one more submission to that backend may pass now."""
        return self[name].admits(self._clock.now())

    def tried(self, name: str) -> None:
        """A submission to that backend begins."""
        self[name] = self[name].tried(self._clock.now(), _PROBE)

    def accepted(self, name: str) -> None:
        """The backend took a submission, or refused one for its input."""
        self[name] = self[name].accepted()

    def answered(self, name: str) -> None:
        """The backend answered about one of our requests."""
        self[name] = self[name].answered()

    def failed(self, name: str, error: BackendError) -> Trouble | None:
        """The backend gave an error; returns what that says of the backend itself, if anything."""
        trouble, now = trouble_of(error), self._clock.now()
        if trouble is None:
            self.accepted(name)
        else:
            self[name] = self[name].failed(trouble, now, self._pause(self[name], error, now))
        return trouble

    def lost(self, name: str, error: BackendError) -> None:
        """The backend cannot be asked about one of our requests."""
        # a known trouble stays as it is: watches that fail every second would otherwise postpone
        # the next try again and again
        if self[name].trouble is None:
            self.failed(name, error)

    def _pause(self, breaker: CircuitBreaker, error: BackendError, now: datetime) -> float:
        """Seconds until the next try: as long as the trouble has lasted, so pauses double."""
        if isinstance(error, BackendStarting):
            # nothing is sent to ask it, and it may be ready at any moment
            return self._retry.first
        pause = max(self._retry.first, breaker.seconds_in_trouble(now))
        if isinstance(error, BackendBusy) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        return min(self._retry.longest, pause)
