"""Wrappers of the product's ports that report each point of a job's life, so that a process can be killed there."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobStatus, RequestHandle
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import Backend, BackendClip, BackendState, BackendUpdate, DeliveryPayload, Messenger, SaveNote
from generation.protocol.progress import Progress
from generation.protocol.request import GenerationRequest

CHANNEL = ChannelRef(ServerRef(Platform.DISCORD, "1"), "2")
MEMBER = UserRef(Platform.DISCORD, "3")
REQUEST = {"prompt": "a boat", "seed": 7, "num_frames": 4, "num_inference_steps": 6}
SIZE = {"width": 64, "height": 64}

BEFORE_THE_ANSWER = frozenset({"before insert", "after insert"})


class PointObserver(Protocol):
    """Receives each point that a job reaches."""

    async def reached(self, point: str) -> None:
        """The job has reached this point; it goes on when this returns."""
        ...

    def answered(self) -> None:
        """The first answer is recorded."""
        ...


class Killer:
    """Kills, once, when the point is reached; later points wait until the first answer is recorded."""

    def __init__(self, folder: Path, point: str, victim: str) -> None:
        self._folder = folder
        self._point = point
        self._victim = victim
        self._done = folder / "killed"
        self._answered = asyncio.Event()

    async def reached(self, point: str) -> None:
        """Kill the bot, the worker or both, unless that has happened before."""
        if point != self._point or self._done.exists():
            return
        if point not in BEFORE_THE_ANSWER:
            await self._answered.wait()
        self._done.touch()
        if self._victim in {"worker", "both"}:
            os.kill(json.loads((self._folder / "data/worker/endpoint.json").read_bytes())["pid"], signal.SIGKILL)
        if self._victim in {"bot", "both"}:
            os.kill(os.getpid(), signal.SIGKILL)

    def answered(self) -> None:
        """The first answer is recorded."""
        self._answered.set()


class ObservedStore:
    """The store; reports before and after the commits that matter."""

    def __init__(self, store: Any, observer: PointObserver) -> None:
        self._store = store
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self._store.transaction(*urgency) as tx:
            seen = ObservedTransaction(tx, self._observer)
            yield seen
        if seen.has_message:
            self._observer.answered()
        if JobStatus.PENDING in seen.added:
            await self._observer.reached("after insert")
        if JobStatus.SUBMITTING in seen.saved:
            await self._observer.reached("after SUBMITTING")
        if JobStatus.SUCCEEDED in seen.saved:
            await self._observer.reached("after SUCCEEDED, before delivery")


class ObservedTransaction:
    """A transaction that records which statuses were written, and whether a job got its message."""

    def __init__(self, tx: Any, observer: PointObserver) -> None:
        self._tx = tx
        self._observer = observer
        self.added: list[JobStatus] = []
        self.saved: list[JobStatus] = []
        self.has_message = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def add_job(self, job: Job, delivery: Delivery, lease: Any) -> None:
        await self._observer.reached("before insert")
        await self._tx.add_job(job, delivery, lease)
        self.added.append(job.status)

    async def save_job(self, job: Job, *, was: Job) -> None:
        await self._tx.save_job(job, was=was)
        self.saved.append(job.status)

    async def save_delivery(self, delivery: Delivery) -> None:
        await self._tx.save_delivery(delivery)
        self.has_message |= delivery.message is not None

    async def show_open_delivery(self, *record: Any) -> bool:
        is_open = bool(await self._tx.show_open_delivery(*record))
        self.has_message |= is_open
        return is_open


class ObservedBackend:
    """The backend; reports after its answers, before anything follows from them."""

    def __init__(self, backend: Backend, observer: PointObserver) -> None:
        self._backend = backend
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def submit(self, request: GenerationRequest, **keywords: Any) -> str:
        request_id = await self._backend.submit(request, **keywords)
        await self._observer.reached("after POST, before save")
        return request_id

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        await self._observer.reached("while QUEUED")
        async for update in self._backend.watch(handle):
            yield update
            if update.state is BackendState.IN_PROGRESS:
                await self._observer.reached("while RUNNING")

    async def result(self, handle: RequestHandle) -> BackendClip:
        clip = await self._backend.result(handle)
        await self._observer.reached("after COMPLETED, before download")
        return clip


class ObservedMessenger:
    """The messenger; reports when the outcome is in the channel and not yet recorded."""

    def __init__(self, messenger: Messenger, observer: PointObserver) -> None:
        self._messenger = messenger
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def deliver(self, payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
        message = await self._messenger.deliver(payload, step, note)
        await self._observer.reached("after delivery, before SENT")
        return message


class FileChannel:
    """A channel in a folder: a message is a file, an edit replaces it, and every message stays visible."""

    platform = Platform.DISCORD
    seconds_between_edits = 0.1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return ("edit",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        return None

    async def deliver(self, payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
        message = payload.delivery.message or MessageRef(CHANNEL, f"new-{os.getpid()}")
        body = payload.video.read_bytes() if payload.video else repr(payload.job.failure).encode()
        (self._folder / f"{message.id}.mp4").write_bytes(body)
        return message
