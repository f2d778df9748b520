"""What a backend's refusals and failures mean: from status code, headers and body to the error
tree.

A submit spends money, so only what proves that nothing was accepted becomes BackendUnavailable or
BackendBusy:

- 408 and 409 may be about a request that did arrive, 302, 303 and 499 may follow an accepted one:
  the outcome is unknown;
- any other 4xx refuses the request: the error says why, and nothing was accepted;
- 5xx: proxies answer 502 and 504 for requests that arrived, and Envoy answers 503 even for a
  connection reset after sending. So at a paid backend the outcome of every 5xx is unknown. Our own
  worker answers 503 only before it accepts (starting, disk full); the outcome of its other 5xx is
  unknown too, and the same submission is sent again under the same key.

A read spends nothing: whatever may be better next time is BackendUnavailable, and so is every page
that is not the protocol's JSON, because that is a proxy's or a tunnel's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from generation.backends.responses import BackendResponse
from generation.backends.validation import violations_of
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendUnavailable,
    ClipWithheld,
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
from generation.protocol.wire import (
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
    {kind for kind in ErrorType if kind.startswith("runner_")}
    | {ErrorType.STARTUP_TIMEOUT, ErrorType.INTERNAL_ERROR}
)
"""Failures of the machinery around the model: another try may help, unless the backend itself says
otherwise."""

_MakeError = Callable[[str, str], BackendError]


def one_line(text: str) -> str:
    """A backend's message as one short line without control characters."""
    return "".join(c for c in " ".join(text[:2000].split()) if c.isprintable())[:_LONGEST_DETAIL]


def error_of_submit(
    backend: str, answer: BackendResponse, *, resubmits_safely: bool, now: datetime
) -> BackendError:
    """What a submit's answer other than 2xx means."""
    body, detail = _read(answer)
    # the order matters: 408 and 409 are 4xx, our worker's 503 is a 5xx
    match answer.status:
        case 429:
            return BackendBusy(backend, detail, retry_after=answer.retry_after(now))
        case 404 | 405 | 410:
            return EndpointNotFound(backend, detail)
        case 503 if resubmits_safely:
            return BackendNotReady(backend, detail)
        case status if status in _MAY_HAVE_ARRIVED or status >= 500:
            return SubmissionOutcomeUnknown(backend, detail)
        case _:
            return _refusal(backend, answer, body, detail)


def error_of_read(backend: str, answer: BackendResponse) -> BackendError:
    """What an answer to a status or cancel means that the protocol does not foresee."""
    _, detail = _read(answer)
    status = answer.status
    # a page that is not the backend's JSON can only tell that the key is wrong
    is_foreign = status not in {401, 403} and not answer.is_json_object
    if status in _ASK_LATER or status >= 500 or is_foreign:
        return BackendUnavailable(backend, detail)
    if status in {404, 410}:
        return RequestNotFound(backend, detail)
    return _ACCOUNT.get(status, ProtocolViolation)(backend, detail)


def error_of_result(backend: str, answer: BackendResponse) -> BackendError:
    """Why there is no clip, from the answer that should have held it."""
    body, detail = _read(answer)
    if answer.status == 400 and body.sentence.strip() == STILL_IN_PROGRESS:
        return BackendUnavailable(backend, STILL_IN_PROGRESS)
    if answer.succeeded or not _is_final(answer, body):
        return error_of_read(backend, answer)
    # fal names the type in the body, in a header, or only in the complaints
    kind = one_line(body.error_type or answer.headers.get(ERROR_TYPE_HEADER) or _first_type(body))
    retryable = _says_retryable(answer)
    return (
        _withheld(backend, body, detail)
        or _error_of_type(backend, detail, kind, retryable)
        or _error_of_code(backend, answer, body, detail)
        or GenerationFailed(backend, detail, error_type=kind, retryable=retryable or False)
    )


def error_of_status(backend: str, status: QueueStatus) -> BackendError:
    """Why there is no clip, from a COMPLETED status with an error."""
    detail = one_line(status.error or "")
    kind = status.error_type or ""
    return _error_of_type(backend, detail, kind, None) or GenerationFailed(
        backend, detail, error_type=kind
    )


def is_vague(error: BackendError) -> bool:
    """Whether the request's status may say better why it failed."""
    return isinstance(error, ProtocolViolation) or (
        isinstance(error, GenerationFailed) and not error.error_type
    )


def _error_of_code(
    backend: str, answer: BackendResponse, body: ErrorBody, detail: str
) -> BackendError | None:
    """What a final status code means by itself; None for a failure that it does not explain."""
    match answer.status:
        case 404 | 410:
            return RequestNotFound(backend, detail)
        case 499:
            return RequestCancelled(backend, detail)
        case 504:
            return GenerationTimedOut(backend, detail)
        case code if code < 500:
            return _refusal(backend, answer, body, detail)
        case _:
            return None


def _refusal(backend: str, answer: BackendResponse, body: ErrorBody, detail: str) -> BackendError:
    """A refusal of what was asked for."""
    if _first_type(body) == ModelErrorType.CONTENT_POLICY_VIOLATION:
        return ContentRejected(backend, detail)
    if answer.status in {400, 413, 422}:
        return RequestRejected(backend, violations_of(body.items), detail)
    return _ACCOUNT.get(answer.status, ProtocolViolation)(backend, detail)


def _error_of_type(
    backend: str, detail: str, kind: str, retryable: bool | None
) -> BackendError | None:
    """What fal's error type means; None for a type that is about the input, or unknown."""
    if make := _BY_TYPE.get(kind):
        return make(backend, detail)
    if kind not in _NEVER_RENDERED and kind not in _FAILED:
        return None
    # the header counts more than what a type usually means
    again = kind in _NEVER_RENDERED if retryable is None else retryable
    return GenerationFailed(backend, detail, error_type=kind, retryable=again)


def _is_final(answer: BackendResponse, body: ErrorBody) -> bool:
    """Whether the request itself failed, not something in front of the backend."""
    # a proxy's 5xx may be JSON too, but has neither fal's headers nor a reason
    from_backend = REQUEST_ID_HEADER in answer.headers or ERROR_TYPE_HEADER in answer.headers
    says_why = bool(body.detail or body.error_type) or answer.status < 500
    return answer.status not in _ASK_LATER and answer.is_json_object and (from_backend or says_why)


def _read(answer: BackendResponse) -> tuple[ErrorBody, str]:
    """The body as an error, and a line for the operator that begins with the status code."""
    body = answer.read_as(ErrorBody) or ErrorBody.from_any(answer.body)
    # a proxy's page of HTML is no message
    detail = body.sentence if answer.is_json_object else ""
    return body, one_line(f"HTTP {answer.status} {detail}")


def _first_type(body: ErrorBody) -> str:
    """The type of the first complaint, but content policy in any position."""
    found = [item.type for item in body.items]
    policy = ModelErrorType.CONTENT_POLICY_VIOLATION
    return policy.value if policy in found else next(iter(found), "")


def _withheld(backend: str, body: ErrorBody, detail: str) -> ClipWithheld | None:
    """The content policy refused what was made; a refused prompt is named by its field."""
    policy = ModelErrorType.CONTENT_POLICY_VIOLATION
    places = {tuple(item.loc) for item in body.items if item.type == policy}
    return ClipWithheld(backend, detail) if places == {("body",)} else None


def _says_retryable(answer: BackendResponse) -> bool | None:
    """What the backend's header says about trying again; None where there is none."""
    for name in (RETRYABLE_HEADER, NEEDS_RETRY_HEADER):
        if value := answer.headers.get(name, "").strip().lower():
            return value in {"1", "true", "yes"}
    return None


def _rejected(backend: str, detail: str) -> BackendError:
    return RequestRejected(backend, (), detail)


_ACCOUNT: Final[Mapping[int, _MakeError]] = {
    401: CredentialsRejected,
    402: AccountLocked,
    403: AccountLocked,
}
_BY_TYPE: Final[Mapping[str, _MakeError]] = {
    ModelErrorType.CONTENT_POLICY_VIOLATION: ContentRejected,
    ErrorType.BAD_REQUEST: _rejected,
    **dict.fromkeys(_CANCELLED, RequestCancelled),
    **dict.fromkeys(_TIMED_OUT, GenerationTimedOut),
}
