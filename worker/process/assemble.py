"""Puts the worker's parts together over its data folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from generation.protocol.clock import Clock
from generation.protocol.inputs.guarded_get import GuardedFetcher
from worker.api.app_parts import AppParts, public_base
from worker.api.auth import KeyRing
from worker.engine import (
    Engine,
    EngineInfo,
    capabilities_of,
    condition_of,
    device_name_of,
    shapes_to_compile,
)
from worker.render.clip_storage import ClipStorage
from worker.render.loop import RenderLoop
from worker.render.watchdog import Watchdog
from worker.scheduling.durations import DURATIONS_FILE, RenderDurations, estimate_of
from worker.scheduling.eta import EtaEstimator
from worker.scheduling.registry import RequestRegistry
from worker.settings import WorkerSettings
from worker.store import WorkerDatabase
from worker.uploads.input_files import InputFiles
from worker.uploads.store import Uploads
from worker.uploads.tokens import UploadTokens
from worker.webhooks.client import WebhookClient
from worker.webhooks.sender import WebhookSender
from worker.webhooks.signing import WebhookSigner


@asynccontextmanager
async def open_parts(
    settings: WorkerSettings,
    engine: Engine,
    info: EngineInfo,
    *,
    address: str,
    clock: Clock,
    watchdog: Watchdog | None = None,
) -> AsyncIterator[AppParts]:
    """All parts, with the requests of the previous worker recovered; nothing runs yet. ``address``
    is where it listens.

    Raises StoreError, DatabaseTooNew or OSError when the data folder cannot be used.
    """
    folder = settings.data_dir
    database = await WorkerDatabase.open(settings.database_url)
    try:
        storage = ClipStorage(
            folder / "clips", settings.max_disk_bytes, beside=lambda: database.used_bytes
        )
        # before anything is served: what no request refers to is deleted
        await asyncio.to_thread(storage.open, await database.requests.file_names())
        durations = await asyncio.to_thread(
            RenderDurations.load, folder / DURATIONS_FILE, info.name, estimate_of(engine)
        )
        # shared by the registry, which sets them, and the two tasks that wait for them
        wake, owed = asyncio.Event(), asyncio.Event()
        registry = RequestRegistry(
            database.requests, wake=wake, owed=owed, clock=clock, max_queue=settings.max_queue
        )
        # before the routes: submissions join the queue that the last worker left
        await registry.open()
        keys = KeyRing(settings.keys, on_loopback=settings.on_loopback)
        keys.load(await database.keys.all())
        uploads = await _open_uploads(settings, database, storage, clock)
        fetcher = GuardedFetcher(to_private=settings.inputs_from_private)
        inputs = InputFiles(folder / "inputs", storage, uploads, fetcher)
        await asyncio.to_thread(inputs.open)
        signer = await asyncio.to_thread(WebhookSigner.of_folder, folder)
        async with WebhookClient(to_private=settings.webhooks_to_private) as client, fetcher:
            base = public_base(settings, address)
            yield AppParts(
                settings=settings,
                keys=keys,
                database=database,
                registry=registry,
                render_loop=RenderLoop(
                    engine,
                    registry,
                    storage,
                    wake=wake,
                    clock=clock,
                    durations=durations,
                    previews=settings.looks,
                    inputs=inputs.frames,
                    watchdog=watchdog,
                ),
                eta=EtaEstimator(registry, durations, clock, slots=lambda: engine.max_active),
                storage=storage,
                engine=info,
                device=lambda: device_name_of(engine),
                condition=lambda: condition_of(engine),
                places=lambda: engine.max_active,
                capabilities=capabilities_of(engine),
                compiling=lambda: shapes_to_compile(engine),
                clock=clock,
                address=address,
                webhooks=WebhookSender(database, client, signer, owed=owed, base=base, clock=clock),
                signer=signer,
                uploads=uploads,
                inputs=inputs,
                tokens=UploadTokens(clock),
            )
    finally:
        await database.close()


async def _open_uploads(
    settings: WorkerSettings, database: WorkerDatabase, storage: ClipStorage, clock: Clock
) -> Uploads:
    uploads = Uploads(
        settings.data_dir / "uploads",
        database.uploads,
        storage,
        max_bytes=settings.max_upload_bytes,
        seconds=settings.upload_seconds,
        clock=clock,
    )
    await uploads.open()
    return uploads
