"""Threads for what SQLite may take long for: opening a file, reading, waiting for the disk."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from generation.protocol.errors import StoreBusy

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThreads(ThreadPoolExecutor):
    """The threads of one database; for :func:`generation.protocol.disk.in_thread`."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As every executor has it. Raises StoreBusy once they have been shut down."""
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as error:
            raise StoreBusy("the database was closed") from error
