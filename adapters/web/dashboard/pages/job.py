"""One job: its clip, settings, family and what has happened to it; and what can be done with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources, as_operators_see, operator
from generation.domain.clip_actions import ClipState, state_of
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.pricing import money
from generation.domain.refs import Platform
from generation.domain.report import Report
from generation.protocol.errors import JobNotFound
from generation.rules.ledger import Entry, EntryKind
from generation.service.clips import Actor
from generation.text.clips import settings_words, status_words
from generation.text.controls.reports import reason_words
from generation.text.dialect import PLAIN, plain_for
from generation.text.forms.choices import defaults_words

_MOST_CHILDREN: Final = 50
_MOST_ANCESTORS: Final = 20
_BOOKED: Final = {
    EntryKind.RESERVE: "Reserved",
    EntryKind.SETTLE: "Settled",
    EntryKind.REFUND: "Given back",
}
_DELIVERY: Final = {
    DeliveryStatus.OPEN: "The message shows how far it is",
    DeliveryStatus.OWED: "On its way to the chat",
    DeliveryStatus.SENT: "In the chat",
    DeliveryStatus.ABANDONED: "Could not be delivered",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that has happened to a job."""

    at: datetime
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Relative:
    """A clip that this one was made from, or that was made from it, and how they differ."""

    job: Job
    how: str
    status: str


class JobPage:
    """A page for each job, whether it is under way, made, failed or gone."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page, and what can be done there."""
        acts = {
            "cancel": self._cancel,
            "deliver": self._deliver,
            "hide": self._hide,
            "unhide": self._unhide,
            "delete": self._delete,
        }
        return [
            Route("/jobs/{job_id}", self._page),
            *(
                act_route(f"/jobs/{{job_id}}/{word}", act, self._templates)
                for word, act in acts.items()
            ),
        ]

    async def _page(self, request: Request) -> Response:
        store = self._sources.store
        job = await store.job(JobId(request.path_params["job_id"]))
        if job is None:
            return PlainTextResponse("There is no such job.", 404)
        job = as_operators_see(job)
        delivery = await store.delivery_of(job.id)
        reports = await store.reports_of(job.id)
        d = plain_for(job.channel.server.platform)
        happenings = [
            *_moments(job),
            *_of_delivery(delivery),
            *map(_of_ledger, await store.ledger_of(job.id)),
            *map(_of_report, reports),
        ]
        return self._templates.page(
            request,
            "gallery",
            template="job",
            job=job,
            state=state_of(job).value,
            status=status_words(job.status, d),
            settings=" · ".join([settings_words(job.request, d), *defaults_words(job, d)]),
            delivery=delivery,
            delivery_words="" if delivery is None else _DELIVERY[delivery.status],
            cost=None if job.cost is None else money(job.cost),
            reserved=money(job.reserved),
            ancestors=await self._ancestors(job),
            children=[
                _relative(job, child)
                for child in await store.made_from(job.id, limit=_MOST_CHILDREN)
            ],
            happenings=sorted(happenings, key=lambda each: each.at),
            can_deliver=_can_deliver(job),
        )

    async def _ancestors(self, job: Job) -> list[Relative]:
        """From the first one on."""
        if job.parent is None:
            return []
        line = await self._sources.store.ancestors(job.id, limit=_MOST_ANCESTORS)
        made = [
            _relative(parent, child, of=parent)
            for child, parent in zip([job, *line], line, strict=False)
        ]
        return made[::-1]

    async def _acting(self, request: Request, visitor: Visitor) -> tuple[JobId, Actor]:
        job_id = JobId(request.path_params["job_id"])
        job = await self._sources.store.job(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job_id, Actor(
            operator(visitor.name), job.channel.server, is_operator=True, is_moderator=True
        )

    async def _cancel(self, request: Request, _form: Form, visitor: Visitor) -> str:
        job_id, actor = await self._acting(request, visitor)
        await self._sources.service.cancel(
            job_id, by=actor.user, server=actor.server, is_admin=True
        )
        return "Cancelled. The member's message says so, and the quota is given back."

    async def _deliver(self, request: Request, _form: Form, visitor: Visitor) -> str:
        is_due = await self._sources.service.deliver_anew(*await self._acting(request, visitor))
        if not is_due:
            return "It is on its way already."
        return "Its message is put right as soon as the chat takes it; no second one is posted."

    async def _hide(self, request: Request, _form: Form, visitor: Visitor) -> str:
        await self._sources.service.hide(*await self._acting(request, visitor))
        return "Hidden: its message loses the clip as soon as the chat takes it."

    async def _unhide(self, request: Request, _form: Form, visitor: Visitor) -> str:
        await self._sources.service.unhide(*await self._acting(request, visitor))
        return "Shown again: its message gets the clip back as soon as the chat takes it."

    async def _delete(self, request: Request, _form: Form, visitor: Visitor) -> str:
        job = await self._sources.service.delete(*await self._acting(request, visitor))
        if job.channel.server.platform is Platform.TERMINAL:
            return "Deleted here. A file that was written for its terminal stays where it is."
        return "Deleted here; the chat's message goes as soon as the chat takes it."


def _can_deliver(job: Job) -> bool:
    is_in_a_chat = job.channel.server.platform is not Platform.TERMINAL
    return is_in_a_chat and state_of(job) in {
        ClipState.MADE,
        ClipState.FAILED,
        ClipState.CANCELLED,
    }


def _relative(parent: Job, child: Job, *, of: Job | None = None) -> Relative:
    """The child of a parent, or with ``of`` the parent itself."""
    shown = as_operators_see(of or child)
    before, after = parent.request, child.request
    if before.with_seed(after.seed) == after:
        how = "another seed"
    elif before.prompt == after.prompt and before.seed == after.seed:
        how = "the other quality" if before.endpoint is not after.endpoint else "other settings"
    else:
        how = "edited"
    return Relative(shown, how, status_words(shown.status, PLAIN))


def _moments(job: Job) -> Iterator[Happening]:
    backend = f"to {job.backend}" if job.backend else ""
    engine = f"by {job.engine}" if job.engine else ""
    ended = {
        JobStatus.SUCCEEDED: "The clip was made",
        JobStatus.FAILED: "It failed",
        JobStatus.CANCELLED: "It was cancelled",
    }.get(job.status, "It ended")
    failure = "" if job.failure is None else f"{job.failure.kind.value}: {job.failure.detail}"
    for at, what, detail in (
        (job.created_at, "Asked for", "as a re-roll or refinement" if job.parent else ""),
        (job.submitted_at, "Submitted", f"{backend}, attempt {job.attempt}".removeprefix(", ")),
        (job.started_at, "Rendering began", engine),
        (job.finished_at, ended, failure.removesuffix(": ")),
        (job.hidden_at, "Hidden", ""),
        (job.deleted_at, "Deleted", ""),
        (job.prompt_removed_at, "The prompt was removed", ""),
    ):
        if at is not None:
            yield Happening(at, what, detail)


def _of_delivery(delivery: Delivery | None) -> Iterator[Happening]:
    if delivery is None:
        return
    if delivery.message is not None:
        yield Happening(delivery.opened_at, "The message was posted")
    if delivery.sent_at is not None:
        yield Happening(delivery.sent_at, "Delivered", "; ".join(delivery.told))


def _of_ledger(entry: Entry) -> Happening:
    return Happening(entry.at, _BOOKED[entry.kind], money(entry.amount))


def _of_report(report: Report) -> Happening:
    reason = reason_words(report.reason, plain_for(report.server.platform))
    decided = f"; decided: {report.decision.value}" if report.decision is not None else ""
    return Happening(report.at, "Reported", f"{reason}{decided}")
