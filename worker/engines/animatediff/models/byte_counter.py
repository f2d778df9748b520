"""Counts the bytes of a download as they arrive."""

from collections.abc import Callable
from typing import Self


class ByteCounter:
    """What the hub's client uses as a tqdm: counts bytes and reports them, but prints nothing."""

    def __init__(self, initial: int, report: Callable[[int], None]) -> None:
        self._bytes = initial
        self._report = report

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, n: int) -> None:
        """Called with the bytes of every piece; negative when the server starts the file again."""
        self._bytes += n
        self._report(self._bytes)
