"""Everything that can go wrong, as classes with fields. People read sentences from :mod:`generation.wording`.

FlipbookError
├── InvalidRequest                 fields outside their bounds; nothing stored, nothing spent
├── Refused                        a rule says no; nothing stored, nothing spent
│   ├── LimitExceeded              a server's limit, with what is allowed, what is used and when it resets
│   ├── BudgetExhausted            the operator's own daily ceiling over all servers
│   ├── ServerNotAllowed           not on the operator's allow-list
│   ├── ChannelNotAllowed          the server's admins keep the bot out of this channel
│   ├── UserBlocked                the server's admins keep this member out
│   ├── PromptBlocked              the prompt holds a term that is not allowed here
│   └── LedgerUnavailable          usage could not be read: the answer is no
├── JobError                       something asked of a job that cannot be
│   ├── JobNotFound
│   ├── NotYourJob
│   ├── JobAlreadyFinished
│   ├── JobNotRerollable
│   └── IllegalTransition          a move outside the transition table: our own mistake
├── BackendError                   the far side of the queue protocol
│   ├── BackendUnavailable         provably nothing was accepted: safe to try again
│   │   └── BackendNotReady        it answered that it takes nothing at the moment
│   ├── BackendBusy                refused before acceptance (429), with how long to wait
│   ├── SubmissionOutcomeUnknown   broke after bytes left: a paid backend is never asked twice
│   ├── CredentialsRejected        401
│   ├── AccountLocked              403
│   ├── EndpointNotFound           404 on submit
│   ├── RequestRejected            422, with the fields it names
│   ├── ContentRejected            the backend's own content policy
│   ├── RequestNotFound            404 on a request that we know
│   ├── RequestCancelled           it was cancelled at the backend
│   ├── GenerationFailed           the model or its runner failed
│   ├── GenerationTimedOut         a deadline passed
│   └── ProtocolViolation          an answer that the protocol does not know
├── ArtifactError                  the finished clip
│   ├── CorruptVideo               not a playable MP4
│   ├── CannotFit                  no encoding of it fits the byte limit
│   ├── ArtifactMissing
│   └── StorageFull
├── DeliveryError                  a messenger could not put a message where it belongs
│   ├── DeliveryDelayed            try the same rung again, later
│   └── RungFailed                 this way will not work any more: next rung
├── ChatUnusable                   a chat platform refuses the bot until its operator changes something
└── StoreError                     the database
    ├── StoreBusy                  locked or out of reach for longer than we wait
    ├── StaleJob                   another process moved the job first
    └── DatabaseTooNew             made by a newer Flipbook
"""

from dataclasses import dataclass
from datetime import datetime


class FlipbookError(Exception):
    """Base of every error that Flipbook raises on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field outside its bounds: its name, what is allowed, and what was given (shortened, never a whole prompt)."""

    field: str
    allowed: str
    given: str


class InvalidRequest(FlipbookError):
    """One or more fields are outside their bounds."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(", ".join(v.field for v in violations))
        self.violations = violations


class Refused(FlipbookError):
    """A rule says no; nothing was stored and nothing was spent."""


class LimitExceeded(Refused):
    """A server's limit would be passed. ``resets_at`` is None where waiting for a date does not help."""

    def __init__(self, limit: str, *, allowed: str, used: str, resets_at: datetime | None = None) -> None:
        super().__init__(f"{limit}: {used} of {allowed}")
        self.limit = limit
        self.allowed = allowed
        self.used = used
        self.resets_at = resets_at


class BudgetExhausted(Refused):
    """The operator's daily budget over all servers is spent until ``resets_at``."""

    def __init__(self, resets_at: datetime) -> None:
        super().__init__("daily budget")
        self.resets_at = resets_at


class ServerNotAllowed(Refused):
    """This server is not on the operator's allow-list; ``server`` is what the operator would have to add."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


class ChannelNotAllowed(Refused):
    """The server's admins keep the bot to other channels."""


class UserBlocked(Refused):
    """The server's admins keep this member out."""


class PromptBlocked(Refused):
    """The prompt holds a term that is not allowed in this server."""

    def __init__(self, term: str) -> None:
        super().__init__("blocked term")
        self.term = term


class LedgerUnavailable(Refused):
    """What was used could not be read, so nothing more is allowed (fails closed)."""


class JobError(FlipbookError):
    """Something was asked of a job that cannot be."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class JobNotFound(JobError):
    """There is no such job, or it is not for this member to see."""


class NotYourJob(JobError):
    """Only its owner or an admin may do this."""


class JobAlreadyFinished(JobError):
    """The job has ended; there is nothing left to cancel."""


class JobNotRerollable(JobError):
    """Only a finished clip can be re-rolled."""


class IllegalTransition(FlipbookError):
    """A move outside the transition table."""

    def __init__(self, job_id: str, current: str, wanted: str) -> None:
        super().__init__(f"{job_id}: {current} → {wanted}")
        self.job_id = job_id
        self.current = current
        self.wanted = wanted


class BackendError(FlipbookError):
    """The far side of the queue protocol; ``backend`` is its name, ``detail`` its own words (shortened)."""

    def __init__(self, backend: str, detail: str = "") -> None:
        super().__init__(f"{backend}: {detail}" if detail else backend)
        self.backend = backend
        self.detail = detail


class BackendUnavailable(BackendError):
    """It could not be reached, or said so itself before accepting anything: trying again is safe."""


class BackendNotReady(BackendUnavailable):
    """It can be reached, but takes nothing at the moment: its disk is full, or it is starting or stopping."""


class BackendBusy(BackendError):
    """It refused before acceptance because it has too much to do; wait ``retry_after`` seconds."""

    def __init__(self, backend: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(backend, detail)
        self.retry_after = retry_after


class SubmissionOutcomeUnknown(BackendError):
    """The submission broke after bytes had left: it may or may not have been accepted."""


class CredentialsRejected(BackendError):
    """The key is wrong (401): the operator has to act."""


class AccountLocked(BackendError):
    """The account may not run anything (403), often for want of balance: the operator has to act."""


class EndpointNotFound(BackendError):
    """The backend does not know the endpoint (404 on submit)."""


class RequestRejected(BackendError):
    """The backend refused the input (422) and names the fields."""

    def __init__(self, backend: str, violations: tuple[Violation, ...], detail: str = "") -> None:
        super().__init__(backend, detail or ", ".join(v.field for v in violations))
        self.violations = violations


class ContentRejected(BackendError):
    """The backend's content policy refused the prompt or the result."""


class RequestNotFound(BackendError):
    """The backend no longer knows a request that it once accepted (404)."""


class RequestCancelled(BackendError):
    """The request was cancelled at the backend."""


class GenerationFailed(BackendError):
    """The model or its runner failed; ``error_type`` is fal's word for how, ``retryable`` what the backend says."""

    def __init__(self, backend: str, detail: str = "", *, error_type: str = "", retryable: bool = False) -> None:
        super().__init__(backend, detail)
        self.error_type = error_type
        self.retryable = retryable


class GenerationTimedOut(BackendError):
    """A deadline passed at the backend or at ours."""


class ProtocolViolation(BackendError):
    """An answer that the queue protocol does not know."""


class ArtifactError(FlipbookError):
    """Something about the finished clip."""


class CorruptVideo(ArtifactError):
    """Not a playable H.264 MP4; the message says what is wrong with it."""


class CannotFit(ArtifactError):
    """Not even the smallest encoding of the clip fits ``limit_bytes``."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"{limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class ArtifactMissing(ArtifactError):
    """The clip is no longer in the artifact store."""


class StorageFull(ArtifactError):
    """There is no room for the clip; the operator has to act."""


class DeliveryError(FlipbookError):
    """A messenger could not put a message where it belongs; ``reason`` is a short clause for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DeliveryDelayed(DeliveryError):
    """Not now: the same rung may work after ``retry_after`` seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RungFailed(DeliveryError):
    """This way of delivering will not work any more: the next rung is due."""


class ChatUnusable(FlipbookError):
    """A chat platform refuses the bot until its operator changes something; the message says what, in a sentence."""


class StoreError(FlipbookError):
    """Something about the database."""


class StoreBusy(StoreError):
    """The database was locked or out of reach for longer than we wait."""


class StaleJob(StoreError):
    """Another process moved the job first; what we knew of it is out of date."""


class DatabaseTooNew(StoreError):
    """The database was made by a newer Flipbook; this one does not touch it."""
