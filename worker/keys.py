"""Keys that an operator gives out and takes back while the worker runs; secrets are shown once and kept hashed."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from worker.opening import system_clock
from worker.settings import WorkerSettings
from worker.store import StoredKey, WorkerDatabase

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class KeyNameTaken(Exception):
    """There is, or was, a key of that id."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; nobody will see its secret again."""

    id: str
    secret: str

    @property
    def pair(self) -> str:
        """What goes into ``FAL_KEY``."""
        return f"{self.id}:{self.secret}"


async def add_key(
    settings: WorkerSettings,
    key_id: str,
    *,
    low_priority: bool = False,
    max_open: int | None = None,
    clock: Callable[[], datetime] = system_clock,
) -> NewKey:
    """Make a key; a running worker honours it within seconds. ``max_open``: its unfinished requests at most.

    Raises ValueError for an id that is none, KeyNameTaken for one in use, StoreError when the database fails.
    """
    if not _NAME.fullmatch(key_id):
        raise ValueError("a key's id has 1 to 64 letters, digits, - and _, and begins with a letter or digit")
    secret = secrets.token_hex(24)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    database = await WorkerDatabase.open(settings.database_url)
    try:
        if key_id in settings.keys or not await database.keys.add(
            StoredKey(key_id, digest, clock(), low_priority, max_open)
        ):
            raise KeyNameTaken(key_id)
    finally:
        await database.close()
    return NewKey(key_id, secret)


async def list_keys(settings: WorkerSettings) -> tuple[StoredKey, ...]:
    """All keys that were ever made, oldest first; those in ``FLIPBOOK_WORKER_KEY`` are not among them."""
    database = await WorkerDatabase.open(settings.database_url)
    try:
        return await database.keys.all()
    finally:
        await database.close()


async def revoke_key(settings: WorkerSettings, key_id: str, *, clock: Callable[[], datetime] = system_clock) -> bool:
    """Take a key back; a running worker refuses it within seconds. False when there is none to take back."""
    database = await WorkerDatabase.open(settings.database_url)
    try:
        return await database.keys.revoke(key_id, clock())
    finally:
        await database.close()
