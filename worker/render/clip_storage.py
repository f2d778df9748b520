"""Finished clips on disk, under random names: only those who know a clip's URL can load it.

Everything here blocks; callers on an event loop go through ``asyncio.to_thread``.
"""

import os
import re
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from generation.protocol.disk import NO_ROOM, flush, make_folder
from generation.protocol.errors import StorageFull

MIN_FREE_BYTES: Final = 64 * 2**20
"""On a file system with less free space nothing is stored: the database needs it."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{32}\.mp4")
_UNFINISHED: Final = ".part"


@contextmanager
def raising_storage_full() -> Iterator[None]:
    """Raise StorageFull where the file system has no room."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull("the disk is full") from error
        raise


class ClipStorage:
    """One folder of MP4 files that together take at most ``max_bytes``, on a file system that keeps
    ``min_free_bytes`` free. Safe to use from several threads.

    ``beside`` says what else counts and changes by itself: the bytes of the database.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        *,
        min_free_bytes: int = MIN_FREE_BYTES,
        beside: Callable[[], int] = lambda: 0,
    ) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._max_bytes = max_bytes
        self._beside = beside
        self._lock = threading.Lock()
        self._used = 0

    def open(self, known: Collection[str]) -> None:
        """Create the folder; remove half-written files and clips that no result refers to."""
        make_folder(self._folder)
        for path in self._folder.iterdir():
            # files with other names are the operator's and stay
            if path.suffix == _UNFINISHED or (
                _NAME.fullmatch(path.name) and path.name not in known
            ):
                path.unlink(missing_ok=True)
        # every file takes space, also one that is not a clip
        self._used = sum(path.stat().st_size for path in self._folder.iterdir())

    @property
    def used_bytes(self) -> int:
        """What all counted files take together."""
        return self._used

    def has_room_for(self, size: int) -> bool:
        """True when that many bytes more fit both the limit and the file system."""
        if self._used + self._beside() + size > self._max_bytes:
            return False
        # other programs fill the same file system, so it is asked each time
        room = os.statvfs(self._folder)
        return room.f_bavail * room.f_frsize >= size + self._min_free_bytes

    def prepare(self) -> str:
        """Make an empty file for a clip that is about to be rendered, and return its name: what
        takes time is then done before anybody waits for the clip. Raises StorageFull."""
        path = self._folder / f"{secrets.token_urlsafe(24)}.mp4"
        try:
            with raising_storage_full():
                path.touch(exist_ok=False)
                flush(self._folder)
        except (OSError, StorageFull):
            path.unlink(missing_ok=True)
            raise
        return path.name

    def save(self, name: str, clip: bytes) -> None:
        """Write a clip into its prepared file; after that it survives a power cut. Where that is
        not possible the file is removed. Raises StorageFull."""
        path = self._folder / name
        try:
            # reserved before it is written: clips are saved on several threads at once
            self.reserve(len(clip))
            try:
                with raising_storage_full():
                    # half a clip has no name that anybody knows; the next start removes it
                    path.write_bytes(clip)
                    flush(path)
            except (OSError, StorageFull):
                self.release(len(clip))
                raise
        except (OSError, StorageFull):
            path.unlink(missing_ok=True)
            raise

    def find(self, name: str) -> Path | None:
        """The path of that clip; None when there is none, or the name is not a clip's."""
        # the name is a caller's text: one with a slash could lead out of the folder
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        return path if path.is_file() else None

    def remove(self, names: Iterable[str]) -> None:
        """Delete clips; those that do not exist are skipped."""
        for name in names:
            path = self.find(name)
            if path is not None:
                size = path.stat().st_size
                path.unlink(missing_ok=True)
                self.release(size)

    def reserve(self, size: int) -> None:
        """Count that many bytes as used, for a clip or another file of the data folder. Raises
        StorageFull."""
        with self._lock:
            if not self.has_room_for(size):
                raise StorageFull("the worker's files take as much disk as they may")
            self._used += size

    def count(self, size: int) -> None:
        """Count files that exist already, even beyond the limit."""
        with self._lock:
            self._used += size

    def release(self, size: int) -> None:
        """Count that many bytes as free again."""
        with self._lock:
            self._used -= size
