"""From what a backend said to why a job failed."""

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


def failure_of(error: BackendError | ArtifactError) -> Failure:
    """The failure that an error means for the job it hit."""
    kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), FailureKind.GENERATION)
    return Failure(kind, str(error)[:500])
