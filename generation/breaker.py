"""A circuit breaker per backend: whether it may be asked now, since when it is in trouble, and of what kind. Pure.

Closed: all is well. Open: it failed, and nothing is submitted until a moment. Half-open: that moment has come, and one
submission may try. Only trouble of the backend counts; that it refuses one input is no trouble but a sign of life.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendUnavailable,
    CredentialsRejected,
    SubmissionOutcomeUnknown,
)

GIVES_WAY_AFTER: Final = 30.0
"""Seconds of trouble after which a backend's waiting jobs go to the next one: a restart takes less."""


class Trouble(StrEnum):
    """What is wrong with a backend, as the end of a sentence about it."""

    AWAY = "cannot be reached"
    NOT_READY = "takes no clips at the moment"
    BUSY = "is busy"
    ACCOUNT = "does not accept the operator's account"


class Circuit(StrEnum):
    """Whether submissions may pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


_TROUBLES: Final[tuple[tuple[type[BackendError], Trouble], ...]] = (
    (BackendNotReady, Trouble.NOT_READY),
    (BackendUnavailable, Trouble.AWAY),
    (SubmissionOutcomeUnknown, Trouble.AWAY),
    (BackendBusy, Trouble.BUSY),
    (CredentialsRejected, Trouble.ACCOUNT),
    (AccountLocked, Trouble.ACCOUNT),
)


def trouble_of(error: BackendError) -> Trouble | None:
    """What an error says of the backend itself; None where it speaks of one request only."""
    return next((trouble for cls, trouble in _TROUBLES if isinstance(error, cls)), None)


@dataclass(frozen=True, slots=True)
class Breaker:
    """One backend's circuit. ``since`` is when the trouble began, ``until`` when the next submission may try, and
    ``probing_until`` how long the one that tries now is waited for."""

    trouble: Trouble | None = None
    since: datetime | None = None
    until: datetime | None = None
    probing_until: datetime | None = None

    def circuit(self, now: datetime) -> Circuit:
        """How it stands."""
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
        """How long nothing has been accepted; 0 when all is well."""
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())

    def tried(self, now: datetime, seconds: float) -> Self:
        """A submission is under way; while it tries a circuit in trouble, no other may for so many seconds."""
        return self if self.trouble is None else replace(self, probing_until=now + timedelta(seconds=seconds))

    def failed(self, trouble: Trouble, now: datetime, seconds: float) -> Self:
        """There is trouble, of that kind now: nothing passes for so many seconds."""
        until = now + timedelta(seconds=seconds)
        if self.until is not None and self.trouble is not None:
            until = max(until, self.until)
        return replace(self, trouble=trouble, since=self.since or now, until=until, probing_until=None)

    def answered(self) -> Self:
        """It spoke to us, so it is not away; whether it takes submissions is another matter."""
        return type(self)() if self.trouble is Trouble.AWAY else self

    def accepted(self) -> Self:
        """It took a submission, or refused one for what it asked for: all is well."""
        return type(self)()


class Breakers:
    """The breakers of a process, by backend, in the operator's order."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._all = {name: Breaker() for name in names}

    def __getitem__(self, name: str) -> Breaker:
        return self._all.get(name, Breaker())

    def __setitem__(self, name: str, breaker: Breaker) -> None:
        self._all[name] = breaker

    @property
    def all(self) -> Mapping[str, Breaker]:
        """Every backend's, as it stands."""
        return MappingProxyType(self._all)
