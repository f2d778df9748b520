"""The other side of the queue protocol."""

from generation.protocol.errors.base import FlipbookError, Violation


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


class ClipWithheld(ContentRejected):
    """The clip was rendered, and the backend's check saw in it what may not be shown."""


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
