"""What the worker does on the side: forgets old results and uploads with their files, and notices new keys."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from generation.errors import StorageFull, StoreError
from worker.parts import Parts

log = structlog.get_logger()

PAUSE_SECONDS: Final = 60.0
KEY_SECONDS: Final = 2.0
"""How long a new key may be unknown, and one that was taken back still honoured."""


async def learn_keys(parts: Parts) -> None:
    """Take notice of keys that were made or taken back, until cancelled."""
    while True:
        await asyncio.sleep(KEY_SECONDS)
        try:
            parts.keys.learn(await parts.database.keys.all())
        except StoreError as error:
            log.warning("keys not read", reason=str(error))


async def keep_house(parts: Parts) -> None:
    """Once a minute, until cancelled."""
    while True:
        try:
            await forget_old_results(parts)
            await parts.uploads.tidy()
        except (StoreError, StorageFull, OSError) as error:
            log.warning("old files not removed", reason=str(error))
        await asyncio.sleep(PAUSE_SECONDS)


async def forget_old_results(parts: Parts) -> None:
    """Forget every request that ended longer ago than results are kept, first in the database, then on disk."""
    oldest = parts.clock() - timedelta(seconds=parts.settings.result_seconds)
    while forgotten := await parts.database.requests.forget_finished_before(oldest):
        for old in forgotten:
            parts.book.forget(old.request_id)
        names = [old.file_name for old in forgotten if old.file_name is not None]
        await asyncio.to_thread(parts.storage.remove, names)
        log.info("results forgotten", count=len(forgotten))
