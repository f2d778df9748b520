"""What the pages read and act through: the core's own objects, never the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.web.dashboard.troubles import TroubleBook
from adapters.web.health import HealthReport
from generation.backends.circuit_breaker import Breakers
from generation.domain.refs import Platform, UserRef
from generation.lifecycle.line import Schedule
from generation.ports import ArtifactStore, Store
from generation.protocol.clock import Clock
from generation.rules.operator_rules import OperatorRules
from generation.service import Service


class Healthy(Protocol):
    """How the running bot is."""

    async def report(self) -> HealthReport:
        """Each part in one line."""

    async def why_not_ready(self) -> str | None:
        """What keeps it from making clips; None while it can."""


@dataclass(frozen=True, slots=True)
class SettingShown:
    """A setting in force, masked, and where it came from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Sources:
    """``settings`` are those in force, masked."""

    service: Service
    store: Store
    schedule: Schedule
    breakers: Breakers
    rules: OperatorRules
    health: Healthy
    clock: Clock
    artifacts: ArtifactStore
    troubles: TroubleBook
    settings: Callable[[], Sequence[SettingShown]] = tuple


def operator(name: str) -> UserRef:
    """The person who acts in the dashboard, as the audit trail names them."""
    return UserRef(Platform.TERMINAL, name)
