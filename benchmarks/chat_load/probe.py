"""Inside a bot of the load benchmarks: what it costs, and what blocks its event loop.

How late a timer is shows what members feel; other programs on the machine add to it. How much
processor time a callback takes shows what blocks the loop: while one runs, no other can.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from typing import Any

TIMER_SECONDS = 0.005
BLOCKED_SECONDS = 0.05
LEAST_SECONDS = 0.001
"""Shorter callbacks are not recorded."""


class Probe:
    """Measures from :meth:`mark` on."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._callbacks: list[float] = []
        self._cpu = 0.0
        self._collecting = 0.0
        self._longest_collection = 0.0
        gc.callbacks.append(self._collected)
        self._time_callbacks()

    def mark(self) -> dict[str, Any]:
        """Begin a measurement."""
        self._lags, self._callbacks, self._cpu = [], [], time.process_time()
        self._longest_collection = 0.0
        return {"ok": True}

    def report(self) -> dict[str, Any]:
        """Seconds of processor time, of lag, and of processor time per callback; the most memory in
        MiB."""
        lags, callbacks = sorted(self._lags) or [0.0], sorted(self._callbacks) or [0.0]
        return {
            "cpu": time.process_time() - self._cpu,
            "lag_p99": lags[int(len(lags) * 0.99)],
            "lag_most": lags[-1],
            "callback_most": callbacks[-1],
            "collection": self._longest_collection,
            "blocked": sum(each > BLOCKED_SECONDS for each in callbacks),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def _time_callbacks(self) -> None:
        """Around every callback of the event loop, a task's steps among them; asyncio calls each by
        its handle."""
        run, now = asyncio.Handle._run, time.thread_time  # noqa: SLF001 - every callback passes here

        def timed(handle: asyncio.Handle) -> None:
            began = now()
            run(handle)
            if (took := now() - began) > LEAST_SECONDS:
                self._callbacks.append(took)

        asyncio.Handle._run = timed  # noqa: SLF001

    def _collected(self, phase: str, _facts: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._longest_collection = max(
                self._longest_collection, time.thread_time() - self._collecting
            )

    async def watch(self) -> None:
        """Measure how late a timer is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(TIMER_SECONDS)
            self._lags.append(loop.time() - began - TIMER_SECONDS)

    async def answer_orders(self) -> None:
        """Answer the orders on standard input until it closes."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            answer = self.mark() if json.loads(line)["order"] == "mark" else self.report()
            print(json.dumps(answer), flush=True)
