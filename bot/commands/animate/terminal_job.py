"""One job from the terminal, through the same service, queue and relay as a job from a chat."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from adapters.terminal.messenger import (
    LOCAL_CHANNEL,
    LOCAL_SERVER,
    LOCAL_USER,
    TerminalMessenger,
    check_output,
    needs_its_terminal,
)
from adapters.terminal.screen import Screen
from bot.commands.animate.interrupts import Interrupts
from bot.composition import App, Arrange, Role, open_app
from bot.exit_codes import Exit
from bot.folders import WORKER_FOLDER
from bot.settings import Settings
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job
from generation.domain.refs import MessageRef, Platform
from generation.domain.style import StyledRequest
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    DatabaseUnusable,
    FlipbookError,
    JobAlreadyFinished,
    StaleJob,
    StoreError,
)
from generation.protocol.progress import Phase, Progress
from generation.service import SubmitContext
from generation.text.clips import engine_words

_LEASE_RENEWAL_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 1.0
_WITHDRAWAL_SECONDS: Final = 5.0
_MOST_DESERTED: Final = 256
_MOST_FAILURES: Final = 5
"""How many times in a row a step may fail to be saved; each has waited for the database already."""


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """How the job ended; ``undelivered`` says why the file could not be written."""

    job: Job
    output: Path
    undelivered: str | None = None

    def facts(self) -> dict[str, object]:
        """What ``--json`` prints."""
        job = self.job
        ended = job.finished_at or job.created_at
        return {
            "id": job.id,
            "number": job.number,
            "status": job.status.value,
            "path": str(self.output.absolute()) if job.artifact and not self.undelivered else None,
            "size_bytes": job.artifact.size_bytes if job.artifact else None,
            "request": {"endpoint": job.request.endpoint.value, **job.request.to_input()},
            "style": job.style.name if job.style else None,
            "backend": job.backend,
            "engine": job.engine,
            "made_by": engine_words(job),
            "seconds": round((ended - job.created_at).total_seconds(), 3),
            "failure": {"kind": job.failure.kind.value, "detail": job.failure.detail}
            if job.failure
            else None,
        }


async def make_clip(
    settings: Settings,
    wanted: StyledRequest,
    output: Path,
    screen: Screen,
    *,
    worker_folder: str = WORKER_FOLDER,
    replaces: bool = True,
    arrange: Arrange = lambda ports: ports,
    clock: Clock | None = None,
) -> ClipOutcome:
    """Make one clip and write it to ``output``. Ctrl-C cancels the job at its backend and waits for
    its answer; a second one leaves at once.

    Raises Refused, StoreError, StorageFull, SettingsError or WorkerCannotStart, and OSError where
    ``output`` could not be written.
    """
    # a path that cannot be written is found before the clip costs anything
    await asyncio.to_thread(check_output, output)
    # an owner of its own: a later process must not take this job's lease for its own
    role = Role(
        f"animate-{uuid4().hex}", worker_folder, show=lambda _job, progress: screen.show(progress)
    )
    messengers = {Platform.TERMINAL: TerminalMessenger(output, screen.show, replaces=replaces)}
    with Interrupts(lambda: _leave_at_once(screen)) as interrupts:
        async with open_app(
            settings, role, messengers=messengers, arrange=arrange, clock=clock
        ) as app:
            await close_deserted_jobs(app)
            context = _submit_context(app, role)
            job = await app.service.submit(wanted.request, context, style=wanted.style)
            return await TerminalJob(app, job, screen, interrupts).run(output)


async def close_deserted_jobs(app: App) -> None:
    """Cancel the waiting jobs of terminals that are gone: nobody waits for their clips."""
    for job in await app.ports.store.claimable(app.clock.now(), limit=_MOST_DESERTED):
        if needs_its_terminal(job):
            with contextlib.suppress(FlipbookError):
                await app.service.cancel(job.id, by=LOCAL_USER, server=LOCAL_SERVER)


def _submit_context(app: App, role: Role) -> SubmitContext:
    # with a lease from the start: a `flipbook run` on the same data would render the job first
    return SubmitContext(
        origin=role.owner,
        requested_by=LOCAL_USER,
        channel=LOCAL_CHANNEL,
        lease=app.lifecycle.lease(),
    )


def _leave_at_once(screen: Screen) -> None:
    """End the process without waiting: what matters is on disk, and the embedded worker leaves when
    its standard input closes."""
    screen.close()
    screen.say("Left without waiting. The backend may still finish what it has begun.")
    os._exit(Exit.CANCELLED)  # sys.exit would wait for threads and close connections


class TerminalJob:
    """One job, from after its submission to the file."""

    def __init__(self, app: App, job: Job, screen: Screen, interrupts: Interrupts) -> None:
        self._app = app
        self._job = job
        self._screen = screen
        self._interrupts = interrupts

    async def run(self, output: Path) -> ClipOutcome:
        """Run the job to its end and deliver the result; one that fails on the way leaves nothing
        ordered. Raises errors as they are, never in a group."""
        try:
            return await self._run(output)
        except BaseException:
            await self._withdraw()
            raise

    async def _withdraw(self) -> None:
        """Cancel the job, as far as that is possible at once; else the next process that finds it
        does."""
        with contextlib.suppress(FlipbookError, TimeoutError):
            async with asyncio.timeout(_WITHDRAWAL_SECONDS):
                found = await self._app.ports.store.job(self._job.id)
                if found is not None and not found.status.is_final:
                    await self._app.service.cancel(found.id, by=LOCAL_USER, server=LOCAL_SERVER)
                    await self._app.lifecycle.cancel_late(found)

    async def _run(self, output: Path) -> ClipOutcome:
        failed: Exception | None = None  # raised after the group, which would wrap it
        async with asyncio.TaskGroup() as group:
            running = asyncio.create_task(self._run_to_end())
            helpers = [
                group.create_task(self._keep_lease()),
                group.create_task(self._cancel_when_asked(running)),
            ]
            if self._app.worker is not None:  # it ends with this job
                helpers.append(group.create_task(self._app.worker.run()))
            try:
                await asyncio.wait({running})
                if not running.cancelled():  # by Ctrl-C, while the job still waited
                    running.result()
                return await self._deliver(output)
            except Exception as error:  # noqa: BLE001 - raised below
                failed = error
            finally:
                # the helpers never end by themselves, and the group waits for them
                for task in (running, *helpers):
                    task.cancel()
        raise failed

    async def _run_to_end(self) -> None:
        if self._app.worker is not None:
            self._screen.show(Progress(Phase.WAITING, waiting_for="the worker to start"))
            await self._app.worker.ready()
        failures = 0
        while not self._job.status.is_final:
            try:
                await self._step()
            except StaleJob:  # another process has changed it: read it again
                await self._app.clock.sleep(_RETRY_SECONDS)
            except DatabaseUnusable:
                raise
            except StoreError:  # locked or full, perhaps only for a moment
                failures += 1
                if failures == _MOST_FAILURES:
                    raise
                self._screen.show(Progress(Phase.WAITING, waiting_for="the database"))
                await self._app.clock.sleep(_RETRY_SECONDS)
            else:
                failures = 0

    async def _step(self) -> None:
        """Take the job as far as it goes at once, or wait a moment where another process holds its
        lease."""
        store, clock = self._app.ports.store, self._app.clock
        self._job = await store.job(self._job.id) or self._job
        if self._job.status.is_final:
            return
        if self._job.not_before is not None:  # set between two attempts
            await clock.sleep(max(0.0, (self._job.not_before - clock.now()).total_seconds()))
        async with store.transaction() as tx:
            ours = await tx.claim(self._job.id, self._app.lifecycle.lease(), clock.now())
        if ours:
            self._job = await self._app.lifecycle.run(self._job)
        else:
            await clock.sleep(_RETRY_SECONDS)

    async def _deliver(self, output: Path) -> ClipOutcome:
        # where this fails, the relay waits a little for the first answer and then goes on
        with contextlib.suppress(FlipbookError):
            await self._app.service.opened(self._job.id, MessageRef(LOCAL_CHANNEL, self._job.id))
        delivery = await self._app.relay.deliver(self._job.id)
        job = await self._app.service.job(self._job.id, LOCAL_SERVER)
        if delivery is not None and delivery.status is DeliveryStatus.ABANDONED:
            return ClipOutcome(job, output, delivery.told[-1])
        return ClipOutcome(job, output)

    async def _keep_lease(self) -> None:
        """Renew the lease: a ``flipbook run`` on the same data would take over a job without
        one."""
        while True:
            await self._app.clock.sleep(_LEASE_RENEWAL_SECONDS)
            with contextlib.suppress(FlipbookError):
                await self._app.ports.store.renew_leases(self._app.lifecycle.lease())

    async def _cancel_when_asked(self, running: asyncio.Task[None]) -> None:
        await self._interrupts.first()
        self._screen.say("Cancelling… (Ctrl-C again leaves at once)")
        while not await self._cancelled(running):
            await self._app.clock.sleep(_RETRY_SECONDS)
        # the backend may not have the request yet, or not answer: ask until the job has ended
        while True:
            with contextlib.suppress(FlipbookError):
                await self._app.lifecycle.cancel_at_backend(self._job.id)
            await self._app.clock.sleep(_RETRY_SECONDS)

    async def _cancelled(self, running: asyncio.Task[None]) -> bool:
        """Whether the cancellation is stored; a job that still waited has ended with it."""
        try:
            asked = await self._app.service.cancel(self._job.id, by=LOCAL_USER, server=LOCAL_SERVER)
        except JobAlreadyFinished:
            return True
        except FlipbookError:  # the database is busy: tried again in a moment
            return False
        if asked.status.is_final:
            running.cancel()  # it sleeps until the next attempt, which will not come
        return True
