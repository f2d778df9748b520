"""From a backend's error to the failure of a job."""

from dataclasses import replace
from typing import Final

from generation.domain.job import Failure, FailureKind, Job
from generation.domain.prompt_syntax import plain_request
from generation.protocol.errors import (
    AccountLocked,
    ArtifactError,
    BackendError,
    ClipWithheld,
    ContentRejected,
    CorruptVideo,
    CredentialsRejected,
    EndpointNotFound,
    FlipbookError,
    GenerationTimedOut,
    RequestNotFound,
    RequestRejected,
    StorageFull,
)
from generation.protocol.request import GenerationRequest

_KINDS: Final[tuple[tuple[type[Exception], FailureKind], ...]] = (
    (ClipWithheld, FailureKind.WITHHELD),
    (ContentRejected, FailureKind.CONTENT),
    (CredentialsRejected, FailureKind.KEY_REFUSED),
    (AccountLocked, FailureKind.ACCOUNT_LOCKED),
    (EndpointNotFound, FailureKind.OPERATOR),
    (RequestNotFound, FailureKind.RESULT_LOST),
    (GenerationTimedOut, FailureKind.TIMED_OUT),
    (CorruptVideo, FailureKind.CORRUPT_VIDEO),
    (StorageFull, FailureKind.STORAGE_FULL),
)

_SHORTEST_QUOTE: Final = 8
"""Characters; a shorter prompt may occur in a backend's detail by accident."""
_COMPARED: Final = 24
"""Characters of a prompt that are looked for in a backend's detail."""


def without_prompt(failure: Failure, job: Job) -> Failure:
    """The failure, its detail cut off where the backend begins to quote the prompt: details go to
    the operator's log."""
    return replace(failure, detail=_without_prompt(failure.detail, job))


def without_quote(error: Exception, job: Job) -> Exception:
    """The error as the operator may read it: itself, or a copy that is cut off where it begins to
    quote the prompt."""
    told = str(error)
    cut = _without_prompt(told, job)
    if cut == told:
        return error
    # its constructor is another for each class
    copied = type(error).__new__(type(error))
    copied.__dict__.update(error.__dict__)
    copied.args = (cut,)
    return copied.with_traceback(error.__traceback__)


def _without_prompt(detail: str, job: Job) -> str:
    requests = (job.request, _sent(job))
    sent = (*requests, *map(plain_request, requests))
    for text in (text for request in sent for text in (request.prompt, request.negative_prompt)):
        # backends quote it with its white space changed
        begin = " ".join(text.split())[:_COMPARED]
        if len(text) >= _SHORTEST_QUOTE and (quoted := detail.find(begin)) >= 0:
            detail = f"{detail[:quoted]}…"
    return detail


def _sent(job: Job) -> GenerationRequest:
    """What a backend gets. A job whose words do not fit together has none, and its trouble has to
    be told all the same."""
    try:
        return job.sent_request
    except FlipbookError:
        return job.request


def failure_of(error: BackendError | ArtifactError) -> Failure:
    """The failure that the error means for its job."""
    if isinstance(error, RequestRejected):
        # a part of a size, such as video_size.width, belongs to the field
        fields = (violation.field.partition(".")[0] for violation in error.violations)
        return Failure.of_fields(fields, str(error)[:500])
    kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), FailureKind.GENERATION)
    return Failure(kind, str(error)[:500])
