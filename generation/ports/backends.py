"""The interface to what makes clips."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from generation.domain.job import RequestHandle
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.progress import PreviewFrame, Steps
from generation.protocol.request import GenerationRequest


class BackendState(StrEnum):
    """The three states of the queue protocol."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class BackendUpdate:
    """One status of a request. ``position`` counts the requests before it, ``inference_seconds``
    comes with COMPLETED, ``preview`` and ``eta_seconds`` only from some backends."""

    state: BackendState
    position: int | None = None
    steps: Steps | None = None
    inference_seconds: float | None = None
    preview: PreviewFrame | None = None
    # an estimate that moves is no change: each poll would be one
    eta_seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BackendClip:
    """A finished clip at the backend; ``url`` serves its MP4. Without ``seed`` it is the request's;
    ``engine`` is the backend's name for what rendered the clip."""

    url: str
    seed: int | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    engine: str | None = None


class CancelOutcome(StrEnum):
    """A backend's answer to a cancellation."""

    REQUESTED = "requested"
    ALREADY_COMPLETED = "already_completed"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """What a worker tells of itself, for the operator; empty or None where it does not. Memory in
    bytes; ``free`` is what work could take."""

    status: str = ""
    engine: str = ""
    why: str = ""
    device: str | None = None
    version: str = ""
    places: int | None = None
    active: int | None = None
    waiting: int | None = None
    memory_total: int | None = None
    memory_free: int | None = None
    models: tuple[str, ...] = ()
    compiling: int = 0
    """Shapes of clips that it has yet to compile."""


class Backend(Protocol):
    """A server of fal's queue protocol. Methods raise generation.protocol.errors.BackendError."""

    @property
    def name(self) -> str:
        """``fal`` or ``worker``."""

    @property
    def resubmits_safely(self) -> bool:
        """Whether repeating a submission under its idempotency key makes no second request."""

    async def engine(self) -> str | None:
        """The backend's name for what renders there now; None where it does not report it."""

    async def places(self) -> int | None:
        """How many clips render there at once; None where it does not report it."""

    async def capabilities(self) -> frozenset[Capability]:
        """What it offers beyond fal's endpoints now; nothing where it does not report it."""

    async def compiling(self) -> int:
        """How many shapes of clips it has yet to compile; 0 where it does not report it."""

    async def health(self) -> WorkerHealth | None:
        """What it tells of itself; None where it does not report it."""

    async def submit(
        self,
        request: GenerationRequest,
        *,
        idempotency_key: str,
        webhook_url: str | None = None,
        share: str | None = None,
    ) -> str:
        """Queue a request; returns the request id. ``share`` names whose share it is counted in,
        where the backend shares out what we send.

        Raises BackendUnavailable or BackendBusy only when the backend certainly accepted nothing,
        SubmissionOutcomeUnknown when that is not known.
        """

    def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        """Every change of status, COMPLETED last. Reconnects when a stream breaks."""

    async def result(self, handle: RequestHandle) -> BackendClip:
        """The finished clip. Raises the request's own error when there is none."""

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """Ask the backend to stop a request; it may still complete."""

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        """Download the MP4 to a file; returns its size in bytes."""
