"""Ctrl-C and SIGTERM while a clip is made: the first asks to cancel, the second leaves at once."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Within ``with``, counts the signals; ``leave`` is called at the second one."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._first = asyncio.Event()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        for number in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _interrupted(self) -> None:
        if self._first.is_set():
            self._leave()
        self._first.set()

    async def first(self) -> None:
        """Return at the first signal, or at once where it has come already."""
        await self._first.wait()
