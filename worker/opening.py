"""Puts the worker's parts together over its data folder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from worker.auth import KeyRing
from worker.engine import Engine
from worker.expectations import PACE_FILE, Expectations, guess_of
from worker.forecast import Forecast
from worker.loop import Loop
from worker.maker import device_of
from worker.outbound import Outbound
from worker.parts import EngineInfo, Parts, public_base
from worker.requests import Book
from worker.settings import WorkerSettings
from worker.signing import WebhookSigner
from worker.storage import ClipStorage
from worker.store import WorkerDatabase
from worker.upload_tokens import UploadTokens
from worker.uploads import Uploads
from worker.watchdog import Watchdog
from worker.webhooks import Webhooks


def system_clock() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_parts(
    settings: WorkerSettings,
    engine: Engine,
    info: EngineInfo,
    *,
    address: str,
    clock: Callable[[], datetime] = system_clock,
    watchdog: Watchdog | None = None,
) -> AsyncIterator[Parts]:
    """All parts, with what a former worker left taken up again; nothing runs yet. ``address`` is where it listens.

    Raises StoreError, DatabaseTooNew or OSError when the data folder is of no use.
    """
    database = await WorkerDatabase.open(settings.database_url)
    try:
        storage = ClipStorage(settings.data_dir / "clips", settings.max_disk_bytes)
        await asyncio.to_thread(storage.open, await database.requests.file_names())
        path = settings.data_dir / PACE_FILE
        expectations = await asyncio.to_thread(Expectations.load, path, info.name, guess_of(engine))
        wake, owed = asyncio.Event(), asyncio.Event()
        book = Book(database.requests, wake=wake, owed=owed, clock=clock, max_queue=settings.max_queue)
        await book.open()
        keys = KeyRing(settings.keys, at_home=settings.on_loopback)
        keys.learn(await database.keys.all())
        uploads = Uploads(
            settings.data_dir / "uploads",
            database.uploads,
            storage,
            max_bytes=settings.max_upload_bytes,
            seconds=settings.upload_seconds,
            clock=clock,
        )
        await uploads.open()
        signer = await asyncio.to_thread(WebhookSigner.of_folder, settings.data_dir)
        async with Outbound(to_private=settings.webhooks_to_private) as outbound:
            base = public_base(settings, address)
            webhooks = Webhooks(database, outbound, signer, owed=owed, base=base, clock=clock)
            yield Parts(
                settings=settings,
                keys=keys,
                database=database,
                book=book,
                loop=Loop(
                    engine,
                    book,
                    storage,
                    wake=wake,
                    clock=clock,
                    expectations=expectations,
                    looks=settings.looks,
                    watchdog=watchdog,
                ),
                forecast=Forecast(book, expectations, clock),
                storage=storage,
                engine=info,
                device=lambda: device_of(engine),
                clock=clock,
                address=address,
                webhooks=webhooks,
                signer=signer,
                uploads=uploads,
                tokens=UploadTokens(clock),
            )
    finally:
        await database.close()
