"""The bot of the crash matrix: the product's own parts, with the ports wrapped so that it dies at a chosen point.

Run as ``python bot_under_test.py FOLDER POINT VICTIM [ORIGIN]``. It submits one job when ORIGIN is given, works until
SIGTERM, and writes its messages to ``FOLDER/channel`` the way a platform keeps them: one file per message, edited.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App, Ports, Role, open_app
from bot.logging import configure_logging
from bot.run import Process, only_one, owner_of
from bot.settings import LogFormat, LogLevel, load_settings
from generation.delivery import Delivery
from generation.job import Job, JobStatus, RequestHandle
from generation.places import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import Backend, BackendState, BackendUpdate, Clip, Noter, Parcel
from generation.progress import Progress
from generation.request import GenerationRequest
from generation.service import Ask

CHANNEL = ChannelRef(ServerRef(Platform.DISCORD, "1"), "2")
MEMBER = UserRef(Platform.DISCORD, "3")
REQUEST = {"prompt": "a boat", "seed": 7, "num_frames": 4, "num_inference_steps": 6}
SIZE = {"width": 64, "height": 64}


class Grim:
    """Kills, once, when the point is reached."""

    def __init__(self, folder: Path, point: str, victim: str) -> None:
        self._folder = folder
        self._point = point
        self._victim = victim
        self._done = folder / "killed"

    def reached(self, point: str) -> None:
        """Die here, or let the worker die here, unless that has happened before."""
        if point != self._point or self._done.exists():
            return
        self._done.touch()
        if self._victim in {"worker", "both"}:
            os.kill(json.loads((self._folder / "data/worker/endpoint.json").read_bytes())["pid"], signal.SIGKILL)
        if self._victim in {"bot", "both"}:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """The store; dies after the commits that matter."""

    def __init__(self, store: Any, grim: Grim) -> None:
        self._store = store
        self._grim = grim

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self._store.transaction(*urgency) as tx:
            seen = Seen(tx)
            yield seen
        if JobStatus.PENDING in seen.added:
            self._grim.reached("after insert")
        if JobStatus.SUBMITTING in seen.saved:
            self._grim.reached("after SUBMITTING")
        if JobStatus.SUCCEEDED in seen.saved:
            self._grim.reached("after SUCCEEDED, before delivery")


class Seen:
    """A transaction that remembers which statuses were written."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.added: list[JobStatus] = []
        self.saved: list[JobStatus] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def add_job(self, job: Job, delivery: Delivery, lease: Any) -> None:
        await self._tx.add_job(job, delivery, lease)
        self.added.append(job.status)

    async def save_job(self, job: Job, *, was: Job) -> None:
        await self._tx.save_job(job, was=was)
        self.saved.append(job.status)


class MortalBackend:
    """The backend; dies between its answers and what follows from them."""

    def __init__(self, backend: Backend, grim: Grim) -> None:
        self._backend = backend
        self._grim = grim

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def submit(self, request: GenerationRequest, **keywords: Any) -> str:
        request_id = await self._backend.submit(request, **keywords)
        self._grim.reached("after POST, before save")
        return request_id

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        self._grim.reached("while QUEUED")
        async for update in self._backend.watch(handle):
            yield update
            if update.state is BackendState.IN_PROGRESS:
                self._grim.reached("while RUNNING")

    async def result(self, handle: RequestHandle) -> Clip:
        clip = await self._backend.result(handle)
        self._grim.reached("after COMPLETED, before download")
        return clip


class FileChannel:
    """A channel in a folder: a message is a file, an edit replaces it, and every one that was made stays visible."""

    platform = Platform.DISCORD
    seconds_between_edits = 0.1

    def __init__(self, folder: Path, grim: Grim) -> None:
        self._folder = folder
        self._grim = grim

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return ("edit",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        return None

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        message = parcel.delivery.message or MessageRef(CHANNEL, f"new-{os.getpid()}")
        body = parcel.video.read_bytes() if parcel.video else repr(parcel.job.failure).encode()
        (self._folder / f"{message.id}.mp4").write_bytes(body)
        self._grim.reached("after delivery, before SENT")
        return message


async def main(folder: Path, point: str, victim: str, origin: str | None) -> None:
    (folder / "channel").mkdir(exist_ok=True)
    grim = Grim(folder, point, victim)
    settings = load_settings(data_dir=folder / "data", web_port=0, engine="preview", preview_step_seconds=0.05)
    configure_logging(LogFormat.JSON, LogLevel.INFO)

    def arrange(ports: Ports) -> Ports:
        return replace(
            ports,
            store=MortalStore(ports.store, grim),  # type: ignore[arg-type]
            backends={name: MortalBackend(backend, grim) for name, backend in ports.backends.items()},  # type: ignore[misc]
            messengers={Platform.DISCORD: FileChannel(folder / "channel", grim)},
        )

    with only_one(settings):
        async with open_app(settings, Role(owner_of(settings)), arrange=arrange) as app, asyncio.TaskGroup() as group:
            if origin is not None:
                group.create_task(ask(app, origin))
            await Process(app).run()


async def ask(app: App, origin: str) -> None:
    """One member asks, once the worker is there, so that there is somebody to kill."""
    assert app.worker is not None
    await app.worker.ready()
    request = GenerationRequest.model_validate({**REQUEST, "video_size": SIZE})
    job = await app.service.submit(request, Ask(origin, MEMBER, CHANNEL))
    await app.service.opened(job.id, MessageRef(CHANNEL, f"answer-{origin}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None))
