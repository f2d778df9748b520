"""Inside a bot of the load benchmarks: what it costs, and what blocks its event loop.

How late a timer is shows what members feel; other programs on the machine add to it. How much of
that its own thread has worked is what blocks the loop: one callback or several in a row, less the
part that came before the timer was due, which is at most :data:`TIMER_SECONDS`.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from typing import Any

TIMER_SECONDS = 0.02
"""Often enough to see what members feel; seldom enough not to be what is measured."""
BLOCKED_SECONDS = 0.05


class Probe:
    """Measures from :meth:`mark` on."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._blocks: list[float] = []
        self._cpu = 0.0
        self._collecting = 0.0
        self._longest_collection = 0.0
        gc.callbacks.append(self._collected)

    def mark(self) -> dict[str, Any]:
        """Begin a measurement."""
        self._lags, self._blocks, self._cpu = [], [], time.process_time()
        self._longest_collection = 0.0
        return {"ok": True}

    def report(self) -> dict[str, Any]:
        """Seconds of processor time, of lag, and of work while a timer was due; the most
        memory in MiB."""
        lags, blocks = sorted(self._lags) or [0.0], sorted(self._blocks) or [0.0]
        return {
            "cpu": time.process_time() - self._cpu,
            "lag_p99": lags[int(len(lags) * 0.99)],
            "lag_most": lags[-1],
            "block_most": blocks[-1],
            "collection": self._longest_collection,
            "blocked": sum(each > BLOCKED_SECONDS for each in blocks),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def _collected(self, phase: str, _facts: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._longest_collection = max(
                self._longest_collection, time.thread_time() - self._collecting
            )

    async def watch(self) -> None:
        """Measure how late a timer is, and what the loop did past its time, until cancelled."""
        while True:
            began, spent = time.monotonic(), time.thread_time()
            await asyncio.sleep(TIMER_SECONDS)
            late = max(0.0, time.monotonic() - began - TIMER_SECONDS)
            self._lags.append(late)
            self._blocks.append(min(late, time.thread_time() - spent))

    async def answer_orders(self) -> None:
        """Answer the orders on standard input until it closes."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            answer = self.mark() if json.loads(line)["order"] == "mark" else self.report()
            print(json.dumps(answer), flush=True)
