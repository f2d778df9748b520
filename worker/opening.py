"""Puts the worker's parts together over its data folder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from worker.auth import KeyRing
from worker.engine import Engine
from worker.engine_choice import device_of
from worker.loop import Loop
from worker.parts import EngineInfo, Parts
from worker.requests import Book
from worker.settings import WorkerSettings
from worker.storage import ClipStorage
from worker.store import RequestStore


def system_clock() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_parts(
    settings: WorkerSettings, engine: Engine, info: EngineInfo, *, clock: Callable[[], datetime] = system_clock
) -> AsyncIterator[Parts]:
    """All parts, with what a former worker left taken up again; nothing runs yet.

    Raises StoreError, DatabaseTooNew or OSError when the data folder is of no use.
    """
    store = await RequestStore.open(settings.database_url)
    try:
        storage = ClipStorage(settings.data_dir / "clips", settings.max_disk_bytes)
        await asyncio.to_thread(storage.open, await store.file_names())
        wake = asyncio.Event()
        book = Book(store, wake=wake, clock=clock, max_queue=settings.max_queue)
        await book.open()
        yield Parts(
            settings=settings,
            keys=KeyRing(settings.keys),
            store=store,
            book=book,
            loop=Loop(engine, book, storage, wake=wake, clock=clock),
            storage=storage,
            engine=info,
            device=lambda: device_of(engine),
            clock=clock,
        )
    finally:
        await store.close()
