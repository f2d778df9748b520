"""A whole core around a scripted backend: real SQLite, real artifact store, real MP4s; time is the test's."""

import asyncio
import atexit
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from databases import SqliteFiles, a_cipher, sqlite_url
from db.store import SqlStore
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from doubles.generation.messenger import RecordingMessenger
from doubles.generation.observer import RecordingObserver
from factories import a_channel, a_message, a_request, a_user
from generation.artifacts import ObjectArtifacts
from generation.backends.circuit_breaker import Breakers
from generation.delivery.clip_links import ClipLinks
from generation.delivery.notices import NoticeRelay
from generation.delivery.relay import Relay
from generation.delivery.timing import RelayTiming
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.pricing import Prices
from generation.domain.refs import Platform
from generation.lifecycle.completion import JobWriter
from generation.lifecycle.dispatcher import Dispatcher, DispatcherTiming
from generation.lifecycle.fetching import ClipFetcher
from generation.lifecycle.lifecycle import JobLifecycle
from generation.lifecycle.line import JobLine, Offers, Places, Schedule
from generation.lifecycle.timing import LifecycleTiming
from generation.ports import Backend, Messenger
from generation.protocol.clock import Clock, SeedSource
from generation.protocol.fairness import ShareNames
from generation.protocol.progress import Progress
from generation.protocol.request import GenerationRequest
from generation.rules.operator_rules import OperatorRules
from generation.service import Service, SubmitContext


class Seeds:
    """1, 2, 3, …"""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self) -> int:
        self._drawn += 1
        return self._drawn


class QuickClock(ManualClock):
    """Short sleeps end at once and have taken their time; long ones, which are deadlines, end when time gets there."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 120:
            await super().sleep(seconds)
        else:
            await self.advance(seconds)


@dataclass
class Core:
    """Every part of a core, joined as the product joins them."""

    store: SqlStore
    clock: ManualClock
    backend: ScriptedBackend
    messenger: RecordingMessenger
    observer: RecordingObserver
    artifacts: ObjectArtifacts
    service: Service
    lifecycle: JobLifecycle
    dispatcher: Dispatcher
    relay: Relay
    notices: NoticeRelay
    progress: list[tuple[str, Progress]]
    """What members were told, by job id, oldest first."""
    jobs: JobWriter
    breakers: Breakers
    schedule: Schedule
    folder: Path

    async def submit(self, request: GenerationRequest | None = None, *, origin: str = "o1", user: str = "7001") -> Job:
        """A member submits a request in the usual channel."""
        context = SubmitContext(origin=origin, requested_by=a_user(user), channel=a_channel())
        return await self.service.submit(request or a_request(), context)

    async def run(self, job: Job) -> Job:
        """Take the job as far as it goes."""
        return await self.lifecycle.run(job)

    async def finish(self, *, origin: str = "o1") -> Job:
        """A finished job that has a message, and an outcome that is due."""
        job = await self.submit(origin=origin)
        await self.service.opened(job.id, a_message(f"message-of-{origin}"))
        return await self.run(job)

    async def delivery(self, job: Job) -> Delivery:
        """The job's delivery as the database has it."""
        delivery = await self.store.delivery_of(job.id)
        assert delivery is not None
        return delivery

    async def reload(self, job: Job) -> Job:
        """The job as the database has it."""
        stored = await self.store.job(job.id)
        assert stored is not None
        return stored


@cache
def _files() -> SqliteFiles:
    folder = Path(mkdtemp(prefix="flipbook-core-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return SqliteFiles(folder)


def a_clip_links(clock: Clock | None = None) -> ClipLinks:
    """Links of a service that is reached at ``https://clips.example``."""
    return ClipLinks("https://clips.example/", "a secret", clock or ManualClock())


@asynccontextmanager
async def a_core(
    folder: Path,
    *,
    clock: Clock | None = None,
    backend: ScriptedBackend | None = None,
    others: Sequence[Backend] = (),
    rules: OperatorRules | None = None,
    owner: str = "run",
    lifecycle_timing: LifecycleTiming | None = None,
    dispatcher_timing: DispatcherTiming | None = None,
    relay_timing: RelayTiming | None = None,
    prices: Prices | None = None,
    links: ClipLinks | None = None,
    messengers: Mapping[Platform, Messenger] | None = None,
    around: Callable[[SqlStore], Any] = lambda store: store,
    keeps_waiting_jobs: bool = False,
    public_url: str | None = None,
    min_free_bytes: int = 0,
    seeds: SeedSource | None = None,
) -> AsyncIterator[Core]:
    """A core on the database in ``folder``; opening a second one there is a restart. Without ``messengers`` it has a
    recording one for Discord. ``others`` are backends after the first one, ``around`` may put something around the
    store, ``prices`` are those of the default ``rules``."""
    clock = clock or QuickClock()
    backend = backend or ScriptedBackend()
    prices = prices or Prices()
    messenger, observer = RecordingMessenger(), RecordingObserver()
    reported: list[tuple[str, Progress]] = []
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    if not (folder / "flipbook.db").exists():
        await asyncio.to_thread(lambda: _files().fresh(folder))
    opened = await SqlStore.open(sqlite_url(folder / "flipbook.db"), a_cipher())
    store = around(opened)
    artifacts = ObjectArtifacts(folder / "clips")
    notices = NoticeRelay(
        store, messengers or {Platform.DISCORD: messenger}, owner=owner, clock=clock, observer=observer
    )
    relay = Relay(
        store,
        messengers or {Platform.DISCORD: messenger},
        artifacts,
        owner=owner,
        clock=clock,
        observer=observer,
        timing=relay_timing or RelayTiming(first_answer=0),
        links=links,
        noticed=notices.wake,
    )

    def report(job: Job, progress: Progress) -> None:
        reported.append((job.id, progress))
        relay.progress(job, progress)

    backends: dict[str, Backend] = {each.name: each for each in (backend, *others)}
    breakers = Breakers(backends, clock=clock)
    rules = rules or OperatorRules(backends=tuple(backends), prices=prices)
    line = JobLine(observer)
    jobs = JobWriter(
        store,
        rules,
        owner=owner,
        clock=clock,
        observer=line,
        ended=relay.wake,
        keeps_waiting_jobs=keeps_waiting_jobs,
    )
    schedule = Schedule(line, Places(backends, breakers), clock)
    lifecycle = JobLifecycle(
        store,
        backends,
        jobs=jobs,
        fetcher=ClipFetcher(artifacts, staging, min_free_bytes=min_free_bytes),
        breakers=breakers,
        rules=rules,
        schedule=schedule,
        clock=clock,
        observer=line,
        progress=report,
        shares=ShareNames("a secret"),
        timing=lifecycle_timing,
        public_url=public_url,
    )
    dispatcher = Dispatcher(
        store, lifecycle, owner=owner, schedule=schedule, clock=clock, observer=observer, timing=dispatcher_timing
    )
    service = Service(
        store,
        rules,
        clock=clock,
        seeds=seeds or Seeds(),
        observer=line,
        submitted=dispatcher.wake,
        ended=relay.wake,
        noticed=notices.wake,
        links=links,
        breakers=breakers,
        schedule=schedule,
        offers=Offers(backends, clock=clock),
    )
    try:
        yield Core(
            store=store,
            clock=clock,
            backend=backend,
            messenger=messenger,
            observer=observer,
            artifacts=artifacts,
            service=service,
            lifecycle=lifecycle,
            dispatcher=dispatcher,
            relay=relay,
            notices=notices,
            progress=reported,
            jobs=jobs,
            breakers=breakers,
            schedule=schedule,
            folder=folder,
        )
    finally:
        await opened.close()
