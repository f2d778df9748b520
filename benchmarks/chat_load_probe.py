"""Inside a bot of the load benchmarks: what it costs, and what keeps its event loop from turning.

Two figures, because the machine is shared: how late a timer was (what members feel, with everything else that runs on
the machine in it), and how much processor time the loop took between two turns of that timer (the bot's own doing: no
callback can have been longer).
"""

import asyncio
import gc
import json
import resource
import sys
import time
from typing import Any

EVERY = 0.005
BLOCKED = 0.05


class Probe:
    """Measures from :meth:`mark` on."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._turns: list[float] = []
        self._cpu = 0.0
        self._collecting = 0.0
        self._longest_collection = 0.0
        gc.callbacks.append(self._collected)

    def mark(self) -> dict[str, Any]:
        """Begin anew."""
        self._lags, self._turns, self._cpu = [], [], time.process_time()
        self._longest_collection = 0.0
        return {"ok": True}

    def report(self) -> dict[str, Any]:
        """Seconds of processor time, of lag, and of processor time per turn of the loop; the most memory in MiB."""
        lags, turns = sorted(self._lags) or [0.0], sorted(self._turns) or [0.0]
        return {
            "cpu": time.process_time() - self._cpu,
            "lag_p99": lags[int(len(lags) * 0.99)],
            "lag_most": lags[-1],
            "turn_p99": turns[int(len(turns) * 0.99)],
            "turn_most": turns[-1],
            "collection": self._longest_collection,
            "blocked": sum(turn > BLOCKED for turn in turns),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def _collected(self, phase: str, _facts: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._longest_collection = max(self._longest_collection, time.thread_time() - self._collecting)

    async def watch(self) -> None:
        """Look how late a timer is, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            began, used = loop.time(), time.thread_time()
            await asyncio.sleep(EVERY)
            self._turns.append(time.thread_time() - used)
            self._lags.append(loop.time() - began - EVERY)

    async def obey(self) -> None:
        """Answer the orders on standard input until it closes."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            answer = self.mark() if json.loads(line)["order"] == "mark" else self.report()
            print(json.dumps(answer), flush=True)
