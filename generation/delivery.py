"""A delivery: the one message that we owe for a job, from the first answer to the finished clip."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from generation.job import JobId
from generation.places import ChannelRef, MessageRef


class DeliveryStatus(StrEnum):
    """Whether the message still shows progress, owes the outcome, has it, or never can."""

    OPEN = "open"
    OWED = "owed"
    SENT = "sent"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Answer:
    """How the first answer can still be reached without being a member: Discord's interaction token, Slack's
    ``response_url``. ``private`` answers are seen by one member only and live no longer than the token."""

    token: str
    expires_at: datetime
    private: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outbox row of a job, and the index from a reacted message to its job.

    ``message`` is what shows the job (None until the first answer is out), ``rung`` the step of the ladder that the
    next attempt takes (None: the first), ``note`` a messenger's own memory between attempts (an uploaded file's id),
    ``told`` why it stepped down, oldest first.
    """

    job_id: JobId
    channel: ChannelRef
    opened_at: datetime
    status: DeliveryStatus = DeliveryStatus.OPEN
    message: MessageRef | None = None
    answer: Answer | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    rung: str | None = None
    note: str | None = None
    told: tuple[str, ...] = ()
    sent_at: datetime | None = None

    def shown_as(self, message: MessageRef, answer: Answer | None = None) -> Self:
        """The first answer is out."""
        return replace(self, message=message, answer=answer or self.answer)

    def opened(self, message: MessageRef, answer: Answer | None, at: datetime) -> Self:
        """As :meth:`shown_as`, late answers included: an outcome that waits for it is due, one without a way has one
        now, and one that has arrived stays where members see it."""
        match self.status:
            case DeliveryStatus.SENT if self.message is not None:
                return replace(self, answer=answer or self.answer)
            case DeliveryStatus.ABANDONED:
                return self.shown_as(message, answer).owed(at)
            case DeliveryStatus.OWED if self.attempts == 0:
                return replace(self.shown_as(message, answer), next_attempt_at=at)
            case _:
                return self.shown_as(message, answer)

    def owed(self, at: datetime) -> Self:
        """The job has ended: the outcome has to reach the channel."""
        return replace(self, status=DeliveryStatus.OWED, next_attempt_at=at, attempts=0, rung=None)

    def delayed(self, until: datetime) -> Self:
        """The same rung again, later."""
        return replace(self, attempts=self.attempts + 1, next_attempt_at=until)

    def stepped_down(self, rung: str, reason: str, at: datetime) -> Self:
        """This way will not work any more; the next one is due at once."""
        return replace(self, attempts=0, rung=rung, next_attempt_at=at, told=self._told(reason))

    def from_the_first_rung(self, until: datetime) -> Self:
        """All ways have to wait: later, the best one first again."""
        return replace(self, attempts=0, rung=None, next_attempt_at=until)

    def noted(self, note: str) -> Self:
        """What the messenger must still know if we die before the next step."""
        return replace(self, note=note)

    def sent(self, message: MessageRef | None, at: datetime) -> Self:
        """The outcome is in the channel."""
        return replace(self, status=DeliveryStatus.SENT, message=message or self.message, sent_at=at)

    def again(self, answer: Answer, at: datetime) -> Self:
        """Somebody wants to see the outcome once more; the message that shows the job stays what it is."""
        return replace(
            self,
            status=DeliveryStatus.OWED,
            answer=answer,
            attempts=0,
            next_attempt_at=at,
            rung=None,
            note=None,
            told=(),
        )

    def abandoned(self, reason: str) -> Self:
        """No way is left; the clip stays in the artifact store."""
        return replace(self, status=DeliveryStatus.ABANDONED, told=self._told(reason))

    def _told(self, reason: str) -> tuple[str, ...]:
        return self.told if reason in self.told else (*self.told, reason)
