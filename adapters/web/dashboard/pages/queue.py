"""What is under way, in the order in which it is rendered."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.live import Live
from adapters.web.dashboard.rendering import Templates, visitor_of
from adapters.web.dashboard.sources import Sources, as_operators_see, operator
from generation.backends.circuit_breaker import Circuit
from generation.domain.job import Job
from generation.domain.pricing import Micros, money
from generation.protocol.progress import Progress, Steps
from generation.rules.ledger import EVERYWHERE
from generation.rules.pause import EVERY_SERVER, Pause
from generation.text.backends import health_words
from generation.text.clips import left_words, progress_words, status_words
from generation.text.dialect import plain_for
from generation.text.rules.pauses import paused_words, resumed_words

_SHOWN: Final = 100
"""Jobs on the page; how many more wait is said below them."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A job under way, in words."""

    job: Job
    status: str
    steps: Steps | None
    how_far: str
    left: str | None
    age: timedelta


@dataclass(frozen=True, slots=True)
class BackendRow:
    """A backend, in words; ``style`` is the pill's. ``compiling``: how many shapes of clips it has
    yet to compile."""

    name: str
    state: str
    style: str
    rendering: int
    places: int | None
    compiling: int


class QueuePage:
    """Shows the line of this process, live, and pauses."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates
        self.live = Live(self._now, sources.clock)

    def routes(self) -> list[BaseRoute]:
        """The page, its live part, and what can be done there."""
        return [
            Route("/", self._page),
            Route("/queue/now", self._part),
            Route("/queue/events", self._events),
            act_route("/pause", self._pause, self._templates),
            act_route("/resume", self._resume, self._templates),
        ]

    async def _page(self, request: Request) -> Response:
        now = Markup(await self._now())  # noqa: S704 - of a template
        return self._templates.page(request, "queue", fragment=now, pause=await self._paused())

    async def _part(self, _request: Request) -> Response:
        return HTMLResponse(await self._now())

    async def _events(self, request: Request) -> Response:
        return await self.live.response(visitor_of(request).form_token)

    async def _pause(self, _request: Request, form: Form, visitor: Visitor) -> str:
        by = operator(visitor.name)
        return paused_words(
            await self._sources.service.pause(EVERY_SERVER, form.get("reason", ""), by=by)
        )

    async def _resume(self, _request: Request, _form: Form, visitor: Visitor) -> str:
        by = operator(visitor.name)
        return resumed_words(await self._sources.service.resume(EVERY_SERVER, by=by))

    async def _paused(self) -> Pause | None:
        pauses = await self._sources.service.pauses()
        return next((pause for pause in pauses if pause.server == EVERY_SERVER), None)

    async def _now(self) -> str:
        sources = self._sources
        line, places = sources.schedule.line, sources.schedule.places
        first = sources.schedule.progress_of_first(_SHOWN)
        begun = [(job, sources.schedule.progress_of(job)) for job in line.rendering.values()]
        shown = [*begun, *first][:_SHOWN]
        spent = (await sources.store.totals(EVERYWHERE, sources.clock.now())).amount
        budget = sources.rules.daily_budget
        etas = [progress.eta_seconds for _, progress in shown if progress.eta_seconds is not None]
        return self._templates.text(
            "parts/queue_now.html",
            pause=await self._paused(),
            rows=[self._row(job, progress) for job, progress in shown],
            rendering=line.rendering,
            places=places.known(places.next_backend),
            next_backend=places.next_backend,
            waiting=len(line),
            more=max(0, len(line) + len(begun) - len(shown)),
            members=len({job.requested_by for job, _ in shown}),
            servers=len({job.channel.server for job, _ in shown}),
            last_eta=max(etas, default=None),
            spent=money(Micros(spent)),
            budget=None if budget is None else money(Micros(budget)),
            backends=self._backends(),
        )

    def _row(self, job: Job, progress: Progress) -> QueueRow:
        words = plain_for(job.channel.server.platform)
        left = left_words(progress, words)
        return QueueRow(
            job=as_operators_see(job),
            status=status_words(job.status, words),
            steps=progress.steps,
            how_far=progress_words(progress, words),
            left=left,
            age=self._sources.clock.now() - job.created_at,
        )

    def _backends(self) -> list[BackendRow]:
        now, schedule = self._sources.clock.now(), self._sources.schedule
        rendering = Counter(job.backend for job in schedule.line.rendering.values())
        styles = {Circuit.CLOSED: "fine", Circuit.HALF_OPEN: "busy", Circuit.OPEN: "away"}
        return [
            BackendRow(
                name,
                health_words(breaker, now),
                styles[breaker.circuit(now)],
                rendering[name],
                schedule.places.known(name),
                schedule.places.compiling(name),
            )
            for name, breaker in self._sources.breakers.all.items()
        ]
