"""One attempt to deliver an outcome, and the note that lets the next attempt go on from there."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.slack.models import PostTarget
from adapters.slack.refs import message_ref, post_target
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.ports import ClipLink, DeliveryPayload, SaveNote


class AttemptNote(BaseModel):
    """What the messenger has done so far, stored as the delivery's note.

    ``private_file`` is completed and in no message yet; ``shared_file`` is being shared by the
    delivery step ``shared_by``; ``posted`` is the ``ts`` of a message that was posted for this
    outcome; ``tried_at`` is when its posting began (seconds since the epoch; empty: it did not);
    ``is_message_gone``: the job's own message was deleted. ``shown`` are the files of deliveries
    before this one, ``pointer`` is the channel and ``ts`` of the message that says where the clip
    is, ``asked_at`` tells a delivery that a member asked for again from the one before it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    private_file: str | None = None
    shared_file: str | None = None
    shared_by: str | None = None
    posted: str | None = None
    tried_at: tuple[float, ...] = ()
    is_message_gone: bool = False
    shown: tuple[str, ...] = ()
    pointer: tuple[str, str] | None = None
    asked_at: float | None = None

    @classmethod
    def read(cls, note: str | None) -> Self:
        """From a delivery's note; one that cannot be read counts as none."""
        try:
            return cls() if note is None else cls.model_validate_json(note)
        # a note of another version costs a second upload, not the delivery
        except ValidationError:
            return cls()

    def written(self) -> str:
        """As a delivery's note."""
        return self.model_dump_json(exclude_defaults=True)

    def for_delivery(self, delivery: Delivery) -> Self:
        """The note as this delivery begins with it: a member who asks to see a clip again gets a
        file of their own, and the ones before stay known."""
        answer = delivery.answer
        asked_at = None if answer is None else answer.expires_at.timestamp()
        if asked_at == self.asked_at:
            return self
        return type(self)(shown=self.files, pointer=self.pointer, asked_at=asked_at)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file of the job that may be in Slack."""
        known = (*self.shown, self.private_file, self.shared_file)
        return tuple(dict.fromkeys(filter(None, known)))

    def file_shared_by(self, step: str) -> str | None:
        """The file that this delivery step began to share."""
        return self.shared_file if self.shared_by == step else None


class DeliveryAttempt:
    """What a delivery step needs: the outcome, the note of earlier attempts, and where to save
    it."""

    def __init__(self, payload: DeliveryPayload, save_note: SaveNote) -> None:
        self.job: Job = payload.job
        self.delivery: Delivery = payload.delivery
        self.video: Path | None = payload.video
        self.link: ClipLink | None = payload.link
        self.note = AttemptNote.read(payload.delivery.note).for_delivery(payload.delivery)
        self._save_note = save_note

    @property
    def target(self) -> PostTarget:
        """Where the job was asked for."""
        return post_target(self.job.channel)

    @property
    def message(self) -> MessageRef | None:
        """The job's own message, unless it is known to be deleted."""
        return None if self.note.is_message_gone else self.delivery.message

    @property
    def recipient(self) -> str:
        """The member who gets a direct message: who asked to see it again, else who asked for
        it."""
        answer = self.delivery.answer
        # the token of an answer is the id of the member who asked again
        return self.job.requested_by.id if answer is None else answer.token

    async def save(self, **changes: object) -> None:
        """Change the note and store it before the next call to Slack."""
        self.note = self.note.model_copy(update=changes)
        await self._save_note(self.note.written())

    def ref(self, target: PostTarget, ts: str) -> MessageRef:
        """A message of this job."""
        return message_ref(self.job, target, ts)


DeliverStep = Callable[[DeliveryAttempt], Awaitable[MessageRef | None]]
"""One delivery step; returns the message that now shows the outcome, None where the recorded one
stays."""
