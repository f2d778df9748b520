"""Finished clips on disk, under names that nobody can guess: whoever has the URL may fetch, nobody else finds it.

Everything here blocks; callers on an event loop go through ``asyncio.to_thread``.
"""

import os
import re
import secrets
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from generation.disk import NO_ROOM
from generation.errors import StorageFull

MIN_FREE_BYTES: Final = 64 * 2**20
"""Of a file system with less room than this, nothing more is taken: the database needs it."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{32}\.mp4")
_UNFINISHED: Final = ".part"


@contextmanager
def telling_full_disk() -> Iterator[None]:
    """Translate what a file system says when it has no room into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull("the disk is full") from error
        raise


class ClipStorage:
    """One folder of MP4 files that together take at most ``max_bytes``, on a file system that keeps ``min_free_bytes``.
    Safe to use from several threads."""

    def __init__(self, folder: Path, max_bytes: int, *, min_free_bytes: int = MIN_FREE_BYTES) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._used = 0

    def open(self, known: Collection[str]) -> None:
        """Make the folder; remove what a killed worker left half-written and what no result points to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if path.suffix == _UNFINISHED or (_NAME.fullmatch(path.name) and path.name not in known):
                path.unlink(missing_ok=True)
        self._used = sum(path.stat().st_size for path in self._folder.iterdir())

    @property
    def used_bytes(self) -> int:
        """What all files take together that are counted here."""
        return self._used

    def has_room_for(self, size: int) -> bool:
        """True when so many bytes more would fit both the limit and the file system."""
        if self._used + size > self._max_bytes:
            return False
        room = os.statvfs(self._folder)
        return room.f_bavail * room.f_frsize >= size + self._min_free_bytes

    def keep(self, clip: bytes) -> str:
        """Write a clip, safe from a power cut when this returns; returns its name. Raises StorageFull."""
        self.reserve(len(clip))
        name = f"{secrets.token_urlsafe(24)}.mp4"
        try:
            with telling_full_disk():
                self._write(name, clip)
        except (OSError, StorageFull):
            self.release(len(clip))
            raise
        return name

    def find(self, name: str) -> Path | None:
        """Where that clip lies; None when there is none, whatever else the name may be."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        return path if path.is_file() else None

    def remove(self, names: Iterable[str]) -> None:
        """Delete clips; those that are gone already are passed over."""
        for name in names:
            path = self.find(name)
            if path is not None:
                size = path.stat().st_size
                path.unlink(missing_ok=True)
                self.release(size)

    def reserve(self, size: int) -> None:
        """Count so many bytes as used, for a clip or for what else lies in the data folder. Raises StorageFull."""
        with self._lock:
            if not self.has_room_for(size):
                raise StorageFull("the worker's files take as much disk as they may")
            self._used += size

    def count(self, size: int) -> None:
        """Count what lies in the data folder already, however much it is."""
        with self._lock:
            self._used += size

    def release(self, size: int) -> None:
        """So many bytes are gone."""
        with self._lock:
            self._used -= size

    def _write(self, name: str, clip: bytes) -> None:
        unfinished = self._folder / f"{name}{_UNFINISHED}"
        try:
            with unfinished.open("wb") as file:
                file.write(clip)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._folder / name)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        self._make_durable()

    def _make_durable(self) -> None:
        """A rename survives a power cut only once its folder is on disk."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
