"""The composition root: builds every part from the settings and joins them; nothing else knows them all."""

import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from adapters.terminal.messenger import LOCAL_SERVER
from adapters.web.health import Health
from adapters.web.metrics import Metrics
from bot import __version__
from bot.keys import own_secret_key, own_worker_key
from bot.observer import LogObserver, Observers
from bot.settings import BackendName, Settings, SettingsError, child_environment
from bot.supervisor import EmbeddedWorker
from db.cipher import FernetCipher
from db.store import SqlStore
from generation.artifacts import ObjectArtifacts
from generation.backend_words import health_words
from generation.breaker import Breakers, Circuit
from generation.callbacks import Callbacks
from generation.carrier import Carrier
from generation.clip_links import ClipLinks
from generation.clock import RandomSeeds, SystemClock
from generation.desk import Outside
from generation.dispatcher import Dispatcher, Rhythm
from generation.errors import ArtifactError, StoreError
from generation.house_rules import HouseRules
from generation.limits import Limits
from generation.moving_backend import MovingBackend
from generation.places import Platform
from generation.ports import ArtifactStore, Backend, Clock, Messenger, Observer, ProgressSink, Store
from generation.pricing import micros
from generation.queue_client import QueueClient
from generation.relay import Relay
from generation.service import Service


@dataclass(frozen=True, slots=True)
class Ports:
    """The parts at the edge; whoever composes an app may put something around them."""

    store: Store
    backends: Mapping[str, Backend]
    artifacts: ArtifactStore
    messengers: Mapping[Platform, Messenger]


Arrange = Callable[[Ports], Ports]

_OLD_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class App:
    """Everything joined. ``worker`` is the embedded one, where there is one."""

    settings: Settings
    ports: Ports
    clock: Clock
    observer: Observer
    metrics: Metrics
    breakers: Breakers
    service: Service
    carrier: Carrier
    dispatcher: Dispatcher
    relay: Relay
    callbacks: Callbacks
    links: ClipLinks | None
    worker: EmbeddedWorker | None

    def circuits(self) -> dict[str, Circuit]:
        """How each backend's circuit stands, for ``/metrics``."""
        now = self.clock.now()
        return {name: breaker.circuit(now) for name, breaker in self.breakers.all.items()}

    def health(self) -> Health:
        """What ``/healthz`` tells while everything runs."""
        now = self.clock.now()
        parts = {f"backend {name}": health_words(breaker, now) for name, breaker in self.breakers.all.items()}
        if self.worker is not None:
            parts["embedded worker"] = f"{self.worker.state} ({self.worker.engine or 'engine not known yet'})"
        return Health(version=__version__, alive=True, parts=parts)


@dataclass(frozen=True, slots=True)
class Role:
    """What a process is in the house: whose name its leases bear, and where its embedded worker keeps its data.

    ``show`` takes progress past the relay, for a process that shows one job only; such a one keeps its job to itself.
    """

    owner: str
    worker_folder: str = "worker"
    show: ProgressSink | None = None


@asynccontextmanager
async def open_app(
    settings: Settings,
    role: Role,
    *,
    messengers: Mapping[Platform, Messenger] | None = None,
    arrange: Arrange = lambda ports: ports,
) -> AsyncIterator[App]:
    """Build every part and close it again at the end; nothing runs yet. ``arrange`` may put something around the ports.

    Raises SettingsError for a key or place that cannot be used, StoreError for the database, OSError for the folder.
    """
    prepare_folders(settings)
    watch = _watch()
    async with AsyncExitStack() as stack:
        store = await _open_store(settings, stack, watch.observer)
        clients, worker = await _open_backends(settings, role, watch.clock, stack)
        artifacts = _open_artifacts(settings)
        ports = arrange(Ports(store, clients, artifacts, messengers or {}))
        yield _join(settings, role, ports, watch, worker)


def prepare_folders(settings: Settings) -> None:
    """Make the data folder, for its owner only, and clear what a killed process left in staging."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging(settings).mkdir(exist_ok=True)
    for path in staging(settings).iterdir():
        if path.lstat().st_mtime < time.time() - _OLD_SECONDS:  # younger ones may be another process's
            path.unlink(missing_ok=True)


def staging(settings: Settings) -> Path:
    """Where clips are kept on their way in."""
    return settings.data_dir / "staging"


@dataclass(frozen=True, slots=True)
class _Watch:
    """What every part is watched by."""

    clock: Clock
    metrics: Metrics
    observer: Observer


def _watch() -> _Watch:
    metrics = Metrics()
    return _Watch(SystemClock(), metrics, Observers((LogObserver(), metrics)))


def _join(settings: Settings, role: Role, ports: Ports, watch: _Watch, worker: EmbeddedWorker | None) -> App:
    clock, observer = watch.clock, watch.observer
    breakers = Breakers(ports.backends)
    rules = house_rules(settings)
    links = _clip_links(settings, clock)
    relay = Relay(
        ports.store,
        ports.messengers,
        ports.artifacts,
        owner=role.owner,
        clock=clock,
        observer=observer,
        links=links,
    )
    outside = Outside(
        store=ports.store,
        backends=ports.backends,
        artifacts=ports.artifacts,
        clock=clock,
        observer=observer,
        progress=role.show or relay.progress,
        ended=relay.wake,
        staging=staging(settings),
        prices=settings.prices,
        rules=rules,
        breakers=breakers,
        public_url=settings.public_url,
    )
    carrier = Carrier(outside, owner=role.owner, keeps_waiting_jobs=role.show is not None)
    dispatcher = Dispatcher(outside, carrier, owner=role.owner, rhythm=Rhythm(in_flight=settings.jobs_in_flight))
    service = Service(
        ports.store,
        rules,
        clock=clock,
        seeds=RandomSeeds(),
        observer=observer,
        submitted=dispatcher.wake,
        ended=relay.wake,
        breakers=breakers,
    )
    callbacks = Callbacks(ports.store, observer, carrier.nudge)
    return App(
        settings=settings,
        ports=ports,
        clock=clock,
        observer=observer,
        metrics=watch.metrics,
        breakers=breakers,
        service=service,
        carrier=carrier,
        dispatcher=dispatcher,
        relay=relay,
        callbacks=callbacks,
        links=links,
        worker=worker,
    )


def house_rules(settings: Settings) -> HouseRules:
    """What the operator decides for all servers. The operator's own terminal has no quotas, but shares the budget."""
    allowed = settings.allowed_servers | {LOCAL_SERVER} if settings.allowed_servers else frozenset()
    return HouseRules(
        backends=tuple(settings.preferred_backends),
        allowed_servers=allowed,
        daily_budget=micros(settings.daily_budget),
        default_limits=settings.default_limits,
        limits_of={LOCAL_SERVER: _TERMINAL_LIMITS},
        prices=settings.prices,
    )


_TERMINAL_LIMITS: Final = Limits(
    user_clips_per_day=None,
    server_clips_per_day=None,
    user_active_jobs=1000,
    server_active_jobs=1000,
    server_budget_per_day=None,
)


def _secret_key(settings: Settings) -> str:
    return settings.secret_key.get_secret_value() if settings.secret_key else own_secret_key(settings.data_dir)


def _clip_links(settings: Settings, clock: Clock) -> ClipLinks | None:
    """Links to clips, where the service has an address outside."""
    return ClipLinks(settings.public_url, _secret_key(settings), clock) if settings.public_url else None


async def _open_store(settings: Settings, stack: AsyncExitStack, observer: Observer) -> SqlStore:
    key = _secret_key(settings)
    try:
        cipher = FernetCipher(key)
    except ValueError as error:
        where = "FLIPBOOK_SECRET_KEY" if settings.secret_key else f"{settings.data_dir / 'secret.key'}"
        raise SettingsError(f"{where}: {error}") from None

    def tell(job_id: str, error: StoreError) -> None:
        observer.trouble("reading a stored job", error, job_id=job_id)

    store = await SqlStore.open(settings.database, cipher, tell=tell)
    stack.push_async_callback(store.close)
    return store


def _open_artifacts(settings: Settings) -> ObjectArtifacts:
    try:
        return ObjectArtifacts(settings.artifacts_url or settings.data_dir / "clips")
    except ArtifactError as error:
        where = "FLIPBOOK_ARTIFACTS_URL" if settings.artifacts_url else "FLIPBOOK_DATA_DIR"
        raise SettingsError(f"{where}: clips cannot be kept there: {error}") from None


async def _open_backends(
    settings: Settings, role: Role, clock: Clock, stack: AsyncExitStack
) -> tuple[dict[str, Backend], EmbeddedWorker | None]:
    backends: dict[str, Backend] = {}
    worker: EmbeddedWorker | None = None
    for name in settings.preferred_backends:
        if name is BackendName.FAL:
            fal = QueueClient(name, settings.fal_queue_url, settings.fal_key, resubmits_safely=False, clock=clock)
            backends[name] = await stack.enter_async_context(fal)
            continue
        key = settings.worker_key or SecretStr(own_worker_key(settings.data_dir))
        connect = partial(QueueClient, name, key=key, resubmits_safely=True, clock=clock, looks=settings.looks)
        if settings.worker_url is not None:
            backends[name] = await stack.enter_async_context(connect(settings.worker_url))
            continue
        moving = await stack.enter_async_context(MovingBackend(name, connect))
        worker = _embedded_worker(settings, role, clock, moving, key)
        backends[name] = moving
    return backends, worker


def _embedded_worker(
    settings: Settings, role: Role, clock: Clock, backend: MovingBackend, key: SecretStr
) -> EmbeddedWorker:
    folder = settings.data_dir / role.worker_folder
    command = [sys.executable, "-m", "bot", "worker", "--host", "127.0.0.1", "--exit-with-parent"]
    command += ["--data-dir", str(folder.absolute()), "--engine", settings.engine]
    command += ["--step-seconds", str(settings.preview_step_seconds)]
    if settings.models is not None:
        command += ["--models", str(settings.models.absolute())]
    level = "ERROR" if role.show else settings.log_level  # who shows one job shows nothing else
    environment = child_environment(
        FLIPBOOK_WORKER_KEY=key.get_secret_value(),
        FLIPBOOK_LOG_LEVEL=level,
        FLIPBOOK_WORKER_LOOKS="true" if settings.looks else None,
    )
    return EmbeddedWorker(command, environment, folder, clock=clock, moved=backend.move_to)
