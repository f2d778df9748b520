"""The interfaces (ports) between the core and everything else: backends, messengers, storage."""

from generation.ports.backends import (
    Backend,
    BackendClip,
    BackendState,
    BackendUpdate,
    CancelOutcome,
    WorkerHealth,
)
from generation.ports.logins import Logins
from generation.ports.messengers import (
    ClipLink,
    DeliveryPayload,
    Messenger,
    NoticePayload,
    SaveNote,
)
from generation.ports.observing import Observer, ProgressSink, Wake
from generation.ports.storage import ArtifactStore, Lease, Reads, Store, Transaction, Urgency

__all__ = [
    "ArtifactStore",
    "Backend",
    "BackendClip",
    "BackendState",
    "BackendUpdate",
    "CancelOutcome",
    "ClipLink",
    "DeliveryPayload",
    "Lease",
    "Logins",
    "Messenger",
    "NoticePayload",
    "Observer",
    "ProgressSink",
    "Reads",
    "SaveNote",
    "Store",
    "Transaction",
    "Urgency",
    "Wake",
    "WorkerHealth",
]
