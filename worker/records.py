"""What the worker knows of one request, and the moves that a request can make.

    IN_QUEUE ── started ──► IN_PROGRESS ── finished ──► COMPLETED
        ▲                        │
        └──── interrupted ───────┘            IN_QUEUE ── finished (cancelled, too late, invalid) ──► COMPLETED

A record never changes; every move gives a new one. Whoever keeps it saves the new one before anybody may see it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from generation.request import Endpoint, GenerationRequest
from generation.wire import ErrorBody, LogEntry, RequestState

MAX_ATTEMPTS: Final = 2
"""A request that was running when the worker died is run once more; then it is the suspect."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip: its file's name in the storage, its size in bytes, the seed and the engine that made it.

    ``engine`` is empty for clips of workers that did not write it down yet.
    """

    file_name: str
    size: int
    seed: int
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no clip: the result's status code and body, and what the status says of it."""

    http_status: int
    body: ErrorBody
    error: str
    error_type: str


Ending = Clip | Failure


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The caller's own name for a submission, and a digest of what was submitted under it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller asked for beside the input. ``start_by``: not worth rendering if it has not begun by then."""

    low_priority: bool = False
    start_by: datetime | None = None
    may_run_again: bool = True
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``owner`` is the id of the key that submitted it, ``input`` is None where it was not valid."""

    id: str
    owner: str
    endpoint: Endpoint
    input: GenerationRequest | None
    created_at: datetime
    wishes: Wishes = Wishes()
    state: RequestState = RequestState.IN_QUEUE
    attempts: int = 0
    cancel_requested: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    ending: Ending | None = None

    @property
    def open(self) -> bool:
        """True until the request has ended, one way or another."""
        return self.state is not RequestState.COMPLETED

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, from its start to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    def started(self, now: datetime) -> Self:
        """The engine begins; counts as an attempt."""
        return replace(self, state=RequestState.IN_PROGRESS, attempts=self.attempts + 1, started_at=now)

    def cancelling(self) -> Self:
        """The caller wants no clip any more; until the engine lets go, it is still in progress."""
        return replace(self, cancel_requested=True)

    def finished(self, ending: Ending, now: datetime) -> Self:
        """It ended, with a clip or without."""
        return replace(self, state=RequestState.COMPLETED, ending=ending, finished_at=now)

    def interrupted(self) -> Self:
        """The worker died under it; back into the queue, at its old place."""
        return replace(self, state=RequestState.IN_QUEUE, started_at=None)

    def put_back(self) -> Self:
        """The worker itself was told to stop; back into the queue as if it had never begun."""
        return replace(self.interrupted(), attempts=self.attempts - 1)


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it lies in the database, with what its render said."""

    request: Request
    logs: tuple[LogEntry, ...] = ()
