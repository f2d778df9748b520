"""Load at a rate, waiting, and the figures of the chats' load benchmarks."""

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from report import table


async def at_rate(act: Callable[[int], Awaitable[object]], per_second: float, count: int) -> float:
    """Act ``count`` times at that rate; how late the last one was, in seconds, because this process
    was short of processor time."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(count):
        due = began + number / per_second
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        await act(number)
    return loop.time() - began - (count - 1) / per_second


async def until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until the condition holds. Raises TimeoutError, which says ``what`` was waited for."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(f"no {what} within {seconds:g} s")
        await asyncio.sleep(0.02)


def spread(seconds: Sequence[float]) -> list[str]:
    """p50, p99 and the most, in milliseconds."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return [f"{value * 1000:.0f} ms" for value in (statistics.median(ordered), p99, ordered[-1])]


def probe_table(report: dict[str, Any], commands: int, before: float) -> str:
    """The table of what the probe in a bot has measured; ``before``: the processor seconds that the
    bot takes in as long a time without the commands."""
    head = [
        "loop late, p99",
        "most",
        "loop blocked, most",
        "over 50 ms",
        "garbage collection, most",
    ]
    head += ["CPU/command", "of that added by it", "memory, most"]
    figures = [f"{report[name] * 1000:.0f} ms" for name in ("lag_p99", "lag_most", "block_most")]
    row = [
        *figures,
        str(report["blocked"]),
        f"{report['collection'] * 1000:.0f} ms",
        f"{report['cpu'] / commands * 1000:.1f} ms",
        f"{(report['cpu'] - before) / commands * 1000:.1f} ms",
        f"{report['memory']:.0f} MiB",
    ]
    return table(head, [row])


def loads() -> str:
    """The machine's load averages now."""
    return "load average " + ", ".join(f"{each:.1f}" for each in os.getloadavg())
