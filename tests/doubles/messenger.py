"""A chat whose every message a test can read: stands in for a platform at the messenger's port."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from generation.delivery import Delivery
from generation.job import Job, JobStatus
from generation.places import MessageRef, Platform
from generation.ports import Noter, Parcel
from generation.progress import Progress


@dataclass
class RecordingMessenger:
    """Keeps what it was asked to show and to deliver. ``troubles`` are raised by the next deliveries, in order."""

    platform: Platform = Platform.DISCORD
    seconds_between_edits: float = 3.0
    ways: tuple[str, ...] = ("edit", "reply")
    troubles: list[Exception] = field(default_factory=list)
    shown: list[tuple[str, Progress]] = field(default_factory=list)
    delivered: list[tuple[str, JobStatus, str, bytes | None]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return self.ways

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        self.shown.append((job.id, progress))

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        for text in self.notes:
            await note(text)
        if self.troubles:
            raise self.troubles.pop(0)
        video = None if parcel.video is None else parcel.video.read_bytes()
        self.delivered.append((parcel.job.id, parcel.job.status, rung, video))
        return parcel.delivery.message or MessageRef(parcel.delivery.channel, f"message-{parcel.job.id}")
