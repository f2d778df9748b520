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
from worker.store import WorkerDatabase


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
    database = await WorkerDatabase.open(settings.database_url)
    try:
        storage = ClipStorage(settings.data_dir / "clips", settings.max_disk_bytes)
        await asyncio.to_thread(storage.open, await database.requests.file_names())
        wake = asyncio.Event()
        book = Book(database.requests, wake=wake, clock=clock, max_queue=settings.max_queue)
        await book.open()
        keys = KeyRing(settings.keys, at_home=settings.on_loopback)
        keys.learn(await database.keys.all())
        yield Parts(
            settings=settings,
            keys=keys,
            database=database,
            book=book,
            loop=Loop(engine, book, storage, wake=wake, clock=clock),
            storage=storage,
            engine=info,
            device=lambda: device_of(engine),
            clock=clock,
        )
    finally:
        await database.close()
