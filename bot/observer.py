"""Observers: one that logs a structured line per change, and one that passes changes on to several.

A line never holds a prompt or a secret.
"""

from collections.abc import Mapping, Sequence

import structlog

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId
from generation.domain.notice import Audience, NoticeStatus, OwedNotice
from generation.domain.refs import Platform
from generation.ports import Observer
from generation.protocol.errors import FlipbookError
from generation.text.notices import notice_text


class LogObserver:
    """Writes what happens to the log."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("flipbook.jobs")
        self._told: dict[JobId, dict[str, object]] = {}
        """What was last told of each job under way: each look at one that waits saves it anew."""

    def job_moved(self, job: Job) -> None:
        """``job queued job=… backend=…``, with the facts that are known by then; nothing where it
        would be the job's last line again."""
        facts: dict[str, object] = {
            "job": job.id,
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
        line = {"event": f"job {job.status.value}", **_known(facts)}
        if self._told.get(job.id) != line:
            self._log.info(**line)
        self._told[job.id] = line
        if job.status.is_final:
            del self._told[job.id]

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """``delivery sent job=…``, with the step, and in ``told`` why earlier steps failed."""
        facts = {"job": job.id, "step": delivery.step, "attempts": delivery.attempts}
        told = list(delivery.told)
        self._log.info(f"delivery {delivery.status.value}", told=told, **_known(facts))

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        """Nothing: `delivery sent` has a line already."""

    def message_opened(self, platform: Platform, seconds: float) -> None:
        """Nothing: `job pending` has a line already."""

    def notice_moved(self, owed: OwedNotice) -> None:
        """``notice told kind=…``; one for the operator in its own words, as a warning."""
        notice = owed.notice
        if notice.audience is Audience.OPERATOR and owed.status is NoticeStatus.TOLD:
            said = " ".join(notice_text(notice).lines)
            self._log.warning(said, notice=notice.kind.value, server=str(notice.server))
            return
        self._log.info(
            f"notice {owed.status.value}",
            notice=notice.kind.value,
            server=str(notice.server),
            attempts=owed.attempts,
            **_known({"reason": owed.reason}),
        )

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """A failure after which the work goes on; with a traceback where it is a bug, that is, no
        FlipbookError."""
        is_bug = not isinstance(error, FlipbookError | TimeoutError)
        self._log.warning(
            what,
            **_known({"job": job_id}),
            error=type(error).__name__,
            detail=str(error)[:300],  # a platform's answer may be a whole page
            exc_info=error if is_bug else None,
        )


def _known(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: fact for name, fact in facts.items() if fact is not None}


class Observers:
    """Passes every change on to several observers, one after the other."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def job_moved(self, job: Job) -> None:
        for observer in self._observers:
            observer.job_moved(job)

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        for observer in self._observers:
            observer.delivery_moved(job, delivery)

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        for observer in self._observers:
            observer.outcome_arrived(job, seconds)

    def message_opened(self, platform: Platform, seconds: float) -> None:
        for observer in self._observers:
            observer.message_opened(platform, seconds)

    def notice_moved(self, owed: OwedNotice) -> None:
        for observer in self._observers:
            observer.notice_moved(owed)

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        for observer in self._observers:
            observer.trouble(what, error, job_id=job_id)
