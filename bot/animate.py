"""``flipbook animate``: one job from the terminal, through the same service, queue and relay as any other."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from adapters.terminal.messenger import LOCAL_CHANNEL, LOCAL_SERVER, LOCAL_USER, TerminalMessenger, check_output
from adapters.terminal.screen import Screen
from bot.app import App, Arrange, Role, open_app
from bot.exits import Exit
from bot.settings import Settings
from bot.supervisor import EmbeddedWorker, WorkerCannotStart
from generation.clip_words import maker_words
from generation.delivery import DeliveryStatus
from generation.errors import FlipbookError, JobAlreadyFinished, StaleJob, StoreError
from generation.job import Job
from generation.places import MessageRef, Platform
from generation.progress import Phase, Progress
from generation.request import GenerationRequest
from generation.service import Ask
from worker.settings import EngineChoice

_LEASE_EVERY: Final = 10.0
_LOOK_AGAIN: Final = 1.0
_MOST_FAILURES: Final = 5
"""So many times in a row a step may fail to be saved; each has waited for the database already."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the job, and why the file was not written where it was not."""

    job: Job
    output: Path
    undelivered: str | None = None

    def facts(self) -> dict[str, object]:
        """What ``--json`` prints."""
        job = self.job
        ended = job.finished_at or job.created_at
        return {
            "id": job.id,
            "status": job.status.value,
            "path": str(self.output.absolute()) if job.artifact and not self.undelivered else None,
            "size_bytes": job.artifact.size_bytes if job.artifact else None,
            "request": {"endpoint": job.request.endpoint.value, **job.request.to_input()},
            "backend": job.backend,
            "engine": job.engine,
            "made_by": maker_words(job),
            "seconds": round((ended - job.created_at).total_seconds(), 3),
            "failure": {"kind": job.failure.kind.value, "detail": job.failure.detail} if job.failure else None,
        }


async def animate(
    settings: Settings, request: GenerationRequest, output: Path, screen: Screen, *, arrange: Arrange = lambda p: p
) -> Outcome:
    """Make one clip and write it to ``output``. Ctrl-C cancels the job at its backend and waits for its answer;
    a second one leaves at once.

    Raises Refused, StoreError, StorageFull, SettingsError or WorkerCannotStart, and OSError where nothing could be
    written.
    """
    await asyncio.to_thread(check_output, output)
    folder = "worker" if settings.engine is EngineChoice.AUTO else f"worker-{settings.engine.value}"
    role = Role(f"animate-{uuid4().hex}", folder, show=lambda _job, progress: screen.show(progress))
    messengers = {Platform.TERMINAL: TerminalMessenger(output, screen.show)}
    with _Interrupts(lambda: _leave_at_once(screen)) as interrupts:
        async with open_app(settings, role, messengers=messengers, arrange=arrange) as app:
            job = await app.service.submit(request, _ask(app, role))
            return await _Errand(app, job, screen, interrupts).run(output)


def _ask(app: App, role: Role) -> Ask:
    return Ask(origin=role.owner, requested_by=LOCAL_USER, channel=LOCAL_CHANNEL, lease=app.carrier.lease())


def _leave_at_once(screen: Screen) -> None:
    """Nothing is waited for: what matters is on disk, and a worker of ours leaves when it notices."""
    screen.close()
    screen.say("Left at once. What the backend has begun it may still finish.")
    os._exit(Exit.CANCELLED)


class _Interrupts:
    """Ctrl-C and SIGTERM: the first one is a wish, and the second one is not."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._first = asyncio.Event()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _heard(self) -> None:
        if self._first.is_set():
            self._leave()
        self._first.set()

    async def first(self) -> None:
        """Return once somebody wants to stop, now or before."""
        await self._first.wait()


class _Errand:
    """One job of ours, from its submission to the file."""

    def __init__(self, app: App, job: Job, screen: Screen, interrupts: _Interrupts) -> None:
        self._app = app
        self._job = job
        self._screen = screen
        self._interrupts = interrupts

    async def run(self, output: Path) -> Outcome:
        """Carry the job to its end and bring what came of it. Errors come out as they are, never in a group."""
        failed: Exception | None = None
        async with asyncio.TaskGroup() as group:
            carrying = asyncio.create_task(self._carry())
            helpers = [group.create_task(self._keep_lease()), group.create_task(self._cancel_when_asked(carrying))]
            if self._app.worker is not None:
                helpers.append(group.create_task(self._app.worker.run()))
            try:
                await asyncio.wait({carrying})
                if not carrying.cancelled():  # by Ctrl-C, when the job still waited
                    carrying.result()
                return await self._bring(output)
            except (FlipbookError, WorkerCannotStart) as error:
                failed = error
            finally:
                for task in (carrying, *helpers):
                    task.cancel()
        raise failed

    async def _carry(self) -> None:
        if self._app.worker is not None:
            self._screen.show(Progress(Phase.WAITING, waiting_for="the worker to start"))
            await self._worker_ready(self._app.worker)
        failures = 0
        while not self._job.status.is_final:
            try:
                await self._step()
            except StaleJob:
                await self._app.clock.sleep(_LOOK_AGAIN)
            except StoreError:
                failures += 1
                if failures == _MOST_FAILURES:
                    raise
                self._screen.show(Progress(Phase.WAITING, waiting_for="the database"))
                await self._app.clock.sleep(_LOOK_AGAIN)
            else:
                failures = 0

    async def _worker_ready(self, worker: EmbeddedWorker) -> None:
        try:
            await worker.ready()
        except WorkerCannotStart:
            with contextlib.suppress(FlipbookError):
                await self._app.service.cancel(self._job.id, by=LOCAL_USER, server=LOCAL_SERVER)
            raise

    async def _step(self) -> None:
        """Take the job as far as it goes at once; look again later while it is in somebody else's hands."""
        store, clock = self._app.ports.store, self._app.clock
        self._job = await store.job(self._job.id) or self._job
        if self._job.status.is_final:
            return
        if self._job.not_before is not None:
            await clock.sleep(max(0.0, (self._job.not_before - clock.now()).total_seconds()))
        async with store.transaction() as tx:
            ours = await tx.claim(self._job.id, self._app.carrier.lease(), clock.now())
        if ours:
            self._job = await self._app.carrier.carry(self._job)
        else:
            await clock.sleep(_LOOK_AGAIN)

    async def _bring(self, output: Path) -> Outcome:
        with contextlib.suppress(FlipbookError):  # without it the relay only waits a little for the first answer
            await self._app.service.opened(self._job.id, MessageRef(LOCAL_CHANNEL, self._job.id))
        delivery = await self._app.relay.bring(self._job.id)
        job = await self._app.service.job(self._job.id, LOCAL_SERVER)
        if delivery is not None and delivery.status is DeliveryStatus.ABANDONED:
            return Outcome(job, output, delivery.told[-1])
        return Outcome(job, output)

    async def _keep_lease(self) -> None:
        """A job whose lease runs out would be taken over by a ``flipbook run`` beside us."""
        while True:
            await self._app.clock.sleep(_LEASE_EVERY)
            with contextlib.suppress(FlipbookError):
                await self._app.ports.store.renew_leases(self._app.carrier.lease())

    async def _cancel_when_asked(self, carrying: asyncio.Task[None]) -> None:
        await self._interrupts.first()
        self._screen.say("Cancelling… (Ctrl-C again leaves at once)")
        while not await self._cancelled(carrying):
            await self._app.clock.sleep(_LOOK_AGAIN)
        while True:
            with contextlib.suppress(FlipbookError):
                await self._app.carrier.pass_on_cancel(self._job.id)
            await self._app.clock.sleep(_LOOK_AGAIN)

    async def _cancelled(self, carrying: asyncio.Task[None]) -> bool:
        """Whether the wish to end the job is stored; where it still waited that was its end."""
        try:
            asked = await self._app.service.cancel(self._job.id, by=LOCAL_USER, server=LOCAL_SERVER)
        except JobAlreadyFinished:
            return True
        except FlipbookError:
            return False
        if asked.status.is_final:
            carrying.cancel()
        return True
