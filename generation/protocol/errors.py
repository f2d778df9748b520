"""Everything that can go wrong in bot and worker, as classes with fields. People never read their
messages: :mod:`generation.text.errors` has a sentence for each.

FlipbookError
├── InvalidRequest                 fields outside their bounds; nothing stored, nothing spent
├── Refused                        a rule says no; nothing stored, nothing spent
│   ├── LimitExceeded              a server's limit: what is allowed, what is used, when it resets
│   ├── BudgetExhausted            the operator's own daily ceiling over all servers
│   ├── BudgetTooSmall             the clip costs more than a whole day's budget: no waiting helps
│   ├── ServerNotAllowed           not on the operator's allow-list
│   ├── ChannelNotAllowed          the server's admins keep the bot out of this channel
│   ├── UserBlocked                the server's admins keep this member out
│   ├── PromptBlocked              the prompt holds a term that is not allowed here
│   ├── LastChannel                removing it would let the bot answer everywhere
│   └── LedgerUnavailable          usage could not be read: the answer is no
├── JobError                       something was asked of a job that cannot be done
│   ├── JobNotFound                no such job, or not for this member
│   ├── NotYourJob                 only its owner or an admin may do this
│   ├── JobAlreadyFinished         nothing left to cancel
│   └── JobNotRerollable           no finished clip to re-roll
├── IllegalTransition              a status change outside the transition table: our own mistake
├── BackendError                   the other side of the queue protocol
│   ├── BackendUnavailable         nothing was accepted, for certain: safe to try again
│   │   ├── BackendNotReady        it answered that it takes nothing at the moment
│   │   └── BackendStarting        our own worker, which is just being started
│   ├── BackendBusy                refused before acceptance (429), with how long to wait
│   ├── SubmissionOutcomeUnknown   broke after bytes were sent: never sent again to a paid backend
│   ├── CredentialsRejected        401: the key is wrong
│   ├── AccountLocked              402 or 403: the account may not run anything
│   ├── EndpointNotFound           404, 405 or 410 on submit
│   ├── RequestRejected            400, 413 or 422: the input, with the fields that it names
│   ├── ContentRejected            the backend's own content policy
│   ├── RequestNotFound            404 or 410 for an accepted request, or for its clip
│   ├── RequestCancelled           it was cancelled at the backend
│   ├── GenerationFailed           the model or its runner failed
│   ├── GenerationTimedOut         a deadline passed
│   └── ProtocolViolation          an answer that the queue protocol does not know
├── ArtifactError                  the finished clip, or another file of ours
│   ├── CorruptVideo               not a playable MP4
│   ├── CannotFit                  no encoding of it fits the byte limit
│   ├── ArtifactMissing            no longer in the artifact store
│   └── StorageFull                no room on the disk
├── DeliveryError                  a messenger could not post a message
│   ├── DeliveryDelayed            try the same step again, later
│   └── DeliveryStepFailed         this step does not work any more: next step
├── ChatUnusable                   a chat platform refuses the bot until its operator acts
└── StoreError                     the database
    ├── StoreBusy                  locked or out of reach for longer than we wait
    ├── StaleJob                   another process changed the job first
    └── DatabaseUnusable           until the operator has acted
        ├── DatabaseDamaged        its file is damaged, or none
        └── DatabaseTooNew         made by a newer Flipbook
"""

from dataclasses import dataclass
from datetime import datetime


class FlipbookError(Exception):
    """Base of every error that Flipbook raises on purpose."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field outside its bounds: its name, what is allowed, and what was given (short, and never
    a prompt)."""

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
    """A server's limit would be passed. ``resets_at`` is None where waiting does not help."""

    def __init__(
        self, limit: str, *, allowed: str, used: str, resets_at: datetime | None = None
    ) -> None:
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


class BudgetTooSmall(Refused):
    """The clip costs more than a whole day's budget: the server's, with its amount, or the
    operator's own (None)."""

    def __init__(self, price: str, *, server_budget: str | None = None) -> None:
        super().__init__(f"{price} of {server_budget or 'the daily budget'}")
        self.price = price
        self.server_budget = server_budget


class ServerNotAllowed(Refused):
    """This server is not on the operator's allow-list; ``server`` is what the operator has to add
    to it."""

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


class LastChannel(Refused):
    """The last channel of the allow-list would go, and the bot would answer in every channel."""


class LedgerUnavailable(Refused):
    """Usage could not be read, so nothing more is allowed (fails closed)."""


class JobError(FlipbookError):
    """Something was asked of a job that cannot be done."""

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
    """A status change outside the transition table."""

    def __init__(self, job_id: str, current: str, wanted: str) -> None:
        super().__init__(f"{job_id}: {current} → {wanted}")
        self.job_id = job_id
        self.current = current
        self.wanted = wanted


class BackendError(FlipbookError):
    """The other side of the queue protocol; ``backend`` is its name, ``detail`` its own message
    (shortened)."""

    def __init__(self, backend: str, detail: str = "") -> None:
        super().__init__(f"{backend}: {detail}" if detail else backend)
        self.backend = backend
        self.detail = detail


class BackendUnavailable(BackendError):
    """It could not be reached, or accepts nothing: trying again is safe."""


class BackendNotReady(BackendUnavailable):
    """It can be reached, but takes nothing at the moment: starting, stopping, or its disk is
    full."""


class BackendStarting(BackendUnavailable):
    """Our own worker is being started, or started again."""


class BackendBusy(BackendError):
    """It refused before acceptance because it has too much to do; wait ``retry_after`` seconds."""

    def __init__(self, backend: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(backend, detail)
        self.retry_after = retry_after


class SubmissionOutcomeUnknown(BackendError):
    """The submission broke after bytes were sent: it may or may not have been accepted."""


class CredentialsRejected(BackendError):
    """The key is wrong (401): the operator has to act."""


class AccountLocked(BackendError):
    """The account may not run anything (402, 403), often because its balance is used up: the
    operator has to act."""


class EndpointNotFound(BackendError):
    """The backend does not know the endpoint (404, 405 or 410 on submit)."""


class RequestRejected(BackendError):
    """The backend refused the input (400, 413, 422) and may name the fields."""

    def __init__(self, backend: str, violations: tuple[Violation, ...], detail: str = "") -> None:
        super().__init__(backend, detail or ", ".join(v.field for v in violations))
        self.violations = violations


class ContentRejected(BackendError):
    """The backend's content policy refused the prompt or the result."""


class RequestNotFound(BackendError):
    """The backend no longer knows a request that it accepted, or has lost its clip (404, 410)."""


class RequestCancelled(BackendError):
    """The request was cancelled at the backend."""


class GenerationFailed(BackendError):
    """The model or its runner failed; ``error_type`` is fal's, ``retryable`` what the backend says
    or its type means."""

    def __init__(
        self, backend: str, detail: str = "", *, error_type: str = "", retryable: bool = False
    ) -> None:
        super().__init__(backend, detail)
        self.error_type = error_type
        self.retryable = retryable


class GenerationTimedOut(BackendError):
    """A deadline passed, at the backend or here."""


class ProtocolViolation(BackendError):
    """An answer that the queue protocol does not know."""


class ArtifactError(FlipbookError):
    """Something about the finished clip, or another file of ours."""


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
    """A messenger could not post a message; ``reason`` is a short clause for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DeliveryDelayed(DeliveryError):
    """Not now: the same step may work after ``retry_after`` seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DeliveryStepFailed(DeliveryError):
    """This delivery step no longer works: the next one is due."""


class ChatUnusable(FlipbookError):
    """A chat platform refuses the bot until its operator acts; the message is a sentence that says
    what to do."""


class StoreError(FlipbookError):
    """Something about the database."""


class StoreBusy(StoreError):
    """The database was locked or out of reach for longer than we wait."""


class StaleJob(StoreError):
    """Another process changed the job first; what was read of it is out of date."""


class DatabaseUnusable(StoreError):
    """The database will not work again before the operator has acted; the message tells them what
    to do."""


class DatabaseDamaged(DatabaseUnusable):
    """The database's file is damaged, or is none; it is no longer used."""


class DatabaseTooNew(DatabaseUnusable):
    """The database was made by a newer Flipbook; this one leaves it alone."""
