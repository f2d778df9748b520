"""The worker's periodic tasks: deletes expired results and uploads with their files, and reloads
keys."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from generation.protocol.errors import StorageFull, StoreError
from worker.api.app_parts import AppParts

log = structlog.get_logger("flipbook.worker.process")

PAUSE_SECONDS: Final = 60.0
KEY_SECONDS: Final = 2.0
"""How long it may take until a new key is accepted, and a revoked one refused."""

MAX_CLIPLESS: Final = 1000
"""Requests of one key that ended without a clip and are kept: they cost their owner nothing."""


async def reload_keys(parts: AppParts) -> None:
    """Read the keys from the database every :data:`KEY_SECONDS`, until cancelled."""
    told = ""
    while True:
        await asyncio.sleep(KEY_SECONDS)
        try:
            parts.keys.load(await parts.database.keys.all())
            told = ""
        except StoreError as error:
            # the keys read before stay in use; once per reason, for it may stay for days
            if str(error) != told:
                log.warning("keys not read", reason=str(error))
            told = str(error)


async def remove_old_files(parts: AppParts) -> None:
    """Delete what has expired every :data:`PAUSE_SECONDS`, until cancelled."""
    while True:
        try:
            await delete_expired_results(parts)
            await delete_surplus_results(parts)
            await parts.uploads.remove_expired()
            await delete_unneeded_inputs(parts)
        except (StoreError, StorageFull, OSError) as error:
            log.warning("old files not removed", reason=str(error))
        await asyncio.sleep(PAUSE_SECONDS)


async def delete_unneeded_inputs(parts: AppParts) -> None:
    """Delete what was read of pictures and videos whose clips have ended."""
    inputs = (live.request.input for live in parts.registry.open_requests)
    needed = {one.input_file.name for one in inputs if one is not None and one.input_file}
    now = parts.clock.now().timestamp()
    await asyncio.to_thread(parts.inputs.remove_unneeded, needed, now)


async def delete_expired_results(parts: AppParts) -> None:
    """Delete every request that ended longer ago than results are kept, first from the database,
    then its clip."""
    # in this order a crash leaves files without a request, which the next start removes; in the
    # other it would leave results whose clip is gone
    oldest = parts.clock.now() - timedelta(seconds=parts.settings.result_seconds)
    while forgotten := await parts.database.requests.delete_finished_before(oldest):
        parts.registry.forget(forgotten)
        names = [old.file_name for old in forgotten if old.file_name is not None]
        await asyncio.to_thread(parts.storage.remove, names)
        log.info("results forgotten", count=len(forgotten))


async def delete_surplus_results(parts: AppParts, *, most: int = MAX_CLIPLESS) -> None:
    """Delete requests that ended without a clip, the oldest first, of every key that has more than
    that: who cancels what it has just submitted would otherwise fill the disk."""
    while surplus := parts.registry.clipless.surplus(most):
        for owner, count in surplus.items():
            deleted = await parts.database.requests.delete_oldest_clipless(owner, count)
            parts.registry.forget(deleted)
            log.info("results of a key forgotten", owner=owner, count=len(deleted))
            if not deleted:
                await parts.registry.clipless.count()
    await parts.database.measure()
