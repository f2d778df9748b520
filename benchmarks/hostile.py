"""How long the worker's ``/health`` takes while callers do their worst, beside what it takes idle.

The real worker in a process of its own, the attackers in another, and this one asks. Each attack is
bounded in count and time; all of it on 127.0.0.1.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from hostile_parts.attack import REQUESTS
from report import ENVIRONMENT, PYTHON, machine, table
from roundtrip import WorkerProcess

MOST_TIMES_IDLE = 10


def asked(http: httpx.Client, seconds: float, most: int = 10_000) -> list[float]:
    """Seconds that each question took, one after the other for that long."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    while len(took) < most and time.perf_counter() < end:
        began = time.perf_counter()
        http.get("/health").raise_for_status()
        took.append(time.perf_counter() - began)
    return took


def attacked(kind: str, url: str, http: httpx.Client, options: argparse.Namespace) -> list[str]:
    """The row of one attack."""
    address = urlsplit(url)
    attack = [kind, str(address.hostname), str(address.port), str(options.seconds)]
    with subprocess.Popen(
        [*PYTHON, "hostile_parts.attack", *attack, str(options.callers)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
    ) as attackers:
        assert attackers.stdout is not None
        attackers.stdout.readline()
        took = asked(http, options.seconds * 0.8)
        answered = json.loads(attackers.stdout.readline())["answered"]
    return row(kind, f"{answered / options.seconds:,.0f}/s", took, options.idle)


def row(what: str, answered: str, took: list[float], idle: float) -> list[str]:
    """Median and longest answer, and the median as a multiple of the idle one."""
    median = statistics.median(took)
    figures = [f"{value * 1000:.1f} ms" for value in (median, max(took))]
    return [what, answered, str(len(took)), *figures, f"× {median / idle:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each attack lasts")
    parser.add_argument("--callers", type=int, default=1, help="attackers at once")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        worker = WorkerProcess(Path(folder), 0.05)
        # a connection of its own for each question would measure connecting
        with httpx.Client(base_url=worker.url, timeout=30.0, trust_env=False) as http:
            asked(http, 1.0, 100)
            quiet = asked(http, 2.0, 500)
            options.idle = statistics.median(quiet)
            rows = [row("nobody", "", quiet, options.idle)]
            rows += [attacked(kind, worker.url, http, options) for kind in REQUESTS]
        worker.close()
    head = ["attack", "answered", "questions", "/health, median", "most", "of idle"]
    print(table(head, rows))
    print(f"(target: the median at most × {MOST_TIMES_IDLE} of idle; attackers: {options.callers})")


if __name__ == "__main__":
    main()
