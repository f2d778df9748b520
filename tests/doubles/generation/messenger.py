"""A chat whose every message a test can read: replaces a platform at the messenger's port."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobStatus
from generation.domain.refs import MessageRef, Platform
from generation.ports import DeliveryPayload, NoticePayload, SaveNote
from generation.protocol.progress import Progress


@dataclass
class RecordingMessenger:
    """Keeps what it was asked to show and to deliver. ``troubles`` are raised by the next deliveries, in order."""

    platform: Platform = Platform.DISCORD
    seconds_between_edits: float = 3.0
    steps: tuple[str, ...] = ("edit", "reply")
    troubles: list[Exception] = field(default_factory=list)
    shown: list[tuple[str, Progress]] = field(default_factory=list)
    delivered: list[tuple[str, JobStatus, str, bytes | None]] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    posted: list[NoticePayload] = field(default_factory=list)

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return self.steps

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        self.shown.append((job.id, progress))

    async def deliver(self, payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
        for text in self.notes:
            await note(text)
        if self.troubles:
            raise self.troubles.pop(0)
        video = None if payload.video is None else payload.video.read_bytes()
        self.delivered.append((payload.job.id, payload.job.status, step, video))
        return payload.delivery.message or MessageRef(payload.delivery.channel, f"message-{payload.job.id}")

    async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
        for text in self.notes:
            await note(text)
        if self.troubles:
            raise self.troubles.pop(0)
        self.posted.append(payload)

    async def retract(self, job: Job, delivery: Delivery) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.retracted.append(job.id)
