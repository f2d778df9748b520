"""All the parts of a process, joined."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from adapters.terminal.messenger import needs_its_terminal
from adapters.web.dashboard.troubles import TroubleBook
from adapters.web.metrics import MetricsObserver
from bot.composition.backends import Role, open_backends
from bot.composition.keeping import keeping_tasks
from bot.composition.stores import clip_links, open_artifacts, open_store, secret_key
from bot.folders import prepare_folders, staging
from bot.observer import LogObserver, Observers
from bot.operator_rules import operator_rules
from bot.settings import Settings, SettingsError
from bot.supervisor import EmbeddedWorker
from generation.backends.circuit_breaker import Breakers, Circuit
from generation.delivery.clip_links import ClipLinks
from generation.delivery.notices import NoticeRelay
from generation.delivery.relay import Relay
from generation.domain.refs import Platform
from generation.lifecycle.completion import JobWriter
from generation.lifecycle.dispatcher import Dispatcher, DispatcherTiming
from generation.lifecycle.fetching import ClipFetcher
from generation.lifecycle.lifecycle import JobLifecycle
from generation.lifecycle.line import JobLine, Offers, Places, Schedule
from generation.lifecycle.webhooks import WebhookReceiver
from generation.ports import ArtifactStore, Backend, Messenger, Observer, Store
from generation.privacy.tasks import KeepingTasks
from generation.protocol.clock import Clock, RandomSeeds, SystemClock
from generation.protocol.fairness import ShareNames
from generation.protocol.proxies import ProxyUnusable
from generation.rules.operator_rules import OperatorRules
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
    troubles: TroubleBook
    breakers: Breakers
    rules: OperatorRules
    schedule: Schedule
    service: Service
    lifecycle: JobLifecycle
    fetcher: ClipFetcher
    dispatcher: Dispatcher
    relay: Relay
    notices: NoticeRelay
    keeping: KeepingTasks
    webhooks: WebhookReceiver
    links: ClipLinks | None
    worker: EmbeddedWorker | None

    def circuits(self) -> dict[str, Circuit]:
        """The state of each backend's circuit breaker, for ``/metrics``."""
        now = self.clock.now()
        return {name: breaker.circuit(now) for name, breaker in self.breakers.all.items()}


@asynccontextmanager
async def open_app(
    settings: Settings,
    role: Role,
    *,
    messengers: Mapping[Platform, Messenger] | None = None,
    chat_troubles: Callable[[], tuple[str, ...]] = tuple,
    arrange: Arrange = lambda ports: ports,
    clock: Clock | None = None,
) -> AsyncIterator[App]:
    """Build every part, and close it again at the end; nothing runs yet. ``arrange`` may wrap the
    ports, ``clock`` is the machine's by default.

    Raises SettingsError for a key or an address that cannot be used, StoreError for the database,
    OSError for the folder.
    """
    settings.check_shared()
    prepare_folders(settings)
    observability = _observability(clock or SystemClock())
    # closed in reverse order: the database last
    async with AsyncExitStack() as stack:
        store = await open_store(settings, stack, observability.observer)
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
    troubles: TroubleBook
    observer: Observer


def _observability(clock: Clock) -> _Observability:
    metrics = MetricsObserver()
    troubles = TroubleBook(clock)
    observer = Observers((LogObserver(), metrics, troubles))
    return _Observability(clock, metrics, troubles, observer)


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
    links = clip_links(settings, clock)
    notices = NoticeRelay(
        ports.store, ports.messengers, owner=role.owner, clock=clock, observer=observer
    )
    relay = Relay(
        ports.store,
        ports.messengers,
        ports.artifacts,
        owner=role.owner,
        clock=clock,
        observer=observer,
        links=links,
        noticed=notices.wake,
    )
    fetcher = ClipFetcher(ports.artifacts, staging(settings))
    # everything that moves a job tells the line, which passes it on
    line = JobLine(observer)
    schedule = Schedule(line, Places(ports.backends, breakers), clock)
    lifecycle = JobLifecycle(
        ports.store,
        ports.backends,
        jobs=JobWriter(
            ports.store,
            rules,
            owner=role.owner,
            clock=clock,
            observer=line,
            ended=relay.wake,
            keeps_waiting_jobs=role.show is not None,
        ),
        fetcher=fetcher,
        breakers=breakers,
        rules=rules,
        schedule=schedule,
        clock=clock,
        observer=line,
        progress=role.show or relay.progress,
        shares=ShareNames(secret_key(settings)),
        public_url=settings.public_url,
    )
    dispatcher = Dispatcher(
        ports.store,
        lifecycle,
        owner=role.owner,
        schedule=schedule,
        clock=clock,
        observer=observer,
        timing=DispatcherTiming(in_flight=settings.jobs_in_flight),
        is_deserted=needs_its_terminal,
    )
    asked = asyncio.Event()
    service = Service(
        ports.store,
        rules,
        clock=clock,
        seeds=RandomSeeds(),
        observer=line,
        submitted=dispatcher.wake,
        ended=relay.wake,
        noticed=notices.wake,
        forgetting=asked.set,
        links=links,
        breakers=breakers,
        schedule=schedule,
        chat_troubles=chat_troubles,
        offers=Offers(ports.backends, clock=clock),
    )
    keeping = keeping_tasks(
        settings,
        ports.store,
        ports.artifacts,
        service,
        clock=clock,
        observer=observer,
        cancelled=dispatcher.wake,
        removed=relay.wake,
        noticed=notices.wake,
        woken=asked,
    )
    webhooks = WebhookReceiver(ports.store, observer, lifecycle.wake)
    return App(
        settings=settings,
        ports=ports,
        clock=clock,
        observer=observer,
        metrics=observability.metrics,
        troubles=observability.troubles,
        breakers=breakers,
        rules=rules,
        schedule=schedule,
        service=service,
        lifecycle=lifecycle,
        fetcher=fetcher,
        dispatcher=dispatcher,
        relay=relay,
        notices=notices,
        keeping=keeping,
        webhooks=webhooks,
        links=links,
        worker=worker,
    )
