"""What removes and forgets, in the background."""

import asyncio
import shutil
from pathlib import Path

from bot.forgotten_members import ForgottenFile
from bot.settings import Settings
from generation.ports import ArtifactStore, Observer, Store, Wake
from generation.privacy.forgetting import Forgetter
from generation.privacy.gone_servers import GoneServers
from generation.privacy.retention import Retention
from generation.privacy.tasks import KeepingParts, KeepingTasks
from generation.protocol.clock import Clock
from generation.protocol.disk import disk_errors
from generation.service import Service

_MB = 1_000_000


def keeping_tasks(
    settings: Settings,
    store: Store,
    artifacts: ArtifactStore,
    service: Service,
    *,
    clock: Clock,
    observer: Observer,
    cancelled: Wake,
    removed: Wake,
    noticed: Wake,
    woken: asyncio.Event,
) -> KeepingTasks:
    """The tasks, with a server's days as the service knows them."""
    clips = settings.clips

    async def free_bytes() -> int | None:
        if not isinstance(clips, Path):
            return None
        # a disk that is away is a trouble of this round, not the end of the bot
        with disk_errors():
            return (await asyncio.to_thread(shutil.disk_usage, clips)).free

    forgetter = Forgetter(
        store,
        artifacts,
        ForgottenFile(settings.data_dir),
        clock=clock,
        observer=observer,
        cancelled=cancelled,
        removed=removed,
        noticed=noticed,
    )
    retention = Retention(
        store,
        artifacts,
        clock=clock,
        observer=observer,
        days_of=service.keep_days,
        free_bytes=free_bytes,
        reserve=settings.disk_reserve_mb * _MB,
    )
    gone = GoneServers(store, artifacts, clock=clock, observer=observer)
    parts = KeepingParts(forgetter, retention, gone)
    return KeepingTasks(store, parts, clock=clock, observer=observer, woken=woken)
