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
from doubles.backend import ScriptedBackend
from doubles.clock import ManualClock
from doubles.messenger import RecordingMessenger
from doubles.observer import RecordingObserver
from factories import a_channel, a_request, a_user
from generation.artifacts import ObjectArtifacts
from generation.breaker import Breakers
from generation.carrier import Carrier
from generation.clip_links import ClipLinks
from generation.desk import Desk, Outside, Patience
from generation.dispatcher import Dispatcher, Rhythm
from generation.job import Job
from generation.places import Platform
from generation.ports import Backend, Clock, Messenger, SeedSource
from generation.pricing import Prices
from generation.progress import Progress
from generation.relay import Post, Relay
from generation.request import GenerationRequest
from generation.service import Ask, HouseRules, Service


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
    carrier: Carrier
    dispatcher: Dispatcher
    relay: Relay
    said: list[tuple[str, Progress]]
    outside: Outside

    @property
    def desk(self) -> Desk:
        return self.carrier._desk

    @property
    def breakers(self) -> Breakers:
        return self.outside.breakers

    async def submit(self, request: GenerationRequest | None = None, *, origin: str = "o1", user: str = "7001") -> Job:
        """Somebody asks for a clip in the usual channel."""
        ask = Ask(origin=origin, requested_by=a_user(user), channel=a_channel())
        return await self.service.submit(request or a_request(), ask)

    async def carry(self, job: Job) -> Job:
        """Take the job as far as it goes."""
        return await self.carrier.carry(job)

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
    rules: HouseRules | None = None,
    owner: str = "run",
    patience: Patience | None = None,
    rhythm: Rhythm | None = None,
    post: Post | None = None,
    prices: Prices | None = None,
    links: ClipLinks | None = None,
    messengers: Mapping[Platform, Messenger] | None = None,
    around: Callable[[SqlStore], Any] = lambda store: store,
    options: Mapping[str, Any] | None = None,
    seeds: SeedSource | None = None,
) -> AsyncIterator[Core]:
    """A core on the database in ``folder``; opening a second one there is a restart. Without ``messengers`` it has a
    recording one for Discord. ``others`` are backends after the first one, ``around`` may put something around the
    store, ``options`` are more of the carrier's."""
    clock = clock or QuickClock()
    backend = backend or ScriptedBackend()
    prices = prices or Prices()
    messenger, observer = RecordingMessenger(), RecordingObserver()
    said: list[tuple[str, Progress]] = []
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    if not (folder / "flipbook.db").exists():
        await asyncio.to_thread(lambda: _files().fresh(folder))
    opened = await SqlStore.open(sqlite_url(folder / "flipbook.db"), a_cipher())
    store = around(opened)
    artifacts = ObjectArtifacts(folder / "clips")
    relay = Relay(
        store,
        messengers or {Platform.DISCORD: messenger},
        artifacts,
        owner=owner,
        clock=clock,
        observer=observer,
        post=post or Post(opening=0),
        links=links,
    )

    def say(job: Job, progress: Progress) -> None:
        said.append((job.id, progress))
        relay.progress(job, progress)

    backends: dict[str, Backend] = {each.name: each for each in (backend, *others)}
    breakers = Breakers(backends)
    rules = rules or HouseRules(backends=tuple(backends), prices=prices)
    outside = Outside(
        store=store,
        backends=backends,
        artifacts=artifacts,
        clock=clock,
        observer=observer,
        progress=say,
        ended=relay.wake,
        staging=staging,
        prices=prices,
        rules=rules,
        breakers=breakers,
    )
    carrier = Carrier(outside, owner=owner, patience=patience, **(options or {}))
    dispatcher = Dispatcher(outside, carrier, owner=owner, rhythm=rhythm)
    service = Service(
        store,
        rules,
        clock=clock,
        seeds=seeds or Seeds(),
        observer=observer,
        submitted=dispatcher.wake,
        ended=relay.wake,
        breakers=breakers,
    )
    try:
        yield Core(
            store, clock, backend, messenger, observer, artifacts, service, carrier, dispatcher, relay, said, outside
        )
    finally:
        await opened.close()
