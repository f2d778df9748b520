"""How late the bot knows that a clip is ready, what the worker adds to a job, and what waiting
costs.

One worker process renders with an engine that only sleeps, so that every job takes a set time and
the processor is free for what is measured. Clients run in processes of their own against it, one
after the other:

* the bot's whole core: completed at the worker → known at the bot → delivered to the channel;
* our queue client alone, and fal's own ``fal_client.subscribe_async``, both waiting for 100 jobs of
  five seconds, 20 at once (with more, fal's client is short of processor time): requests, processor
  time, how late each knows, as ratios.
"""

import json
import statistics
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from report import ENVIRONMENT, PYTHON, machine, table

JOBS = 100
AT_ONCE = 20
STEP_SECONDS = 0.2
ALONE = 20


class WorkerProcess:
    """The worker as a child, its log in a file."""

    def __init__(self, folder: Path, step_seconds: float) -> None:
        self._log = folder / "worker.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*PYTHON, "roundtrip_parts.worker", str(folder / "worker"), str(step_seconds)],
                env=ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])

    def completions(self) -> dict[str, float]:
        """When each request was completed, by the worker's own log."""
        found = {}
        for line in self._log.read_text().splitlines():
            entry = json.loads(line)
            if entry.get("event") == "request" and entry.get("state") == "COMPLETED":
                completed_at = datetime.fromisoformat(entry["timestamp"])
                found[entry["request_id"]] = completed_at.timestamp()
        return found

    def close(self) -> list[float]:
        """End it; the seconds that each job kept the engine busy."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        lines = self._process.stdout.read().decode().splitlines()
        self._process.wait(15)
        return [json.loads(line)["busy"] for line in lines]


def run_client(name: str, url: str, jobs: int, at_once: int) -> dict[str, Any]:
    done = subprocess.run(
        [*PYTHON, "roundtrip_parts.clients", name, url, str(jobs), str(at_once)],
        env=ENVIRONMENT,
        capture_output=True,
        check=True,
        timeout=300,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def late(seen: dict[str, float], completed: dict[str, float]) -> list[float]:
    """Milliseconds from the worker's completion to the client's knowing."""
    return [(seen[name] - completed[name]) * 1000 for name in seen]


def spread(milliseconds: list[float]) -> list[str]:
    return [
        f"{statistics.median(milliseconds):.1f} ms",
        f"{statistics.quantiles(milliseconds, n=100)[98]:.1f} ms",
    ]


def waiting(folder: Path) -> None:
    # one after the other against the same worker: side by side they would share the processor
    worker = WorkerProcess(folder, STEP_SECONDS)
    bot = run_client("core", worker.url, JOBS, JOBS)
    mine = run_client("ours", worker.url, JOBS, AT_ONCE)
    theirs = run_client("fal", worker.url, JOBS, AT_ONCE)
    completed = worker.completions()
    worker.close()
    known = {name: times[0] for name, times in bot["seen"].items()}
    delivered = {name: times[1] for name, times in bot["seen"].items()}
    print(
        table(
            ["the bot, 100 jobs at once", "median", "p99"],
            [
                ["completed at the worker → known at the bot", *spread(late(known, completed))],
                ["completed at the worker → delivered", *spread(late(delivered, completed))],
            ],
        )
    )
    rows = [
        [
            name,
            f"{run['requests'] / JOBS:.1f}",
            f"{run['cpu'] / JOBS * 1000:.1f} ms",
            *spread(late({name: known for name, (_, known) in run["seen"].items()}, completed)),
        ]
        for name, run in (("our queue client", mine), ("fal_client.subscribe_async", theirs))
    ]
    ratio = [f"{mine['requests'] / theirs['requests']:.3f}", f"{mine['cpu'] / theirs['cpu']:.3f}"]
    print(
        table(
            [
                "waiting for 100 jobs of 5 s, 20 at once",
                "requests/job",
                "CPU/job",
                "known late, median",
                "p99",
            ],
            rows,
        )
    )
    print(f"ours / theirs: requests {ratio[0]}, CPU {ratio[1]} (target ≤ 0.1 each)\n")


def overhead(folder: Path) -> None:
    """Jobs one at a time: from the submit's first byte to COMPLETED, less what the engine took."""
    worker = WorkerProcess(folder, 0.004)
    asked = sorted(asked for asked, _ in run_client("ours", worker.url, ALONE, 1)["seen"].values())
    completed = sorted(worker.completions().values())[-ALONE:]
    busy = worker.close()[-ALONE:]
    extra = [
        (end - begin - engine) * 1000
        for begin, end, engine in zip(asked, completed, busy, strict=True)
    ]
    print(
        table(
            [f"the worker, {ALONE} jobs one at a time", "median", "p99"],
            [["added to the engine's own time", *spread(extra)]],
        )
    )
    print(
        "(target ≤ 15 ms; it holds the submit, two durable writes, the encoding of the MP4 and "
        "its file)\n"
    )


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a").mkdir()
        (Path(folder) / "b").mkdir()
        overhead(Path(folder) / "a")
        waiting(Path(folder) / "b")


if __name__ == "__main__":
    main()
