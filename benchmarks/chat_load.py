"""What the two chats' load benchmarks share: bots in processes of their own, a backend to wait for, and arithmetic."""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import machine, table

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

LEAVE_SECONDS = 20.0
WARM_UP = 3
"""Jobs before a comparison: whatever is loaded at a first clip is not the jobs' cost."""
PROMPT = "a paper boat on a stormy sea"


@dataclass
class Child:
    """A bot in a process of its own. It answers every order, a JSON line, with one JSON line."""

    process: asyncio.subprocess.Process
    log: Path

    async def order(self, name: str) -> dict[str, Any]:
        """``mark`` begins a measurement, ``report`` says what was measured since."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"order": name}).encode() + b"\n")
        while not (line := await self.process.stdout.readline()).startswith(b"{"):  # libraries print too
            if not line:
                raise RuntimeError(f"the bot is gone: {self.log.read_text()[-2000:]}")
        said: dict[str, Any] = json.loads(line)
        return said

    async def leave(self) -> dict[str, Any]:
        """Send SIGTERM and wait; how it left, and how many troubles its log holds."""
        self.process.terminate()
        async with asyncio.timeout(LEAVE_SECONDS):
            code = await self.process.wait()
        lines = self.log.read_text().splitlines()
        troubles = [line for line in lines if '"level":"error"' in line.replace(" ", "") or "Traceback" in line]
        return {"code": code, "lines": len(lines), "troubles": troubles}


@asynccontextmanager
async def child(script: str, folder: Path, **options: Any) -> AsyncIterator[Child]:
    """Start a bot; killed at the end if it has not left."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nobody waits yet
    log = folder / "bot.log"
    with log.open("wb") as lines:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / script),
            json.dumps({"folder": str(folder), **options}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=lines,
            cwd=folder,
        )
    try:
        yield Child(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def at_rate(act: Callable[[int], Awaitable[object]], per_second: float, count: int) -> float:
    """Do something that often; how late the last one was in seconds, because this process was short of time."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(count):
        due = began + number / per_second
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        await act(number)
    return loop.time() - began - (count - 1) / per_second


async def until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is so. Raises TimeoutError saying what was waited for."""
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


def probe_table(seen: dict[str, Any], commands: int) -> str:
    """What the probe in a bot measured."""
    head = ["loop late, p99", "most", "longest callback", "over 50 ms", "garbage collection, most"]
    head += ["CPU/command", "memory, most"]
    figures = [f"{seen[name] * 1000:.0f} ms" for name in ("lag_p99", "lag_most", "callback_most")]
    collection = f"{seen['collection'] * 1000:.0f} ms"
    row = [
        *figures,
        str(seen["blocked"]),
        collection,
        f"{seen['cpu'] / commands * 1000:.1f} ms",
        f"{seen['memory']:.0f} MiB",
    ]
    return table(head, [row])


def wanted(title: str, scenarios: Sequence[str], *, rate: float, jobs: int) -> argparse.Namespace:
    """The command line; without one, the run that is reported."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--only", choices=scenarios)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--in-flight", type=int, default=1000)
    parser.add_argument("--render", type=float, default=120.0)
    parser.add_argument("--compare", type=int, default=jobs)
    parser.add_argument("--compare-rate", type=float, default=4.0)
    parser.add_argument("--compare-render", type=float, default=10.0)
    parser.add_argument("--one-channel", type=int, default=60)
    parser.add_argument("--every", type=float, default=1.5)
    return parser.parse_args()


async def run_scenarios(
    title: str, scenarios: Mapping[str, Callable[[argparse.Namespace], Awaitable[None]]], *, rate: float, jobs: int
) -> None:
    """Run what the command line wants: commands a second of the crowd, and jobs of the comparison."""
    options = wanted(title, list(scenarios), rate=rate, jobs=jobs)
    print(machine())
    for name, scenario in scenarios.items():
        if options.only in {None, name}:
            await scenario(options)


def loads() -> str:
    """The machine's load averages now."""
    return "load average " + ", ".join(f"{each:.1f}" for each in os.getloadavg())
