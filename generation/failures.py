"""From what a backend said to why a job failed."""

from dataclasses import replace
from typing import Final

from generation.errors import (
    AccountLocked,
    ArtifactError,
    BackendError,
    ContentRejected,
    CorruptVideo,
    CredentialsRejected,
    EndpointNotFound,
    GenerationTimedOut,
    RequestNotFound,
    RequestRejected,
    StorageFull,
)
from generation.job import Failure, FailureKind
from generation.request import GenerationRequest

_KINDS: Final[tuple[tuple[type[Exception], FailureKind], ...]] = (
    (RequestRejected, FailureKind.REJECTED),
    (ContentRejected, FailureKind.CONTENT),
    (CredentialsRejected, FailureKind.OPERATOR),
    (AccountLocked, FailureKind.OPERATOR),
    (EndpointNotFound, FailureKind.OPERATOR),
    (RequestNotFound, FailureKind.RESULT_LOST),
    (GenerationTimedOut, FailureKind.TIMED_OUT),
    (CorruptVideo, FailureKind.CORRUPT_VIDEO),
    (StorageFull, FailureKind.STORAGE_FULL),
)


_TELLING: Final = 8
"""So many characters of a prompt in a backend's words are no accident."""


def without_prompt(failure: Failure, request: GenerationRequest) -> Failure:
    """The failure, its detail cut off where a backend begins to quote the prompt: it is for the operator's log."""
    detail = failure.detail
    for text in (request.prompt, request.negative_prompt):
        if len(text) >= _TELLING and (quoted := detail.find(" ".join(text.split())[:24])) >= 0:
            detail = f"{detail[:quoted]}…"
    return replace(failure, detail=detail)


def failure_of(error: BackendError | ArtifactError) -> Failure:
    """The failure that an error means for the job it hit."""
    kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), FailureKind.GENERATION)
    return Failure(kind, str(error)[:500])
