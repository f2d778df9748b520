"""The worker's own database, in SQLite: requests, the webhooks that are owed for them, keys and uploads."""

from worker.store.database import WorkerDatabase
from worker.store.keys import KeyStore, StoredKey
from worker.store.requests import Forgotten, IdempotencyConflict, RequestStore
from worker.store.tables import VERSION_TABLE, metadata
from worker.store.uploads import StoredUpload, UploadStore
from worker.store.webhooks import OwedWebhook, WebhookStore

__all__ = [
    "VERSION_TABLE",
    "Forgotten",
    "IdempotencyConflict",
    "KeyStore",
    "OwedWebhook",
    "RequestStore",
    "StoredKey",
    "StoredUpload",
    "UploadStore",
    "WebhookStore",
    "WorkerDatabase",
    "metadata",
]
