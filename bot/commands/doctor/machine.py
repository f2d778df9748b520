"""What `flipbook doctor` looks at on this machine: Python, disks, database, clips, the web port."""

import asyncio
import shutil
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bot.commands.backup.note import last_backup
from bot.commands.backup.words import backup_words, is_old
from bot.composition import Role, open_app, open_artifacts
from bot.exit_codes import OperatorFault, operator_sentence
from bot.folders import WORKER_FOLDER, is_served, prepare_folders
from bot.settings import Settings, SettingsError
from bot.web import open_listener
from generation.diagnostics import Finding, Grade
from generation.protocol.disk import make_folder
from generation.protocol.errors import ArtifactError, FlipbookError, StorageFull
from worker.store import WorkerDatabase

_LEAST_FREE_BYTES: Final = 2 * 1024**3
_STORE_PATIENCE: Final = timedelta(seconds=10)


async def python(_settings: Settings) -> list[Finding]:
    """Its version."""
    return [Finding(Grade.GOOD, "Python", sys.version.split()[0])]


async def data_folder(settings: Settings) -> list[Finding]:
    """Whether it can be written, and how much room there is."""
    try:
        await asyncio.to_thread(prepare_folders, settings)
    except (OperatorFault, StorageFull) as error:
        return [Finding(Grade.BAD, "data folder", str(error))]
    return [await _room("data folder", settings.folder, "FLIPBOOK_DATA_DIR")]


async def _room(what: str, folder: Path, variable: str) -> Finding:
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    grade = Grade.GOOD if free >= _LEAST_FREE_BYTES else Grade.BAD
    advice = "" if grade is Grade.GOOD else f"; make room, or set {variable} to another disk"
    return Finding(grade, what, f"{folder}, {free / 1024**3:.1f} GiB free{advice}")


async def database(settings: Settings) -> list[Finding]:
    """Whether it opens, what waits in it, and whether its totals are right."""
    try:
        # opening it migrates it, as `flipbook run` would
        async with open_app(settings, Role("doctor")) as app:
            await app.ports.store.check()
            counts = await app.ports.store.status_counts()
            wrong = await app.ports.store.ledger_discrepancies()
    except FlipbookError as error:
        return [Finding(Grade.BAD, "database", operator_sentence(error))]
    except (SettingsError, OperatorFault) as error:
        return [Finding(Grade.BAD, "settings", str(error))]
    except OSError as error:
        return [Finding(Grade.BAD, "database", f"its folder cannot be used ({error.strerror})")]
    jobs = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    detail = f"up to date; jobs: {jobs or 'none under way'}"
    findings = [Finding(Grade.GOOD, "database", detail)]
    if wrong:  # a bug of ours, not of the operator: nothing to do but to report it
        detail = (
            f"the totals of {len(wrong)} scopes differ from their lines, first "
            f"{wrong[0]}; please report this"
        )
        findings.append(Finding(Grade.BAD, "ledger", detail))
    return findings


async def worker_database(settings: Settings) -> list[Finding]:
    """The embedded worker's own database, if it has one yet."""
    folder = settings.folder / WORKER_FOLDER
    path = folder / "worker.db"
    if not (settings.embeds_worker and await asyncio.to_thread(folder.exists)):
        return []
    try:
        await asyncio.to_thread(make_folder, folder, 0o700)
        if not await asyncio.to_thread(path.exists):
            return []
        database = await WorkerDatabase.open(f"sqlite:///{path}")
        try:
            await database.check()
        finally:
            await database.close()
    except FlipbookError as error:
        return [Finding(Grade.BAD, "worker's database", operator_sentence(error))]
    except OSError as error:
        return [Finding(Grade.BAD, "worker's folder", f"{error.strerror or error}")]
    return [Finding(Grade.GOOD, "worker's database", "up to date")]


async def backups(settings: Settings) -> list[Finding]:
    """When the last one was made; none where the database is a server's."""
    if not settings.database.startswith("sqlite"):
        return []
    last, now = await asyncio.to_thread(last_backup, settings.folder), datetime.now(UTC)
    grade = Grade.NOTE if is_old(last, now) else Grade.GOOD
    return [Finding(grade, "backup", backup_words(last, now))]


async def clips(settings: Settings) -> list[Finding]:
    """Whether clips can be kept: a small file is written there, read and deleted."""
    place = str(settings.clips)
    try:
        store = await asyncio.to_thread(open_artifacts, settings, patience=_STORE_PATIENCE)
        await store.check()
    except (SettingsError, ArtifactError) as error:
        advice = "look at FLIPBOOK_ARTIFACTS_URL and that store's own credentials"
        return [Finding(Grade.BAD, "clips", f"cannot be kept at {place}: {error}; {advice}")]
    if settings.artifacts_url is not None and store.folder is not None:
        return [await _room("clips", store.folder, "FLIPBOOK_ARTIFACTS_URL")]
    return [Finding(Grade.GOOD, "clips", f"{place} can be written, read and deleted from")]


async def web(settings: Settings) -> list[Finding]:
    """Whether the web port is free, or used by the bot itself."""
    address = f"{settings.web_host} port {settings.web_port}"
    try:
        if await asyncio.to_thread(is_served, settings):
            return [Finding(Grade.GOOD, "web", f"a `flipbook run` works here, at {address}")]
        with closing(open_listener(settings.web_host, settings.web_port)):
            return [Finding(Grade.GOOD, "web", f"{address} is free")]
    except OperatorFault as error:
        return [Finding(Grade.BAD, "web", str(error))]
    except OSError as error:  # no data folder to look in, which is reported already
        return [Finding(Grade.NOTE, "web", f"not looked at ({error.strerror})")]
