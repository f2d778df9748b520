"""What members have reported, and what is decided about it."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources, operator
from generation.domain.job import Job, JobId
from generation.domain.report import Decision, Report
from generation.protocol.errors import JobNotFound
from generation.service.clips import Actor
from generation.text.controls.reports import reason_words
from generation.text.dialect import plain_for

_MOST: Final = 100
_SAID: Final = {
    Decision.HIDE: "The clip is hidden from now on.",
    Decision.DELETE: "The clip is deleted; the chat's message goes as soon as the chat takes it.",
    Decision.BLOCK: "The clip is hidden, and its member is blocked in that server.",
    Decision.DISMISS: "Dismissed: the clip stays, and is shown again where it was hidden.",
}


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report and its clip, in words."""

    report: Report
    job: Job | None
    reason: str


class ReportsPage:
    """The oldest first."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page, and the decisions."""
        return [
            Route("/reports", self._page),
            act_route("/reports/{job_id}/{decision}", self._decide, self._templates),
        ]

    async def _page(self, request: Request) -> Response:
        store = self._sources.store
        found = await store.open_reports(limit=_MOST)
        jobs = {job.id: job for job in await store.jobs([report.job_id for report in found])}
        rows = [_row(report, jobs.get(report.job_id)) for report in found]
        return self._templates.page(request, "reports", rows=rows)

    async def _decide(self, request: Request, _form: Form, visitor: Visitor) -> str:
        job_id = JobId(request.path_params["job_id"])
        given = request.path_params["decision"]
        if given not in set(Decision):
            raise ValueError("There is no such decision.")
        decision = Decision(given)
        job = await self._sources.store.job(job_id)
        if job is None:
            raise JobNotFound(job_id)
        admin = Actor(operator(visitor.name), job.channel.server, is_moderator=True)
        await self._sources.service.decide(job_id, decision, admin)
        return _SAID[decision]


def _row(report: Report, job: Job | None) -> ReportRow:
    d = plain_for(report.server.platform)
    return ReportRow(report, job, reason_words(report.reason, d))
