"""The interfaces by which parts of the core tell each other."""

from typing import Protocol

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.notice import OwedNotice
from generation.domain.refs import Platform
from generation.protocol.progress import Progress


class Wake(Protocol):
    """Tells a loop that there is work now."""

    def __call__(self) -> None: ...


class ProgressSink(Protocol):
    """Takes a job's progress from the dispatcher; never blocks."""

    def __call__(self, job: Job, progress: Progress) -> None: ...


class Observer(Protocol):
    """Receives every change after it is saved, for logs and metrics. Never blocks, never raises."""

    def job_moved(self, job: Job) -> None:
        """A job was created or reached a new status."""

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """A delivery was sent, went to its next step, was postponed or was given up."""

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        """A chat shows a job's outcome for the first time, so long after it."""

    def message_opened(self, platform: Platform, seconds: float) -> None:
        """A chat has taken the message that answers a request for a clip, so long after it came."""

    def notice_moved(self, owed: OwedNotice) -> None:
        """A notice was told (one for the operator is told by this), postponed or given up."""

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """Something failed that an operator may want to look into; the work goes on."""
