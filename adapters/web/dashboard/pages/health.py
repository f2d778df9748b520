"""How the bot is: its parts, what makes the clips, what is owed, what is kept, and what the doctor
says."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Explanation, Sources
from generation.backends.circuit_breaker import Circuit
from generation.diagnostics import Grade
from generation.domain.gallery import KeptByServer
from generation.ports import Backend, WorkerHealth
from generation.protocol.errors import BackendError, StoreError
from generation.text.backends import why_words
from generation.text.errors import sentence

_PATIENCE: Final = 2.0
"""Seconds that a worker has to tell how it is."""
_COUNTED_FOR: Final = timedelta(minutes=10)
_COUNT_PATIENCE: Final = 1.0
"""Seconds that the page waits for a sum over all clips; a later look has it."""
_MOST_SERVERS: Final = 20
_STYLES: Final = {Circuit.CLOSED: "fine", Circuit.HALF_OPEN: "busy", Circuit.OPEN: "away"}
_GRADES: Final = {Grade.GOOD: "fine", Grade.NOTE: "slow", Grade.BAD: "failed"}


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """A backend's circuit, in words."""

    backend: str
    state: str
    style: str
    since: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class EngineCard:
    """What our worker tells of itself; ``trouble`` in place of it where it tells nothing."""

    backend: str
    health: WorkerHealth | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What the clips of a server take, and its share of all, in percent."""

    kept: KeptByServer
    share: int


class HealthPage:
    """What ``/healthz`` and ``/readyz`` say, and more: the operator may read everything."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page, and having the doctor look again."""
        return [
            Route("/health", self._page),
            act_route("/health/look", self._look, self._templates),
        ]

    async def _page(self, request: Request) -> Response:
        health, store = self._sources.health, self._sources.store
        report, reason, engines = await asyncio.gather(
            health.report(), health.why_not_ready(), self._engines()
        )
        kept, owed = None, None
        with suppress(StoreError):  # the report says it
            owed = await store.deliveries_owed()
            kept = await self._sources.kept.recent(age=_COUNTED_FOR, patience=_COUNT_PATIENCE)
        doctor = self._sources.doctor
        return self._templates.page(
            request,
            "health",
            report=report,
            reason=reason,
            backup=await health.last_backup(),
            makes_backups=health.makes_backups,
            now=self._sources.clock.now(),
            circuits=self._circuits(),
            engines=engines,
            is_known=owed is not None,
            owed=owed or [],
            kept_at=kept and kept.at,
            kept=[] if kept is None else _rows(kept.found),
            most_servers=_MOST_SERVERS,
            looked_at=doctor.latest and doctor.latest.at,
            is_looking=doctor.is_under_way,
            findings=[] if doctor.latest is None else _worst_first(doctor.latest.found),
            grades=_GRADES,
        )

    async def _look(self, _request: Request, _form: Form, _visitor: Visitor) -> str:
        seen = await self._sources.doctor.again()
        with suppress(StoreError):  # said by the doctor
            await self._sources.kept.again()
        worst = sum(each.grade is Grade.BAD for each in seen.found)
        return "The doctor has found nothing bad." if not worst else f"Bad findings: {worst}."

    def _circuits(self) -> list[CircuitRow]:
        now = self._sources.clock.now()
        return [
            CircuitRow(
                name,
                breaker.circuit(now).value,
                _STYLES[breaker.circuit(now)],
                breaker.since,
                why_words(breaker, now),
            )
            for name, breaker in self._sources.breakers.all.items()
        ]

    async def _engines(self) -> list[EngineCard]:
        backends = self._sources.backends.items()
        cards = await asyncio.gather(*(_engine(name, backend) for name, backend in backends))
        # fal has no such page
        return [card for card in cards if card.health is not None or card.trouble]


async def _engine(name: str, backend: Backend) -> EngineCard:
    try:
        async with asyncio.timeout(_PATIENCE):
            return EngineCard(name, await backend.health())
    except BackendError as error:
        return EngineCard(name, trouble=str(sentence(error)))
    except TimeoutError:
        return EngineCard(name, trouble=f"No answer within {_PATIENCE:.0f} seconds.")


def _rows(kept: Sequence[KeptByServer]) -> list[KeptRow]:
    total = max(1, sum(each.bytes for each in kept))
    return [KeptRow(each, round(100 * each.bytes / total)) for each in kept]


def _worst_first(findings: Sequence[Explanation]) -> list[Explanation]:
    order = list(reversed(Grade))
    return sorted(findings, key=lambda each: order.index(each.grade))
