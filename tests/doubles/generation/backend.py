"""A backend whose every answer a test decides: replaces the server side of the queue protocol at the port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from generation import mp4
from generation.domain.job import RequestHandle
from generation.ports import BackendClip, BackendState, BackendUpdate, CancelOutcome, WorkerHealth
from generation.protocol.errors import BackendUnavailable, RequestCancelled
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.progress import Steps
from generation.protocol.request import GenerationRequest

FINISHED = (
    BackendUpdate(BackendState.IN_QUEUE, position=0),
    BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(1, 4)),
    BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0),
)


@cache
def tiny_mp4() -> bytes:
    """Two frames of 64 × 64: the smallest real clip."""
    return mp4.encode(np.zeros((2, 64, 64, 3), np.uint8), 8)


@dataclass
class ScriptedBackend:
    """Answers as told. ``refusals`` are raised by the next submissions, in order; ``updates`` is what every watch
    yields; ``troubles[verb]`` are raised, in order, by the next calls of ``watch``, ``result``, ``fetch``, ``cancel``.
    """

    name: str = "worker"
    resubmits_safely: bool = True
    refusals: list[Exception] = field(default_factory=list)
    updates: tuple[BackendUpdate, ...] = FINISHED
    troubles: dict[str, list[Exception]] = field(default_factory=dict)
    video: bytes = field(default_factory=tiny_mp4)
    made_by: str | None = None
    """What its results say made the clip."""
    renders_with: str | None = "animatediff"
    """What it says it renders with at present."""
    renders_at_once: int | None = 64
    """How many clips it says that it renders at once."""
    offers: frozenset[Capability] = frozenset()
    """What it says that it offers beyond fal's endpoints."""
    tells: WorkerHealth | None = None
    """What it tells of itself."""
    away: bool = False
    """Set: nothing reaches it."""
    leaves: bool = False
    hold: asyncio.Event | None = None
    """Set: watches wait for it before their last update."""
    submissions: list[tuple[str, GenerationRequest]] = field(default_factory=list)
    webhooks: list[str | None] = field(default_factory=list)
    shares: list[str | None] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    shapes_to_compile: int = 0
    on_submit: Callable[[], None] | None = None
    _requests: dict[str, str] = field(default_factory=dict)

    async def engine(self) -> str | None:
        self._maybe_raise("engine")
        return self.renders_with

    def leave_during_watch(self) -> None:
        """Be away from the end of the next watch on: it breaks off before it is completed."""
        self.leaves = True

    def come_back(self) -> None:
        """Be there again."""
        self.leaves = self.away = False
        self.updates = FINISHED

    async def places(self) -> int | None:
        self._maybe_raise("places")
        return self.renders_at_once

    async def capabilities(self) -> frozenset[Capability]:
        self._maybe_raise("capabilities")
        return self.offers

    async def compiling(self) -> int:
        return self.shapes_to_compile

    async def health(self) -> WorkerHealth | None:
        self._maybe_raise("health")
        return self.tells

    async def submit(
        self,
        request: GenerationRequest,
        *,
        idempotency_key: str,
        webhook_url: str | None = None,
        share: str | None = None,
    ) -> str:
        self.submissions.append((idempotency_key, request))
        self.webhooks.append(webhook_url)
        self.shares.append(share)
        if self.on_submit is not None:
            self.on_submit()
        if self.away:
            raise BackendUnavailable(self.name, "away")
        if self.refusals:
            raise self.refusals.pop(0)
        return self._requests.setdefault(idempotency_key, f"request-{len(self._requests) + 1}")

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        self._maybe_raise("watch")
        for update in self.updates:
            if self.leaves and update.state is BackendState.COMPLETED:
                break
            if update.state is BackendState.COMPLETED and self.hold is not None:
                await self.hold.wait()
            yield update
        if self.leaves:
            self.away = True
            raise BackendUnavailable(self.name, "left")

    async def result(self, handle: RequestHandle) -> BackendClip:
        self._maybe_raise("result")
        if handle.request_id in self.cancelled:
            raise RequestCancelled(self.name)
        return BackendClip(f"http://127.0.0.1/files/{handle.request_id}.mp4", seed=1, engine=self.made_by)

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        self._maybe_raise("cancel")
        self.cancelled.append(handle.request_id)
        if self.hold is not None:
            self.hold.set()
        return CancelOutcome.REQUESTED

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        self._maybe_raise("fetch")
        destination.write_bytes(self.video)
        return len(self.video)

    def _maybe_raise(self, verb: str) -> None:
        if self.away:
            raise BackendUnavailable(self.name, "away")
        if self.troubles.get(verb):
            raise self.troubles[verb].pop(0)
