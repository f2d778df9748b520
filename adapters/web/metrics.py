"""Prometheus metrics: counted as jobs and deliveries move, and read from the database when asked for."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generation.breaker import Circuit
from generation.delivery import Delivery, DeliveryStatus
from generation.errors import StoreError
from generation.job import Job, JobStatus

_WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """An observer that counts. One object per process, with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._jobs = Counter(
            "flipbook_jobs_total",
            "Jobs by the status they reached.",
            ("status", "endpoint", "platform", "backend"),
            registry=self.registry,
        )
        self._failures = Counter(
            "flipbook_job_failures_total", "Failed jobs by kind.", ("kind",), registry=self.registry
        )
        self._spent = Counter(
            "flipbook_spent_dollars_total",
            "What clips did cost, and what failures probably did.",
            ("backend",),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "flipbook_job_seconds", "From asking to the clip.", ("endpoint",), buckets=_WAITS, registry=self.registry
        )
        self._deliveries = Counter(
            "flipbook_deliveries_total",
            "Deliveries by what became of them.",
            ("status", "platform"),
            registry=self.registry,
        )
        self._trouble = Counter(
            "flipbook_trouble_total", "Errors that were survived.", ("what",), registry=self.registry
        )
        self._forged = Counter(
            "flipbook_webhooks_forged_total", "Webhooks whose signature was not good.", registry=self.registry
        )
        self._unfinished = Gauge("flipbook_jobs_unfinished", "Jobs under way.", ("status",), registry=self.registry)
        self._circuits = Gauge(
            "flipbook_backend_circuit",
            "1 for the state of a backend's circuit, 0 for the others.",
            ("backend", "state"),
            registry=self.registry,
        )

    def job_moved(self, job: Job) -> None:
        """Count a status change, and at the end what it took."""
        platform = job.channel.server.platform
        self._jobs.labels(job.status, job.request.endpoint.label, platform, job.backend or "none").inc()
        if job.status.is_final:
            self._spent.labels(job.backend or "none").inc((job.cost or 0) / 1_000_000)
        if job.failure is not None:
            self._failures.labels(job.failure.kind).inc()
        if job.status is JobStatus.SUCCEEDED and job.finished_at is not None:
            self._seconds.labels(job.request.endpoint.label).observe((job.finished_at - job.created_at).total_seconds())

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """Count an outcome that arrived or was given up."""
        if delivery.status in {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}:
            self._deliveries.labels(delivery.status, job.channel.server.platform).inc()

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:  # noqa: ARG002
        """Count an error that was survived."""
        self._trouble.labels(what).inc()

    def webhook_forged(self) -> None:
        """Count a webhook that fal did not sign."""
        self._forged.inc()

    def render(self, unfinished: Mapping[str, int], circuits: Mapping[str, Circuit]) -> bytes:
        """The metrics as text, with the unfinished jobs and the backends' circuits as given."""
        for backend, circuit in circuits.items():
            for state in Circuit:
                self._circuits.labels(backend, state).set(state is circuit)
        for status in JobStatus:
            if not status.is_final:
                self._unfinished.labels(status).set(unfinished.get(status, 0))
        return generate_latest(self.registry)


def metrics_route(
    metrics: Metrics,
    status_counts: Callable[[], Awaitable[dict[str, int]]],
    circuits: Callable[[], Mapping[str, Circuit]] = dict,
) -> Route:
    """``/metrics`` in Prometheus' text format."""

    async def endpoint(_request: Request) -> Response:
        try:
            unfinished = await status_counts()
        except StoreError:
            unfinished = {}
        return Response(metrics.render(unfinished, circuits()), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", endpoint, methods=["GET"])
