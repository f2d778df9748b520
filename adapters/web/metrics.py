"""Prometheus metrics: counted as jobs and deliveries change, and read from the database for each
scrape."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generation.backends.circuit_breaker import Circuit
from generation.domain.backup import LastBackup
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.notice import NoticeStatus, OwedNotice
from generation.domain.pricing import FREE, Micros
from generation.domain.refs import Platform
from generation.protocol.errors import StoreError
from generation.service import MoneyNow

_ANSWER_SECONDS = (0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 30)
"""Discord takes an answer within three seconds."""
_JOB_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


class MetricsObserver:
    """An observer that counts; one per process, with a registry of its own."""

    def __init__(self) -> None:
        # not the global registry, which cannot hold the same metric twice (as tests need it)
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self._jobs = counter(
            "flipbook_jobs_total",
            "Jobs by the status they reached.",
            ("status", "endpoint", "platform", "backend"),
        )
        self._failures = counter("flipbook_job_failures_total", "Failed jobs by kind.", ("kind",))
        self._spent = counter(
            "flipbook_spent_money_total",
            "What clips cost, and what failures probably cost, in the operator's currency.",
            ("backend",),
        )
        histogram = partial(Histogram, registry=self.registry, buckets=_JOB_SECONDS)
        self._seconds = histogram(
            "flipbook_job_seconds", "Time from asking to the clip.", ("endpoint",)
        )
        self._wait = histogram(
            "flipbook_wait_seconds",
            "Time from asking until the clip begins to render.",
            ("endpoint", "backend"),
        )
        self._render = histogram(
            "flipbook_render_seconds",
            "Time from the beginning of the render until the clip has arrived.",
            ("endpoint", "backend"),
        )
        self._delivery = histogram(
            "flipbook_delivery_seconds",
            "Time from the outcome until the chat shows it.",
            ("platform", "endpoint", "backend"),
        )
        self._first_answer = Histogram(
            "flipbook_first_answer_seconds",
            "Time from asking for a clip until the chat has the message that answers.",
            ("platform",),
            registry=self.registry,
            buckets=_ANSWER_SECONDS,
        )
        self._steps = counter(
            "flipbook_steps_total",
            "Steps of the clips that were made; its rate is how fast the backends are.",
            ("endpoint", "backend"),
        )
        self._deliveries = counter(
            "flipbook_deliveries_total",
            "Deliveries by what became of them.",
            ("status", "platform"),
        )
        self._notices = counter(
            "flipbook_notices_total",
            "Notices by kind and by what became of them.",
            ("kind", "audience", "status"),
        )
        self._trouble = counter("flipbook_trouble_total", "Errors that were survived.", ("what",))
        self._forged = counter(
            "flipbook_webhooks_forged_total", "Webhooks whose signature was not valid."
        )
        self._unfinished = gauge("flipbook_jobs_unfinished", "Jobs under way.", ("status",))
        self._age = gauge(
            "flipbook_queue_age_seconds",
            "How long the job has waited that waits longest, without those that wait for a time.",
        )
        self._reserved = gauge(
            "flipbook_reserved_money", "What jobs under way have reserved, in the same currency."
        )
        self._left = gauge(
            "flipbook_budget_left_money",
            "What may still be spent of a budget; no line for one that has no limit.",
            ("scope", "period"),
        )
        self._backup = gauge(
            "flipbook_last_backup_timestamp_seconds",
            "When the last backup was made, in seconds since 1970; no line while none is known.",
            ("verified",),
        )
        self._circuits = gauge(
            "flipbook_backend_circuit",
            "1 for the state of a backend's circuit, 0 for the others.",
            ("backend", "state"),
        )

    def job_moved(self, job: Job) -> None:
        """Count a status change, and at the end the cost and the seconds."""
        platform = job.channel.server.platform
        self._jobs.labels(
            job.status, job.request.endpoint.label, platform, job.backend or "none"
        ).inc()
        if job.status.is_final:
            self._spent.labels(job.backend or "none").inc(_units(job.cost or FREE))
        if job.failure is not None:
            self._failures.labels(job.failure.kind).inc()
        if job.status is JobStatus.SUCCEEDED and job.finished_at is not None:
            self._count_clip(job, job.finished_at)

    def _count_clip(self, job: Job, finished_at: datetime) -> None:
        endpoint, backend = job.request.endpoint.label, job.backend or "none"
        self._seconds.labels(endpoint).observe(_seconds(job.created_at, finished_at))
        self._steps.labels(endpoint, backend).inc(job.request.num_inference_steps)
        if job.started_at is not None:
            self._wait.labels(endpoint, backend).observe(_seconds(job.created_at, job.started_at))
            self._render.labels(endpoint, backend).observe(_seconds(job.started_at, finished_at))

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """Count a delivery once it is sent or abandoned."""
        if delivery.status in {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}:
            self._deliveries.labels(delivery.status, job.channel.server.platform).inc()

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        """Count the seconds until a chat showed the outcome; shown anew, it is not counted
        again."""
        self._delivery.labels(
            job.channel.server.platform, job.request.endpoint.label, job.backend or "none"
        ).observe(seconds)

    def message_opened(self, platform: Platform, seconds: float) -> None:
        """Count the seconds that a member has waited for a first answer."""
        self._first_answer.labels(platform).observe(seconds)

    def notice_moved(self, owed: OwedNotice) -> None:
        """Count a notice once it is told, held or given up."""
        if owed.status is not NoticeStatus.OWED:
            notice = owed.notice
            self._notices.labels(notice.kind, notice.audience, owed.status).inc()

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:  # noqa: ARG002
        """Count an error after which the service went on."""
        self._trouble.labels(what).inc()

    def webhook_forged(self) -> None:
        """Count a webhook that fal did not sign."""
        self._forged.inc()

    def render(
        self,
        unfinished: Mapping[str, int],
        circuits: Mapping[str, Circuit],
        money: MoneyNow | None = None,
        *,
        queue_age: float = 0.0,
        backup: LastBackup | None = None,
    ) -> bytes:
        """The metrics as text, with the unfinished jobs, the backends' circuits, the money, the
        queue's age in seconds and the last backup as given."""
        # these are states, not events, so they are set for each scrape
        if money is not None:
            self._show_money(money)
        self._age.set(queue_age)
        self._show_backup(backup)
        for backend, circuit in circuits.items():
            for state in Circuit:
                self._circuits.labels(backend, state).set(state is circuit)
        for status in JobStatus:
            if not status.is_final:
                self._unfinished.labels(status).set(unfinished.get(status, 0))
        return generate_latest(self.registry)

    def _show_backup(self, backup: LastBackup | None) -> None:
        self._backup.clear()
        if backup is not None:
            verified = "no" if backup.verified_at is None else "yes"
            self._backup.labels(verified).set(backup.made_at.timestamp())

    def _show_money(self, money: MoneyNow) -> None:
        self._reserved.set(_units(money.reserved))
        for budget in money.budgets:
            # the operator's only: a member's or a server's would name them
            self._left.labels(budget.scope, budget.period).set(_units(budget.left))


def _seconds(began: datetime, ended: datetime) -> float:
    # a clock may have been set back between the two
    return max(0.0, (ended - began).total_seconds())


def _units(amount: Micros) -> float:
    """Of the currency: amounts are whole millionths."""
    return amount / 1_000_000


def metrics_route(
    metrics: MetricsObserver,
    status_counts: Callable[[], Awaitable[dict[str, int]]],
    circuits: Callable[[], Mapping[str, Circuit]] = dict,
    money_now: Callable[[], Awaitable[MoneyNow]] | None = None,
    *,
    queue_age: Callable[[], float] = float,
    last_backup: Callable[[], Awaitable[LastBackup | None]] | None = None,
) -> Route:
    """``/metrics`` in Prometheus' text format."""

    async def endpoint(_request: Request) -> Response:
        try:
            unfinished = await status_counts()
            money = None if money_now is None else await money_now()
        except StoreError:
            # the counters of this process are worth having without the database
            unfinished, money = {}, None
        backup = None if last_backup is None else await last_backup()
        body = metrics.render(unfinished, circuits(), money, queue_age=queue_age(), backup=backup)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", endpoint, methods=["GET"])
