"""One structured line per change, and every observer hears of it. Never a prompt, never a secret."""

from collections.abc import Sequence

import structlog

from generation.delivery import Delivery
from generation.errors import FlipbookError
from generation.job import Job
from generation.ports import Observer


class LogObserver:
    """Writes what happens to the log."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("flipbook")

    def job_moved(self, job: Job) -> None:
        """``job queued job=… status=…``: with whatever is known by then."""
        facts: dict[str, object] = {
            "job": job.id,
            "status": job.status.value,
            "server": str(job.channel.server),
            "endpoint": job.request.endpoint.label,
            "attempt": job.attempt,
            "backend": job.backend,
            "request_id": job.handle.request_id if job.handle else None,
            "waiting_for": job.waiting_for,
            "parent": job.parent,
        }
        if job.failure is not None:
            facts |= {"failure": job.failure.kind.value, "detail": job.failure.detail}
        if job.finished_at is not None:
            facts["seconds"] = round((job.finished_at - job.created_at).total_seconds(), 3)
        self._log.info(f"job {job.status.value}", **{name: fact for name, fact in facts.items() if fact is not None})

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """``delivery sent job=…``: with the rung and why it stepped down."""
        facts = {"job": job.id, "status": delivery.status.value, "rung": delivery.rung, "attempts": delivery.attempts}
        self._log.info(f"delivery {delivery.status.value}", told=list(delivery.told), **facts)

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """What failed and was survived; with a traceback only where it is a mistake of ours."""
        ours = not isinstance(error, FlipbookError | TimeoutError)
        self._log.warning(
            what, job=job_id, error=type(error).__name__, detail=str(error)[:300], exc_info=error if ours else None
        )


class Observers:
    """Tells several observers in turn."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def job_moved(self, job: Job) -> None:
        """A job reached a new status."""
        for observer in self._observers:
            observer.job_moved(job)

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """A delivery moved."""
        for observer in self._observers:
            observer.delivery_moved(job, delivery)

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """Something failed and was survived."""
        for observer in self._observers:
            observer.trouble(what, error, job_id=job_id)
