"""Notifications that something has changed on the double."""

import asyncio
from collections.abc import Callable


class Changes:
    """Wakes tasks that wait for a change on the double."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def announce(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return as soon as this holds; checked again at each change."""
        while not holds():
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
