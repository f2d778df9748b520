"""The worker's record of one request, and the transitions that it can make.

    IN_QUEUE ── started ──► IN_PROGRESS ── finished ──► COMPLETED
        ▲                        │
        └─ interrupted, requeued ┘

    IN_QUEUE ── finished (cancelled, too late, invalid) ──► COMPLETED

A record is immutable; every transition returns a new one. It is saved before any caller sees it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from generation.protocol.fairness import NO_SHARE, Lanes
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import ErrorBody, LogEntry, RequestState

MAX_ATTEMPTS: Final = 2
"""A request that was running when the worker died is run a second time; if the worker dies again,
the request is taken to be the cause and fails."""


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A finished clip: its file name in the clip storage, its size in bytes, the seed and the
    engine that made it.

    ``engine`` is empty for clips of older workers, which did not store it.
    """

    file_name: str
    size: int
    seed: int
    engine: str = ""


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """Why there is no clip: status code and body of the result, and the error that the status
    shows."""

    http_status: int
    body: ErrorBody
    error: str
    error_type: str


Outcome = StoredClip | RequestFailure


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The caller's idempotency key, and a digest of what was submitted under it."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What a caller asked for besides the input. A request that has not started at ``start_by``
    fails; ``share`` are the lanes in its caller's key that it belongs to."""

    low_priority: bool = False
    start_by: datetime | None = None
    may_run_again: bool = True
    webhook: str | None = None
    share: Lanes = NO_SHARE


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``owner`` is the id of the key that submitted it; ``input`` is None where it was
    not valid."""

    id: str
    owner: str
    endpoint: Endpoint
    input: GenerationRequest | None
    created_at: datetime
    options: RequestOptions = RequestOptions()
    state: RequestState = RequestState.IN_QUEUE
    attempts: int = 0
    cancel_requested: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def open(self) -> bool:
        """True until the request has ended, with or without a clip."""
        return self.state is not RequestState.COMPLETED

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, from its start to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    def started(self, now: datetime) -> Self:
        """The engine begins; this counts as an attempt."""
        return replace(
            self, state=RequestState.IN_PROGRESS, attempts=self.attempts + 1, started_at=now
        )

    def cancelling(self) -> Self:
        """The caller cancelled it; it stays in progress until the engine has dropped it."""
        return replace(self, cancel_requested=True)

    def finished(self, outcome: Outcome, now: datetime) -> Self:
        """It ended, with a clip or without."""
        return replace(self, state=RequestState.COMPLETED, outcome=outcome, finished_at=now)

    def interrupted(self) -> Self:
        """The worker died while rendering it; back to its old place in the queue."""
        return replace(self, state=RequestState.IN_QUEUE, started_at=None)

    def requeued(self) -> Self:
        """The worker was told to stop; back in the queue, and the attempt does not count."""
        # stopping the worker is the operator's doing, not the request's
        return replace(self.interrupted(), attempts=self.attempts - 1)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as the database holds it, with its render's log lines."""

    request: Request
    logs: tuple[LogEntry, ...] = ()
