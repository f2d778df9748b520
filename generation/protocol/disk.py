"""Files that must survive a power cut, what a file system's errors mean, and threads for work that
waits for the disk."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from generation.protocol.errors import ArtifactError, StorageFull

T = TypeVar("T")

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, the quota is used up, or the process may not write files of that size."""

_BETWEEN_INTERRUPTS: Final = 0.05


@contextmanager
def disk_errors() -> Iterator[None]:
    """Translate OSError: StorageFull when there is no room, ArtifactError for the rest."""
    try:
        yield
    except OSError as error:
        kind = StorageFull if error.errno in NO_ROOM else ArtifactError
        raise kind(error.strerror or str(error) or type(error).__name__) from error


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, unless it is there.

    Raises NotADirectoryError, in a sentence, where a file has its name.
    """
    try:
        path.mkdir(mode, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(each for each in (path, *path.parents) if each.exists())
        raise NotADirectoryError(
            f"{file.absolute()} is a file where a folder is needed; move it away"
        ) from error


async def in_thread(
    work: Callable[..., T],
    *arguments: object,
    threads: Executor | None = None,
    interrupt: Callable[[], None] = lambda: None,
) -> T:
    """The result of work that blocks, done in a thread: one of ``threads``, else one of the
    loop's.

    A cancellation calls ``interrupt`` and returns only when the thread has left the work: what it
    works on is then free for others, and what it has made can be cleaned up.
    """
    doing = asyncio.get_running_loop().run_in_executor(threads, partial(work, *arguments))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():
            # again and again: a statement that begins after an interruption is not interrupted
            interrupt()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([doing], timeout=_BETWEEN_INTERRUPTS)
        if not doing.cancelled():
            doing.exception()  # read, so that asyncio does not report it
        raise


def flush(path: Path) -> None:
    """Write a file's bytes, or a folder's names, through to the disk (fsync)."""
    # reading is enough for fsync, and the only way to open a folder
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(written: Path, destination: Path) -> None:
    """Give a finished file its name: whole or not at all, even in a power cut."""
    # first the bytes, then the name: the other way round a power cut could leave an empty file
    flush(written)
    written.replace(destination)
    flush(destination.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; it replaces an older one, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.part")
    # left by a process that was killed while writing it, and O_EXCL refuses an existing file
    unfinished.unlink(missing_ok=True)
    # the mode is given at creation: a later chmod would leave a moment in which others can read it
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    put_in_place(unfinished, path)
