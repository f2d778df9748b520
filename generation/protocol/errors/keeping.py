"""Clips, messages, chats and the database."""

from generation.protocol.errors.base import FlipbookError


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
    """Not now: the same step may work after ``retry_after`` seconds. ``nothing_sent``: the job's
    message is certainly as it was, so that it may be edited until then."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, nothing_sent: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.nothing_sent = nothing_sent


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
