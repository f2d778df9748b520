"""Keys that an operator makes and revokes while the worker runs; a secret is shown once and stored
hashed."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from generation.protocol.clock import Clock, SystemClock
from worker.settings import WorkerSettings
from worker.store import StoredKey, WorkerDatabase

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SYSTEM_CLOCK: Final = SystemClock()


class KeyNameTaken(Exception):
    """There is, or was, a key with that id."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; its secret cannot be shown again."""

    id: str
    secret: str

    @property
    def pair(self) -> str:
        """The value for ``FAL_KEY``."""
        return f"{self.id}:{self.secret}"


async def add_key(
    settings: WorkerSettings,
    key_id: str,
    *,
    low_priority: bool = False,
    max_open: int | None = None,
    clock: Clock = _SYSTEM_CLOCK,
) -> NewKey:
    """Make a key; a running worker accepts it within seconds. ``max_open`` bounds its open
    requests.

    Raises ValueError for an id that is not allowed, KeyNameTaken for one in use, StoreError when
    the database fails.
    """
    if not _NAME.fullmatch(key_id):
        raise ValueError(
            "a key's id has 1 to 64 letters, digits, - and _, and begins with a letter or digit"
        )
    secret = secrets.token_hex(24)
    # 192 random bits need no slow hash
    digest = hashlib.sha256(secret.encode()).hexdigest()
    database = await WorkerDatabase.open(settings.database_url)
    try:
        # an id that the settings use would never reach the stored key
        if key_id in settings.keys or not await database.keys.add(
            StoredKey(key_id, digest, clock.now(), low_priority, max_open)
        ):
            raise KeyNameTaken(key_id)
    finally:
        await database.close()
    return NewKey(key_id, secret)


async def list_keys(settings: WorkerSettings) -> tuple[StoredKey, ...]:
    """All keys that were ever made, oldest first; those in ``FLIPBOOK_WORKER_KEY`` are not among
    them."""
    database = await WorkerDatabase.open(settings.database_url)
    try:
        return await database.keys.all()
    finally:
        await database.close()


async def revoke_key(
    settings: WorkerSettings, key_id: str, *, clock: Clock = _SYSTEM_CLOCK
) -> bool:
    """Revoke a key; a running worker refuses it within seconds. False when there is no such key to
    revoke."""
    database = await WorkerDatabase.open(settings.database_url)
    try:
        return await database.keys.revoke(key_id, clock.now())
    finally:
        await database.close()
