"""A delivery: the one message of a job, from the first answer to the finished clip."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from generation.domain.job import JobId
from generation.domain.refs import ChannelRef, MessageRef, Platform


class DeliveryStatus(StrEnum):
    """Whether the message still shows progress, is due to show the outcome, shows it, or never
    will."""

    OPEN = "open"
    OWED = "owed"
    SENT = "sent"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a first answer can be edited without the rights of a member: by Discord's interaction
    token or Slack's ``response_url``. ``private`` answers are seen by one member only, and can be
    edited no longer than the token lives."""

    token: str
    expires_at: datetime
    private: bool = False


@dataclass(frozen=True, slots=True)
class OwedDeliveries:
    """Outcomes that one chat is owed: how many, how many of them were tried in vain, and when the
    first of them is due."""

    platform: Platform
    count: int
    tried: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A job's row in the outbox, and the index from a message to its job.

    ``message`` shows the job (None until the first answer is sent), ``step`` is the delivery step
    that the next attempt takes (None: the first), ``attempts`` counts the ones it has had. ``note``
    is what a messenger keeps between attempts and for deleting (an uploaded file's id), ``told``
    why earlier steps failed, oldest first.
    """

    job_id: JobId
    channel: ChannelRef
    opened_at: datetime
    status: DeliveryStatus = DeliveryStatus.OPEN
    message: MessageRef | None = None
    answer: Answer | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    step: str | None = None
    note: str | None = None
    told: tuple[str, ...] = ()
    sent_at: datetime | None = None

    def shown_as(self, message: MessageRef, answer: Answer | None = None) -> Self:
        """The first answer is sent."""
        return replace(self, message=message, answer=answer or self.answer)

    def opened(self, message: MessageRef, answer: Answer | None, at: datetime) -> Self:
        """The first answer is sent, early or late: an outcome that waits for it is due, an
        abandoned one has a step again, and one that has arrived stays where members see it."""
        match self.status:
            # the late answer is only another way to reach the member
            case DeliveryStatus.SENT if self.message is not None:
                return replace(self, answer=answer or self.answer)
            case DeliveryStatus.ABANDONED:
                return self.shown_as(message, answer).owed(at)
            case DeliveryStatus.OWED if self.attempts == 0:
                return replace(self.shown_as(message, answer), next_attempt_at=at)
            # the member has brought it back, while the other steps were being tried
            case DeliveryStatus.OWED if answer is not None and answer.private:
                return self.shown_as(message, answer).owed(at)
            case _:
                return self.shown_as(message, answer)

    def owed(self, at: datetime) -> Self:
        """The job has ended: the outcome has to reach the channel."""
        return replace(self, status=DeliveryStatus.OWED, next_attempt_at=at, attempts=0, step=None)

    def delayed(self, until: datetime) -> Self:
        """The same step again, later."""
        return replace(self, attempts=self.attempts + 1, next_attempt_at=until)

    def stepped_down(self, step: str, reason: str, at: datetime) -> Self:
        """This step no longer works; the next one is due at once."""
        return replace(self, attempts=0, step=step, next_attempt_at=at, told=self._told(reason))

    def from_the_first_step(self, until: datetime) -> Self:
        """All steps have to wait: later, from the best one on."""
        return replace(self, attempts=0, step=None, next_attempt_at=until)

    def noted(self, note: str) -> Self:
        """The messenger's note, kept over a restart."""
        return replace(self, note=note)

    def sent(self, message: MessageRef | None, at: datetime) -> Self:
        """The outcome is in the channel."""
        return replace(
            self, status=DeliveryStatus.SENT, message=message or self.message, sent_at=at
        )

    def again(self, answer: Answer, at: datetime) -> Self:
        """The outcome is to be delivered again, as that answer; the job's message stays what it
        is."""
        return replace(
            self,
            status=DeliveryStatus.OWED,
            answer=answer,
            attempts=0,
            next_attempt_at=at,
            step=None,
            told=(),
        )

    def changed(self, at: datetime, *, is_private: bool = False) -> Self:
        """What the job's message shows has changed since it was delivered: it is due again, there
        and nowhere else. That of a private job is changed by its answer alone on Discord; on Slack
        it is a message like others."""
        is_answer = is_private and self.channel.server.platform is Platform.DISCORD
        # a token that a member got to see the clip again has nothing to do with the job's message
        answer = self.answer if is_answer or self.message is None else None
        return replace(self.owed(at), answer=answer)

    @property
    def was_shown(self) -> bool:
        """Whether the outcome has arrived before, so that only its own message is to be changed."""
        return self.sent_at is not None and self.answer is None

    def abandoned(self, reason: str) -> Self:
        """No step is left; the clip stays in the artifact store."""
        return replace(self, status=DeliveryStatus.ABANDONED, told=self._told(reason))

    def _told(self, reason: str) -> tuple[str, ...]:
        return self.told if reason in self.told else (*self.told, reason)
