"""What the pages read and act through: the core's own objects, never the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.web.dashboard.shared_look import SharedLook
from adapters.web.dashboard.troubles import TroubleBook
from adapters.web.health import HealthReport
from generation.backends.circuit_breaker import Breakers
from generation.diagnostics import Grade
from generation.domain.backup import LastBackup
from generation.domain.gallery import KeptByServer
from generation.domain.job import Job
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.lifecycle.line import Schedule
from generation.ports import ArtifactStore, Backend, Store
from generation.ports.overview import Overview
from generation.protocol.clock import Clock
from generation.rules.operator_rules import OperatorRules
from generation.service import Service

MOST_SERVERS: Final = 500
_KEPT_FOR: Final = timedelta(seconds=30)


class Healthy(Protocol):
    """How the running bot is."""

    async def report(self) -> HealthReport:
        """Each part in one line, for the operator."""

    async def why_not_ready(self) -> str | None:
        """What keeps it from making clips; None while it can."""

    @property
    def makes_backups(self) -> bool:
        """Whether ``flipbook backup`` saves its database, and not the database's own tools."""

    async def last_backup(self) -> LastBackup | None:
        """What is known of the last one; None where none is known."""


@dataclass(frozen=True, slots=True)
class SettingShown:
    """A setting in force, masked, and where it came from."""

    name: str
    value: str
    source: str


class Explanation(Protocol):
    """A finding of the doctor; ``means`` and ``do`` are empty where it is good."""

    @property
    def grade(self) -> Grade: ...
    @property
    def what(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def means(self) -> str: ...
    @property
    def do(self) -> str: ...


class KnownServers:
    """The servers that pages offer to choose from, as they were at most half a minute ago: reading
    some hundred of them would be most of what a page costs."""

    def __init__(self, overview: Overview, clock: Clock) -> None:
        self._overview = overview
        self._clock = clock
        self._servers: Sequence[ServerRef] = ()
        self._until: datetime | None = None

    async def latest(self) -> Sequence[ServerRef]:
        """At most :data:`MOST_SERVERS`. Raises StoreError."""
        now = self._clock.now()
        if self._until is None or not now < self._until <= now + _KEPT_FOR:
            self._servers = await self._overview.known_servers(limit=MOST_SERVERS)
            self._until = now + _KEPT_FOR
        return self._servers


@dataclass(frozen=True, slots=True)
class Sources:
    """``settings`` are those in force, masked; ``doctor`` looks at everything that clips depend
    on, ``kept`` at what the clips of each server take."""

    service: Service
    store: Store
    servers: KnownServers
    schedule: Schedule
    backends: Mapping[str, Backend]
    breakers: Breakers
    rules: OperatorRules
    health: Healthy
    clock: Clock
    artifacts: ArtifactStore
    troubles: TroubleBook
    doctor: SharedLook[Sequence[Explanation]]
    kept: SharedLook[Sequence[KeptByServer]]
    settings: Callable[[], Sequence[SettingShown]] = tuple


PRIVATE: Final = "A private clip"


def as_operators_see(job: Job) -> Job:
    """A job for the pages: of a private one neither words nor clip."""
    if not job.is_private:
        return job
    request = job.request.model_copy(update={"prompt": PRIVATE, "negative_prompt": ""})
    return replace(job, request=request, style=None, artifact=None)


def operator(name: str) -> UserRef:
    """The person who acts in the dashboard, as the audit trail names them."""
    return UserRef(Platform.TERMINAL, name)
