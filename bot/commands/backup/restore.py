"""Restores a backup into an empty data folder."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot.commands.backup.archive import DATABASE, unpack
from bot.commands.backup.save import Saved, check_database, database_file
from bot.commands.run.process import data_folder_locked
from bot.composition import App, Role, open_app
from bot.folders import staging
from bot.forgotten_members import FORGOTTEN, read, remember
from bot.operator_rules import operator_rules
from bot.settings import Settings
from generation.domain.job import Failure, FailureKind, Job
from generation.domain.refs import Platform
from generation.lifecycle.completion import JobWriter
from generation.privacy.replaying import forget_again
from generation.protocol.disk import flush

_BATCH: Final = 256
_LONG_AFTER: Final = timedelta(days=30)
"""By then every lease of the bot that was backed up has ended, and every pause of a job."""


class NotEmpty(Exception):
    """There is something already where the backup was to be restored."""


async def restore(path: Path, settings: Settings, *, resume: bool) -> Saved:
    """Restore a backup as the data folder, which must be empty or missing.

    Jobs that were unfinished end, and give their quota back: since the backup they were made and
    paid for elsewhere, or will be ordered anew. Outcomes that were due are not delivered: they were
    since. New clips skip the numbers that were given since. ``resume`` leaves all three as they
    are, for a bot that moves and was stopped before.

    The database becomes ``flipbook.db`` there, wherever a setting says that it is kept. Raises
    NotEmpty, AlreadyRunning, BackupUnusable, StoreError or OSError; then the folder is as it was.
    """
    database_file(settings)  # another one has its own tools, and its own sentence
    _check_empty(settings.data_dir)
    unpacked = settings.data_dir / ".restoring"
    with data_folder_locked(settings):
        try:
            await asyncio.to_thread(_clear, unpacked)
            manifest = await asyncio.to_thread(unpack, path, unpacked)
            await check_database(unpacked / DATABASE)
            async with open_app(_inside(settings, unpacked), Role("restore")) as app:
                if not resume:
                    await _settle(app)
                    # since the backup others were given, and chats still show them
                    async with app.ports.store.transaction() as tx:
                        await tx.skip_numbers()
                await _forget_again(app, path, unpacked)
            shutil.rmtree(staging(_inside(settings, unpacked)), ignore_errors=True)
            await asyncio.to_thread(_move_in, unpacked, settings.data_dir)
        except BaseException:
            shutil.rmtree(unpacked, ignore_errors=True)
            with suppress(OSError):
                staging(settings).rmdir()
            raise
    return Saved.of(manifest, path)


def _check_empty(data_dir: Path) -> None:
    found = sorted(each.name for each in data_dir.iterdir()) if data_dir.exists() else []
    # what an earlier attempt, or a start that failed, leaves there is nobody's data
    if any(name not in {"run.lock", "staging", ".restoring"} for name in found):
        raise NotEmpty(
            f"{data_dir} is not empty ({', '.join(found[:3])}…). Stop Flipbook, move the folder "
            "away and run this again, or name another one by --data-dir."
        )


def _clear(unpacked: Path) -> None:
    """An empty folder, whatever an attempt that was killed has left in it."""
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(mode=0o700)


def _move_in(unpacked: Path, data_dir: Path) -> None:
    """Everything survives a power cut from here on; the database comes last: with it the folder
    counts as restored, and its tokens can be read by the key that is there already."""
    inside = sorted(unpacked.iterdir(), key=lambda each: each.name == DATABASE)
    for each in inside:
        for file in each.iterdir() if each.is_dir() else (each,):
            flush(file)
        flush(each)
    for each in inside:
        each.rename(data_dir / each.name)
    flush(data_dir)
    unpacked.rmdir()


def _inside(settings: Settings, folder: Path) -> Settings:
    """The settings of a bot whose data folder is the restored one."""
    return settings.model_copy(
        update={"data_dir": folder, "database_url": None, "artifacts_url": None}
    )


async def _settle(app: App) -> None:
    """End every unfinished job of a restored folder, and every delivery that is due."""
    writer = JobWriter(
        app.ports.store,
        operator_rules(app.settings),
        owner="restore",
        clock=app.clock,
        observer=app.observer,
        ended=lambda: None,
    )
    store, later = app.ports.store, app.clock.now() + _LONG_AFTER
    failure = Failure(FailureKind.RESTORED)
    await _until_none(
        lambda: store.stalled_jobs("restore", later, limit=_BATCH),
        lambda job: writer.fail(job, failure),
    )
    await _until_none(
        lambda: store.claimable(later, limit=_BATCH), lambda job: writer.fail(job, failure)
    )
    await _abandon_deliveries(app)
    await _end_notices(app)


async def _forget_again(app: App, backup: Path, folder: Path) -> None:
    """Members who were forgotten since the backup was made: the list is beside it."""
    forgotten = read(backup.parent / FORGOTTEN)
    if not forgotten:
        return
    store = app.ports.store
    await forget_again(store, app.ports.artifacts, forgotten, app.clock.now())
    await store.remove_traces()
    remember(folder, forgotten)


async def _until_none(
    find: Callable[[], Awaitable[Sequence[Job]]], end: Callable[[Job], Awaitable[Job]]
) -> None:
    while found := await find():
        for job in found:
            await end(job)


async def _abandon_deliveries(app: App) -> None:
    later = app.clock.now() + _LONG_AFTER
    while owed := await app.ports.store.owed_deliveries(
        later, owner="restore", platforms=frozenset(Platform), limit=_BATCH
    ):
        for _, delivery in owed:
            async with app.ports.store.transaction() as tx:
                await tx.save_delivery(delivery.abandoned("restored from a backup"))


async def _end_notices(app: App) -> None:
    """Those who were to be told something have read it since."""
    later = app.clock.now() + _LONG_AFTER
    while owed := await app.ports.store.owed_notices(
        later, owner="restore", platforms=frozenset(Platform), limit=_BATCH
    ):
        async with app.ports.store.transaction() as tx:
            for each in owed:
                await tx.save_notice(each.told())
