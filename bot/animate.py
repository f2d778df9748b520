"""``flipbook animate``: one job from the terminal, through the same service, queue and relay as any other."""

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from adapters.terminal.messenger import LOCAL_CHANNEL, LOCAL_SERVER, LOCAL_USER, TerminalMessenger
from adapters.terminal.screen import Screen
from bot.app import App, Arrange, Role, open_app
from bot.settings import Settings
from bot.supervisor import WorkerCannotStart
from generation.delivery import DeliveryStatus
from generation.errors import BackendError, JobAlreadyFinished, StoreError
from generation.job import Job, JobId
from generation.places import MessageRef, Platform
from generation.progress import Phase, Progress
from generation.request import GenerationRequest
from generation.service import Ask
from worker.settings import EngineChoice

_LEASE_EVERY = 10.0


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
            "seconds": round((ended - job.created_at).total_seconds(), 3),
            "failure": {"kind": job.failure.kind.value, "detail": job.failure.detail} if job.failure else None,
        }


async def animate(
    settings: Settings, request: GenerationRequest, output: Path, screen: Screen, *, arrange: Arrange = lambda p: p
) -> Outcome:
    """Make one clip and write it to ``output``. Ctrl-C cancels the job at its backend and waits for its answer;
    a second one leaves at once.

    Raises Refused, StoreError or WorkerCannotStart.
    """
    folder = "worker" if settings.engine is EngineChoice.AUTO else f"worker-{settings.engine.value}"
    role = Role(f"animate-{uuid4().hex}", folder, show=lambda _job, progress: screen.show(progress))
    messengers = {Platform.TERMINAL: TerminalMessenger(output, screen.show)}
    async with open_app(settings, role, messengers=messengers, arrange=arrange) as app:
        job = await _submit(app, role, request)
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(_keep_lease(app))]
            if app.worker is not None:
                helpers.append(group.create_task(app.worker.run()))
            carrying = asyncio.create_task(_carry_to_its_end(app, job, screen))
            helpers.append(group.create_task(_cancel_on_signal(app, job, carrying, screen)))
            try:
                with contextlib.suppress(asyncio.CancelledError):  # cancelled by Ctrl-C while it still waited
                    await carrying
                return await _bring(app, job.id, output)
            except WorkerCannotStart as error:
                cannot_start = error
            finally:
                carrying.cancel()
                for task in helpers:
                    task.cancel()
        raise cannot_start


async def _submit(app: App, role: Role, request: GenerationRequest) -> Job:
    ask = Ask(origin=role.owner, requested_by=LOCAL_USER, channel=LOCAL_CHANNEL, lease=app.carrier.lease())
    job = await app.service.submit(request, ask)
    await app.service.opened(job.id, MessageRef(LOCAL_CHANNEL, job.id))
    return job


async def _carry_to_its_end(app: App, job: Job, screen: Screen) -> None:
    if app.worker is not None:
        screen.show(Progress(Phase.WAITING, waiting_for="the worker to start"))
        try:
            await app.worker.ready()
        except WorkerCannotStart:
            await app.service.cancel(job.id, by=LOCAL_USER, server=LOCAL_SERVER)
            raise
    while not job.status.is_final:
        if job.not_before is not None:
            await app.clock.sleep(max(0.0, (job.not_before - app.clock.now()).total_seconds()))
        job = await app.carrier.carry(await app.ports.store.job(job.id) or job)


async def _bring(app: App, job_id: JobId, output: Path) -> Outcome:
    delivery = await app.relay.bring(job_id)
    job = await app.service.job(job_id, LOCAL_SERVER)
    if delivery is not None and delivery.status is DeliveryStatus.ABANDONED:
        return Outcome(job, output, delivery.told[-1])
    return Outcome(job, output)


async def _keep_lease(app: App) -> None:
    """A job whose lease runs out would be taken over by a ``flipbook run`` beside us."""
    while True:
        await app.clock.sleep(_LEASE_EVERY)
        with contextlib.suppress(StoreError):
            await app.ports.store.renew_leases(app.carrier.lease())


async def _cancel_on_signal(app: App, job: Job, carrying: asyncio.Task[None], screen: Screen) -> None:
    """The first Ctrl-C cancels the job, the second one ends the process where it stands."""
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    try:
        await interrupted.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    screen.say("Cancelling… (Ctrl-C again leaves at once)")
    try:
        asked = await app.service.cancel(job.id, by=LOCAL_USER, server=LOCAL_SERVER)
    except JobAlreadyFinished:
        return
    if asked.status.is_final:
        carrying.cancel()
    while not asked.status.is_final:
        with contextlib.suppress(BackendError):
            await app.carrier.pass_on_cancel(job.id)
        await app.clock.sleep(1)
