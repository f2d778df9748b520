"""Makes a backup beside a running bot, and verifies one."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet

from bot import __version__
from bot.commands.backup.archive import (
    CLIPS,
    DATABASE,
    KEYS,
    ArchiveWriter,
    BackupUnusable,
    Manifest,
    unpack,
    writing,
)
from bot.commands.backup.note import note_backup
from bot.forgotten_members import FORGOTTEN, read, remember
from bot.settings import Settings, SettingsError
from db.encryption import FernetCipher
from db.snapshot import Snapshot, sqlite_file, take_snapshot
from db.store import SqlStore
from generation.protocol.disk import flush

Progress = Callable[[int], None]
"""Called with the number of clips that are saved so far."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds."""

    manifest: Manifest
    bytes: int

    @classmethod
    def of(cls, manifest: Manifest, path: Path) -> Self:
        """What the file holds, and its size."""
        return cls(manifest, path.stat().st_size)

    @property
    def clips(self) -> int:
        """How many clips are in it."""
        return sum(name.startswith(f"{CLIPS}/") for name in self.manifest.files)


async def save(settings: Settings, path: Path, *, progress: Progress = lambda _: None) -> Saved:
    """Write everything of the data folder that cannot be made again into one file.

    The database first, the clips after: a clip is kept before its job says so, so each clip of the
    snapshot is there, unless it was deleted since. Raises SettingsError for a database that is not
    SQLite, StoreError, or OSError, FileExistsError among them.
    """
    database = database_file(settings)
    _check_free(path)
    # beside the backup: there is room for a copy where there is room for the backup
    with tempfile.TemporaryDirectory(prefix=".flipbook-backup-", dir=path.parent) as folder:
        snapshot, written = Path(folder, DATABASE), Path(folder, path.name)
        await take_snapshot(database, snapshot)
        with writing(written) as archive:
            await asyncio.to_thread(archive.add, snapshot, DATABASE)
            for key in KEYS:
                if (settings.data_dir / key).exists():
                    archive.add(settings.data_dir / key, key)
            elsewhere = settings.artifacts_url is not None
            missing = (
                []
                if elsewhere
                else await _add_clips(archive, settings.data_dir, snapshot, progress)
            )
            manifest = archive.finish(__version__, missing, clips_kept_elsewhere=elsewhere)
        await asyncio.to_thread(_give_name, written, path)
    with suppress(OSError):  # the backup is made, whatever becomes of the note about it
        note_backup(settings.data_dir, path, manifest.made_at)
    # what was forgotten is still in older backups, and they are in this folder
    remember(path.parent, read(settings.data_dir / FORGOTTEN))
    return Saved.of(manifest, path)


def _give_name(written: Path, path: Path) -> None:
    try:
        # a rename would replace a file that has got the name meanwhile
        os.link(written, path)
    except FileExistsError:
        raise
    except OSError:  # shares of other machines often know no links
        _check_free(path)
        written.rename(path)
    flush(path.parent)


def _check_free(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} exists already. Name another file, or move it away.")


async def _add_clips(
    archive: ArchiveWriter, data_dir: Path, snapshot: Path, progress: Progress
) -> list[str]:
    """Add every clip of the snapshot; returns the keys of those that are gone."""
    missing: list[str] = []
    async with Snapshot.open(snapshot) as copy:
        added = 0
        async for key in copy.clips():
            try:
                await asyncio.to_thread(archive.add, data_dir / CLIPS / key, f"{CLIPS}/{key}")
            except FileNotFoundError:
                missing.append(key)
            added += 1
            progress(added)
    return missing


async def verify(path: Path) -> Saved:
    """Read the whole backup, and open its database as this version would. Raises BackupUnusable,
    or DatabaseTooNew."""
    with tempfile.TemporaryDirectory(prefix="flipbook-verify-") as folder:
        manifest = await asyncio.to_thread(unpack, path, Path(folder), wanted={DATABASE})
        await check_database(Path(folder, DATABASE))
    return Saved.of(manifest, path)


async def check_database(path: Path) -> None:
    """Examine a copy of a database, and bring it up to date. Raises BackupUnusable,
    DatabaseTooNew."""
    async with Snapshot.open(path) as snapshot:
        problems = await snapshot.problems()
    if problems:
        raise BackupUnusable(f"The database in it is damaged: {'; '.join(problems)}.")
    # tokens stay encrypted: nothing of them is read
    store = await SqlStore.open(f"sqlite:///{path}", FernetCipher(Fernet.generate_key().decode()))
    try:
        if await store.ledger_discrepancies():
            raise BackupUnusable("The ledger's totals in it are not the sum of its lines.")
    finally:
        await store.close()


def database_file(settings: Settings) -> Path:
    """The file of the bot's database. Raises SettingsError where it is not SQLite."""
    path = sqlite_file(settings.database)
    if path is None:
        raise SettingsError(
            "The database is PostgreSQL, which has its own tools: "
            "pg_dump --format=custom --no-owner, with a client of the server's version; "
            f"copy {settings.data_dir} beside it. docs/operators/configuration.md says more."
        )
    return path
