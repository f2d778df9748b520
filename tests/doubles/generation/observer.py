"""An observer that remembers."""

from dataclasses import dataclass, field

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobStatus
from generation.domain.notice import OwedNotice
from generation.domain.refs import Platform


@dataclass
class RecordingObserver:
    """Keeps what was reported, in order."""

    moves: list[tuple[str, JobStatus]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    troubles: list[tuple[str, Exception]] = field(default_factory=list)
    notices: list[OwedNotice] = field(default_factory=list)
    arrived: list[tuple[str, float]] = field(default_factory=list)
    opened: list[tuple[Platform, float]] = field(default_factory=list)

    def job_moved(self, job: Job) -> None:
        self.moves.append((job.id, job.status))

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        self.arrived.append((job.id, seconds))

    def message_opened(self, platform: Platform, seconds: float) -> None:
        self.opened.append((platform, seconds))

    def notice_moved(self, owed: OwedNotice) -> None:
        self.notices.append(owed)

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        self.troubles.append((what, error))
