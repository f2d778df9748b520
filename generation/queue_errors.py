"""What a backend's refusals and failures mean: from status code, headers and body to the error tree. Pure.

Submitting spends money, so there only what proves that nothing was accepted becomes BackendUnavailable or BackendBusy:

- any other 4xx is the backend's considered "no": the error says which, and nothing was accepted;
- 408 and 409 may speak of a request that did arrive, 3xx after a POST may mean "done, look there": outcome unknown;
- 5xx: proxies answer 502 and 504 for requests that reached their goal, and Envoy answers 503 even for a connection
  reset after sending, so at a paid backend every 5xx is an unknown outcome. Our own worker says 503 only before it
  accepts (starting, disk full); its other 5xx are unknown too, and sent again under the same key.

On reads nothing is spent: whatever may be better next time is BackendUnavailable, and so is every page that is not the
protocol's JSON, for that is a proxy or tunnel talking.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendUnavailable,
    ContentRejected,
    CredentialsRejected,
    EndpointNotFound,
    GenerationFailed,
    GenerationTimedOut,
    ProtocolViolation,
    RequestCancelled,
    RequestNotFound,
    RequestRejected,
    SubmissionOutcomeUnknown,
)
from generation.queue_answers import Answer
from generation.queue_violations import violations_of
from generation.wire import (
    CLIENT_CLOSED_REQUEST,
    ERROR_TYPE_HEADER,
    NEEDS_RETRY_HEADER,
    REQUEST_ID_HEADER,
    RETRYABLE_HEADER,
    STILL_IN_PROGRESS,
    ErrorBody,
    ErrorType,
    ModelErrorType,
    QueueStatus,
)

_LONGEST_DETAIL: Final = 300
_MAY_HAVE_ARRIVED: Final = frozenset({302, 303, 408, 409, CLIENT_CLOSED_REQUEST})
_ASK_LATER: Final = frozenset({408, 425, 429})
_CANCELLED: Final = frozenset({ErrorType.CLIENT_CANCELLED, ErrorType.CLIENT_DISCONNECTED})
_TIMED_OUT: Final = frozenset({ErrorType.REQUEST_TIMEOUT, ModelErrorType.GENERATION_TIMEOUT})
_FAILED: Final = frozenset(
    {
        ModelErrorType.INTERNAL_SERVER_ERROR,
        ModelErrorType.DOWNSTREAM_SERVICE_ERROR,
        ModelErrorType.DOWNSTREAM_SERVICE_UNAVAILABLE,
        ModelErrorType.NO_MEDIA_GENERATED,
    }
)
_NEVER_RENDERED: Final = frozenset(
    {kind for kind in ErrorType if kind.startswith("runner_")} | {ErrorType.STARTUP_TIMEOUT, ErrorType.INTERNAL_ERROR}
)
"""Failures of the machinery around the model: asking once more may help, unless the backend itself says otherwise."""

Named = Callable[[str, str], BackendError]


def one_line(text: str) -> str:
    """A backend's words as one short line without control characters."""
    return "".join(c for c in " ".join(text[:2000].split()) if c.isprintable())[:_LONGEST_DETAIL]


def error_of_submit(backend: str, answer: Answer, *, resubmits_safely: bool, now: datetime) -> BackendError:
    """What a submit's answer other than 2xx means."""
    body, said = _read(answer)
    status = answer.status
    if status == 429:
        return BackendBusy(backend, said, retry_after=answer.retry_after(now))
    if status == 503 and resubmits_safely:
        return BackendNotReady(backend, said)
    if status in _MAY_HAVE_ARRIVED or status >= 500:
        return SubmissionOutcomeUnknown(backend, said)
    if status in {404, 405, 410}:
        return EndpointNotFound(backend, said)
    return _refusal(backend, answer, body, said)


def error_of_read(backend: str, answer: Answer) -> BackendError:
    """What an answer to a status or cancel means that is not one of those that the protocol foresees."""
    _, said = _read(answer)
    status = answer.status
    if status in _ASK_LATER or status >= 500 or (status not in {401, 403} and not answer.is_json_object):
        return BackendUnavailable(backend, said)
    if status in {404, 410}:
        return RequestNotFound(backend, said)
    return _ACCOUNT.get(status, ProtocolViolation)(backend, said)


def error_of_result(backend: str, answer: Answer) -> BackendError:
    """Why there is no clip, from the answer that should have held it."""
    body, said = _read(answer)
    if answer.status == 400 and body.sentence.strip() == STILL_IN_PROGRESS:
        return BackendUnavailable(backend, STILL_IN_PROGRESS)
    if answer.succeeded or not _is_final(answer, body):
        return error_of_read(backend, answer)
    kind = one_line(body.error_type or answer.headers.get(ERROR_TYPE_HEADER) or _first_type(body))
    named = _error_of_type(backend, said, kind, _says_retryable(answer))
    return (
        named
        or _error_of_code(backend, answer, body, said)
        or GenerationFailed(backend, said, error_type=kind, retryable=_says_retryable(answer) or False)
    )


def error_of_status(backend: str, status: QueueStatus) -> BackendError:
    """Why there is no clip, from a COMPLETED status that carries an error."""
    said = one_line(status.error or "")
    kind = status.error_type or ""
    return _error_of_type(backend, said, kind, None) or GenerationFailed(backend, said, error_type=kind)


def _error_of_code(backend: str, answer: Answer, body: ErrorBody, said: str) -> BackendError | None:
    """What a final status code means by itself; None for a failure that it does not explain."""
    match answer.status:
        case 404 | 410:
            return RequestNotFound(backend, said)
        case 499:
            return RequestCancelled(backend, said)
        case 504:
            return GenerationTimedOut(backend, said)
        case code if code < 500:
            return _refusal(backend, answer, body, said)
        case _:
            return None


def is_vague(error: BackendError) -> bool:
    """Whether the request's status may know better why it failed."""
    return isinstance(error, ProtocolViolation) or (isinstance(error, GenerationFailed) and not error.error_type)


def _refusal(backend: str, answer: Answer, body: ErrorBody, said: str) -> BackendError:
    """A considered "no" to what was asked for."""
    if _first_type(body) == ModelErrorType.CONTENT_POLICY_VIOLATION:
        return ContentRejected(backend, said)
    if answer.status in {400, 413, 422}:
        return RequestRejected(backend, violations_of(body.items), said)
    return _ACCOUNT.get(answer.status, ProtocolViolation)(backend, said)


def _error_of_type(backend: str, said: str, kind: str, retryable: bool | None) -> BackendError | None:
    """What fal's own word for a failure means; None for a word that is about the input, or unknown."""
    if kind == ModelErrorType.CONTENT_POLICY_VIOLATION:
        return ContentRejected(backend, said)
    if kind == ErrorType.BAD_REQUEST:
        return RequestRejected(backend, (), said)
    if kind in _CANCELLED:
        return RequestCancelled(backend, said)
    if kind in _TIMED_OUT:
        return GenerationTimedOut(backend, said)
    if kind in _NEVER_RENDERED or kind in _FAILED:
        again = kind in _NEVER_RENDERED if retryable is None else retryable
        return GenerationFailed(backend, said, error_type=kind, retryable=again)
    return None


def _is_final(answer: Answer, body: ErrorBody) -> bool:
    """Whether the request itself ended so, rather than something in front of the backend being in trouble."""
    if answer.status in _ASK_LATER:
        return False
    from_backend = REQUEST_ID_HEADER in answer.headers or ERROR_TYPE_HEADER in answer.headers
    return answer.is_json_object and (from_backend or bool(body.detail or body.error_type) or answer.status < 500)


def _read(answer: Answer) -> tuple[ErrorBody, str]:
    """The body as an error, and a line for the operator that begins with the status code."""
    body = answer.read_as(ErrorBody) or ErrorBody.from_stranger(answer.body)
    said = body.sentence if answer.is_json_object else ""
    return body, one_line(f"HTTP {answer.status} {said}")


def _first_type(body: ErrorBody) -> str:
    types: Iterable[str] = (item.type for item in body.items)
    policy = ModelErrorType.CONTENT_POLICY_VIOLATION
    found = list(types)
    return policy.value if policy in found else next(iter(found), "")


def _says_retryable(answer: Answer) -> bool | None:
    """The backend's own word on asking again; None where it is silent."""
    for name in (RETRYABLE_HEADER, NEEDS_RETRY_HEADER):
        if value := answer.headers.get(name, "").strip().lower():
            return value in {"1", "true", "yes"}
    return None


_ACCOUNT: Final[Mapping[int, Named]] = {401: CredentialsRejected, 402: AccountLocked, 403: AccountLocked}
