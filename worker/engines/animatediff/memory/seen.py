"""The device's memory as it was seen last: asking a device that hangs would hang too."""

import time
from collections.abc import Callable
from typing import Final

from worker.engine import DeviceMemory
from worker.engines.animatediff.device import Device

_EVERY: Final = 1.0
"""Seconds; a step may take a few milliseconds only."""


class SeenMemory:
    """The engine's thread looks between its steps, any thread may read."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = float("-inf")
        self.seen: DeviceMemory | None = None
        """None before the first look."""

    def look(self, device: Device) -> None:
        """Look, at most once a second."""
        now = self._clock()
        if now >= self._next:
            self._next = now + _EVERY
            self.seen = DeviceMemory(device.total_bytes(), device.free_bytes())
