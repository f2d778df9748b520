"""The composition root: builds every part from the settings and joins them.

No other module knows all the parts.
"""

import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pydantic import SecretStr

from adapters.terminal.messenger import needs_its_terminal
from adapters.web.metrics import MetricsObserver
from bot.folders import WORKER_FOLDER, prepare_folders, staging
from bot.key_files import own_secret_key, own_worker_key
from bot.observer import LogObserver, Observers
from bot.operator_rules import operator_rules
from bot.settings import BackendName, Settings, SettingsError, child_environment
from bot.supervisor import EmbeddedWorker
from db.encryption import FernetCipher
from db.store import SqlStore
from generation.artifacts import ObjectArtifacts
from generation.backends.circuit_breaker import Breakers, Circuit
from generation.backends.client import QueueClient
from generation.backends.relocatable import RelocatableBackend
from generation.backends.transport import trusting
from generation.delivery.clip_links import ClipLinks
from generation.delivery.relay import Relay
from generation.domain.refs import Platform
from generation.lifecycle.completion import JobWriter
from generation.lifecycle.dispatcher import Dispatcher, DispatcherTiming
from generation.lifecycle.fetching import ClipFetcher
from generation.lifecycle.lifecycle import JobLifecycle
from generation.lifecycle.webhooks import WebhookReceiver
from generation.ports import ArtifactStore, Backend, Messenger, Observer, ProgressSink, Store
from generation.protocol.clock import Clock, RandomSeeds, SystemClock
from generation.protocol.errors import ArtifactError, StoreError
from generation.protocol.proxies import ProxyUnusable
from generation.service import Service


@dataclass(frozen=True, slots=True)
class Ports:
    """The implementations of the core's ports. The caller of :func:`open_app` may wrap them."""

    store: Store
    backends: Mapping[str, Backend]
    artifacts: ArtifactStore
    messengers: Mapping[Platform, Messenger]


Arrange = Callable[[Ports], Ports]


@dataclass(frozen=True, slots=True)
class App:
    """All the parts, joined. ``worker`` is the embedded worker, where there is one."""

    settings: Settings
    ports: Ports
    clock: Clock
    observer: Observer
    metrics: MetricsObserver
    breakers: Breakers
    service: Service
    lifecycle: JobLifecycle
    fetcher: ClipFetcher
    dispatcher: Dispatcher
    relay: Relay
    webhooks: WebhookReceiver
    links: ClipLinks | None
    worker: EmbeddedWorker | None

    def circuits(self) -> dict[str, Circuit]:
        """The state of each backend's circuit breaker, for ``/metrics``."""
        now = self.clock.now()
        return {name: breaker.circuit(now) for name, breaker in self.breakers.all.items()}


@dataclass(frozen=True, slots=True)
class Role:
    """What a process does in the service: the owner of its leases, and the data folder of its
    embedded worker.

    ``show`` takes progress directly instead of through the relay, in a process that runs a single
    job; then other processes cannot take that job over while it waits.
    """

    owner: str
    worker_folder: str = WORKER_FOLDER
    show: ProgressSink | None = None


@asynccontextmanager
async def open_app(
    settings: Settings,
    role: Role,
    *,
    messengers: Mapping[Platform, Messenger] | None = None,
    chat_troubles: Callable[[], tuple[str, ...]] = tuple,
    arrange: Arrange = lambda ports: ports,
) -> AsyncIterator[App]:
    """Build every part, and close it again at the end; nothing runs yet. ``arrange`` may wrap the
    ports.

    Raises SettingsError for a key or an address that cannot be used, StoreError for the database,
    OSError for the folder.
    """
    settings.check_shared()
    prepare_folders(settings)
    observability = _observability()
    # closed in reverse order: the database last
    async with AsyncExitStack() as stack:
        store = await _open_store(settings, stack, observability.observer)
        try:
            clients, worker = await open_backends(settings, role, observability.clock, stack)
        except ProxyUnusable as error:
            raise SettingsError(str(error)) from None
        artifacts = open_artifacts(settings)
        ports = arrange(Ports(store, clients, artifacts, messengers or {}))
        yield _join(settings, role, ports, observability, worker, chat_troubles=chat_troubles)


@dataclass(frozen=True, slots=True)
class _Observability:
    """What every part reports to, and takes the time from."""

    clock: Clock
    metrics: MetricsObserver
    observer: Observer


def _observability() -> _Observability:
    metrics = MetricsObserver()
    return _Observability(SystemClock(), metrics, Observers((LogObserver(), metrics)))


def _join(
    settings: Settings,
    role: Role,
    ports: Ports,
    observability: _Observability,
    worker: EmbeddedWorker | None,
    *,
    chat_troubles: Callable[[], tuple[str, ...]],
) -> App:
    clock, observer = observability.clock, observability.observer
    breakers = Breakers(ports.backends, clock=clock)
    rules = operator_rules(settings)
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
    fetcher = ClipFetcher(ports.artifacts, staging(settings))
    lifecycle = JobLifecycle(
        ports.store,
        ports.backends,
        jobs=JobWriter(
            ports.store,
            rules,
            owner=role.owner,
            clock=clock,
            observer=observer,
            ended=relay.wake,
            keeps_waiting_jobs=role.show is not None,
        ),
        fetcher=fetcher,
        breakers=breakers,
        rules=rules,
        clock=clock,
        observer=observer,
        progress=role.show or relay.progress,
        public_url=settings.public_url,
    )
    dispatcher = Dispatcher(
        ports.store,
        lifecycle,
        owner=role.owner,
        clock=clock,
        observer=observer,
        timing=DispatcherTiming(in_flight=settings.jobs_in_flight),
        is_deserted=needs_its_terminal,
    )
    service = Service(
        ports.store,
        rules,
        clock=clock,
        seeds=RandomSeeds(),
        observer=observer,
        submitted=dispatcher.wake,
        ended=relay.wake,
        breakers=breakers,
        chat_troubles=chat_troubles,
    )
    webhooks = WebhookReceiver(ports.store, observer, lifecycle.wake)
    return App(
        settings=settings,
        ports=ports,
        clock=clock,
        observer=observer,
        metrics=observability.metrics,
        breakers=breakers,
        service=service,
        lifecycle=lifecycle,
        fetcher=fetcher,
        dispatcher=dispatcher,
        relay=relay,
        webhooks=webhooks,
        links=links,
        worker=worker,
    )


def _secret_key(settings: Settings) -> str:
    return (
        settings.secret_key.get_secret_value()
        if settings.secret_key
        else own_secret_key(settings.data_dir)
    )


def _clip_links(settings: Settings, clock: Clock) -> ClipLinks | None:
    """Links to clips, where the service has a public address."""
    # signed with the key that is kept: links stay valid after a restart
    return (
        ClipLinks(settings.public_url, _secret_key(settings), clock)
        if settings.public_url
        else None
    )


async def _open_store(settings: Settings, stack: AsyncExitStack, observer: Observer) -> SqlStore:
    key = _secret_key(settings)
    try:
        cipher = FernetCipher(key)
    except ValueError as error:
        where = (
            "FLIPBOOK_SECRET_KEY" if settings.secret_key else f"{settings.data_dir / 'secret.key'}"
        )
        raise SettingsError(f"{where}: {error}") from None  # its cause may hold the key

    def report(job_id: str, error: StoreError) -> None:
        observer.trouble("reading a stored job", error, job_id=job_id)

    store = await SqlStore.open(settings.database, cipher, on_unreadable=report)
    stack.push_async_callback(store.close)
    return store


def open_artifacts(settings: Settings, *, patience: timedelta | None = None) -> ObjectArtifacts:
    """Where clips are kept. Raises SettingsError."""
    try:
        return ObjectArtifacts(settings.clips, patience=patience)
    except ArtifactError as error:
        where = "FLIPBOOK_ARTIFACTS_URL" if settings.artifacts_url else "FLIPBOOK_DATA_DIR"
        raise SettingsError(f"{where}: clips cannot be kept there: {error}") from None


async def open_backends(
    settings: Settings, role: Role, clock: Clock, stack: AsyncExitStack
) -> tuple[dict[str, Backend], EmbeddedWorker | None]:
    """The backends in order of preference, closed by the stack; nothing is asked of them yet.
    Raises SettingsError, and ProxyUnusable."""
    backends: dict[str, Backend] = {}
    worker: EmbeddedWorker | None = None
    for name in settings.preferred_backends:
        if name is BackendName.FAL:
            # a second submission would be paid again, so fal's are never resent
            fal = QueueClient(
                name,
                settings.fal_queue_url,
                settings.fal_key,
                resubmits_safely=False,
                clock=clock,
                proxies=settings.proxies,
            )
            backends[name] = await stack.enter_async_context(fal)
            continue
        key = settings.worker_key or SecretStr(own_worker_key(settings.data_dir))
        connect = partial(
            QueueClient,
            name,
            key=key,
            resubmits_safely=True,
            clock=clock,
            previews=settings.looks,
            proxies=settings.proxies,
            trust=_worker_certificates(settings),
        )
        if settings.worker_url is not None:
            backends[name] = await stack.enter_async_context(connect(settings.worker_url))
            continue
        # the embedded worker gets its port when it starts, and may get another at a restart
        relocatable = await stack.enter_async_context(RelocatableBackend(name, connect))
        worker = _embedded_worker(settings, role, relocatable, clock=clock, key=key)
        backends[name] = relocatable
    return backends, worker


def _worker_certificates(settings: Settings) -> ssl.SSLContext | None:
    if settings.worker_ca is None:
        return None
    try:
        return trusting(settings.worker_ca)
    except OSError as error:  # of ssl too, for what is no certificate
        raise SettingsError(
            f"FLIPBOOK_WORKER_CA: {settings.worker_ca.absolute()} holds no certificate that can be "
            f"read ({error.strerror or type(error).__name__})"
        ) from None


def _embedded_worker(
    settings: Settings, role: Role, backend: RelocatableBackend, *, clock: Clock, key: SecretStr
) -> EmbeddedWorker:
    folder = settings.data_dir / role.worker_folder
    command = [sys.executable, "-m", "bot", "worker", "--host", "127.0.0.1", "--exit-with-parent"]
    command += ["--data-dir", str(folder.absolute()), "--engine", settings.engine]
    command += ["--step-seconds", str(settings.preview_step_seconds)]
    if settings.models is not None:
        command += ["--models", str(settings.models.absolute())]
    # its log lines would break the progress line of a single job
    level = "ERROR" if role.show else settings.log_level
    # the key is passed in the environment: other users can read command lines
    environment = child_environment(
        FLIPBOOK_WORKER_KEY=key.get_secret_value(),
        FLIPBOOK_LOG_LEVEL=level,
        FLIPBOOK_WORKER_LOOKS="true" if settings.looks else None,
    )
    return EmbeddedWorker(command, environment, folder, clock=clock, backend=backend)
