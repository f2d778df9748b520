"""The interface to what brings clips to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.notice import Notice
from generation.domain.refs import ChannelRef, MessageRef, Platform
from generation.protocol.progress import Progress


@dataclass(frozen=True, slots=True)
class ClipLink:
    """A link to a clip, valid for everyone who has it, and when it expires."""

    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class DeliveryPayload:
    """What a messenger delivers: a job's outcome. ``video`` is the clip's file, None when there is
    no clip; ``link`` is None where this service has no public URL."""

    job: Job
    delivery: Delivery
    video: Path | None
    link: ClipLink | None = None


@dataclass(frozen=True, slots=True)
class NoticePayload:
    """A notice to post. ``log_channel`` is where one for the admins goes, ``clip`` the message that
    one for a clip's asker replies to, ``note`` what an earlier attempt has saved."""

    notice: Notice
    log_channel: ChannelRef | None = None
    note: str | None = None
    clip: MessageRef | None = None


class SaveNote(Protocol):
    """Saves what a messenger needs to know after a crash in the middle of a delivery."""

    async def __call__(self, note: str) -> None: ...


class Messenger(Protocol):
    """Posts messages on one platform. Methods raise generation.protocol.errors.DeliveryError."""

    @property
    def platform(self) -> Platform: ...

    @property
    def seconds_between_edits(self) -> float:
        """The least time between two progress edits of one message."""

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        """The delivery steps that are possible now, best first; never empty."""

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Show the newest progress in the message; a lost one does no harm."""

    async def deliver(
        self, payload: DeliveryPayload, step: str, note: SaveNote
    ) -> MessageRef | None:
        """Deliver by this step; returns the message that now shows the outcome. Raises
        DeliveryDelayed (try this step later) or DeliveryStepFailed (try the next step)."""

    async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
        """Post a notice once, also when an earlier attempt may have posted it. Raises
        DeliveryDelayed (try later) or DeliveryStepFailed (there is no place for it)."""

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """Take away the messages and files that show a deleted job; what is gone already is fine.
        Raises DeliveryDelayed (later) or DeliveryStepFailed (they stay where they are)."""
