"""Ports with a death inside: around the product's own, each says where a job has got to, and somebody may die there."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from generation.delivery import Delivery
from generation.job import Job, JobStatus, RequestHandle
from generation.places import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import Backend, BackendState, BackendUpdate, Clip, Messenger, Noter, Parcel
from generation.progress import Progress
from generation.request import GenerationRequest

CHANNEL = ChannelRef(ServerRef(Platform.DISCORD, "1"), "2")
MEMBER = UserRef(Platform.DISCORD, "3")
REQUEST = {"prompt": "a boat", "seed": 7, "num_frames": 4, "num_inference_steps": 6}
SIZE = {"width": 64, "height": 64}

BEFORE_THE_ANSWER = frozenset({"before insert", "after insert"})


class Watcher(Protocol):
    """Whoever wants to know where a job has got to."""

    async def reached(self, point: str) -> None:
        """The job is there; it goes on when this returns."""
        ...

    def answered(self) -> None:
        """The first answer is recorded."""
        ...


class Grim:
    """Kills, once, when the point is reached. The first answer is recorded by then, except where it comes later."""

    def __init__(self, folder: Path, point: str, victim: str) -> None:
        self._folder = folder
        self._point = point
        self._victim = victim
        self._done = folder / "killed"
        self._answered = asyncio.Event()

    async def reached(self, point: str) -> None:
        """Die here, or let the worker die here, unless that has happened before."""
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


class MortalStore:
    """The store; dies around the commits that matter."""

    def __init__(self, store: Any, watcher: Watcher) -> None:
        self._store = store
        self._watcher = watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self._store.transaction(*urgency) as tx:
            seen = Seen(tx, self._watcher)
            yield seen
        if seen.shows:
            self._watcher.answered()
        if JobStatus.PENDING in seen.added:
            await self._watcher.reached("after insert")
        if JobStatus.SUBMITTING in seen.saved:
            await self._watcher.reached("after SUBMITTING")
        if JobStatus.SUCCEEDED in seen.saved:
            await self._watcher.reached("after SUCCEEDED, before delivery")


class Seen:
    """A transaction that remembers which statuses were written, and whether a job has its message now."""

    def __init__(self, tx: Any, watcher: Watcher) -> None:
        self._tx = tx
        self._watcher = watcher
        self.added: list[JobStatus] = []
        self.saved: list[JobStatus] = []
        self.shows = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def add_job(self, job: Job, delivery: Delivery, lease: Any) -> None:
        await self._watcher.reached("before insert")
        await self._tx.add_job(job, delivery, lease)
        self.added.append(job.status)

    async def save_job(self, job: Job, *, was: Job) -> None:
        await self._tx.save_job(job, was=was)
        self.saved.append(job.status)

    async def save_delivery(self, delivery: Delivery) -> None:
        await self._tx.save_delivery(delivery)
        self.shows |= delivery.message is not None


class MortalBackend:
    """The backend; dies between its answers and what follows from them."""

    def __init__(self, backend: Backend, watcher: Watcher) -> None:
        self._backend = backend
        self._watcher = watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def submit(self, request: GenerationRequest, **keywords: Any) -> str:
        request_id = await self._backend.submit(request, **keywords)
        await self._watcher.reached("after POST, before save")
        return request_id

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        await self._watcher.reached("while QUEUED")
        async for update in self._backend.watch(handle):
            yield update
            if update.state is BackendState.IN_PROGRESS:
                await self._watcher.reached("while RUNNING")

    async def result(self, handle: RequestHandle) -> Clip:
        clip = await self._backend.result(handle)
        await self._watcher.reached("after COMPLETED, before download")
        return clip


class MortalMessenger:
    """The messenger; dies when the outcome is in the channel and nobody has written that down."""

    def __init__(self, messenger: Messenger, watcher: Watcher) -> None:
        self._messenger = messenger
        self._watcher = watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        message = await self._messenger.deliver(parcel, rung, note)
        await self._watcher.reached("after delivery, before SENT")
        return message


class FileChannel:
    """A channel in a folder: a message is a file, an edit replaces it, and every one that was made stays visible."""

    platform = Platform.DISCORD
    seconds_between_edits = 0.1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return ("edit",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        return None

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        message = parcel.delivery.message or MessageRef(CHANNEL, f"new-{os.getpid()}")
        body = parcel.video.read_bytes() if parcel.video else repr(parcel.job.failure).encode()
        (self._folder / f"{message.id}.mp4").write_bytes(body)
        return message
