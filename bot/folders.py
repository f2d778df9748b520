"""The data folder: what has to be in it before anything runs, and who works in it."""

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bot.exit_codes import OperatorFault
from bot.settings import Settings
from generation.protocol.disk import NO_ROOM, make_folder
from generation.protocol.errors import StorageFull

WORKER_FOLDER: Final = "worker"
"""The embedded worker's part of the data folder."""
LAST_BACKUP: Final = "backup.json"
"""In the data folder: when the last backup was made."""
ENDPOINT_FILE: Final = "endpoint.json"
_STAGING_SECONDS: Final = 3600.0
"""A file that stays longer in staging belongs to a process that was killed."""


def prepare_folders(settings: Settings) -> None:
    """Make the data folder, for its owner only, and clear what a killed process left in staging.

    Raises OperatorFault where it cannot be written, StorageFull where there is no room.
    """
    try:
        make_folder(settings.data_dir, 0o700)
        make_folder(staging(settings))
        # asked by writing: permissions do not say that a file system is full or read-only
        with tempfile.TemporaryFile(dir=staging(settings)) as file:
            file.write(b"flipbook")
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull(f"{settings.data_dir.absolute()}: {error.strerror}") from error
        raise OperatorFault(
            f"The data folder {settings.data_dir.absolute()} cannot be written "
            f"({error.strerror or error}): give it to the user that runs Flipbook, or set "
            "FLIPBOOK_DATA_DIR to another."
        ) from error
    for path in staging(settings).iterdir():
        # a younger file may belong to another process that is writing it
        if path.lstat().st_mtime < time.time() - _STAGING_SECONDS:
            path.unlink(missing_ok=True)


def staging(settings: Settings) -> Path:
    """The folder for clips until they are stored."""
    return settings.data_dir / "staging"


def run_lock(settings: Settings) -> FileLock:
    """The lock that `flipbook run` holds; the system releases that of a process that was killed."""
    return FileLock(settings.data_dir / "run.lock")


def is_served(settings: Settings) -> bool:
    """Whether a `flipbook run` works in the data folder."""
    try:
        with run_lock(settings).acquire(blocking=False):
            return False
    except Timeout:
        return True


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """A worker that is ready: its address, and what it renders with."""

    url: str
    engine: str


def running_worker(folder: Path) -> RunningWorker | None:
    """The worker that holds the folder and is ready, whichever process has started it."""
    try:
        facts = json.loads((folder / ENDPOINT_FILE).read_bytes())
        if not is_alive(int(facts["pid"])):
            return None  # a worker that was killed has left its file
        found = RunningWorker(str(facts["url"]), str(facts["engine"]))
        # another process may have got its id since; the lock is never held by a dead one
        with FileLock(folder / "worker.lock", timeout=0):
            return None
    except Timeout:
        return found
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None


def is_alive(pid: int) -> bool:
    """Whether a process of that id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True
