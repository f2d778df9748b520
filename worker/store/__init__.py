"""The worker's own SQLite database: requests, their webhooks, keys and uploads."""

from worker.store.database import WorkerDatabase
from worker.store.keys import KeyStore, StoredKey
from worker.store.requests import DeletedRequest, IdempotencyConflict, RequestStore
from worker.store.tables import VERSION_TABLE, metadata
from worker.store.uploads import StoredUpload, UploadStore
from worker.store.webhooks import OwedWebhook, WebhookStore

__all__ = [
    "VERSION_TABLE",
    "DeletedRequest",
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
