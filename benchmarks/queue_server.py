"""What the worker's queue protocol costs: status polls, durable submissions, and watchers of status
streams.

The worker runs on one core, the load in a second process on another; all of it on 127.0.0.1,
bounded in count and time. Rates are given by the clock and by the processor time of the worker:
other programs on the machine change only the former. Prints Markdown tables.
"""

import asyncio
import json
import os
import secrets
import sqlite3
import statistics
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from report import ENVIRONMENT, PYTHON, machine, table

from generation.protocol.request import Endpoint, GenerationRequest
from worker.records import Request, StoredClip
from worker.store import WorkerDatabase

OPEN = 1000
STORED = (10, 1000, 100_000)
ROUNDS = 4
ROUND_SECONDS = 2.0
CALLERS = 32
WATCHERS = 500
STEPS = 12
MANY_SECONDS = 3600.0


class Child:
    """A child process that takes and answers orders as lines of JSON."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [*PYTHON, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**ENVIRONMENT, **(environment or {})},
            text=True,
        )
        self.pid = self._process.pid

    def read(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order and wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.read()

    def close(self) -> list[dict[str, Any]]:
        """End it; its lines that were not read before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        lines = [json.loads(line) for line in self._process.stdout]
        self._process.wait(30)
        return lines


class Server(Child):
    """The worker on core 0, with its watchdog off: a step may last an hour here."""

    def __init__(self, folder: Path, step_seconds: float) -> None:
        settings = {"FLIPBOOK_WORKER_MAX_QUEUE": "100000", "FLIPBOOK_WORKER_HANG_SECONDS": "0"}
        arguments = ("queue_server_parts.worker", str(folder), str(step_seconds), "0")
        super().__init__(*arguments, environment=settings)
        self.port = urlsplit(self.read()["url"]).port

    @property
    def cpu_seconds(self) -> float:
        """Its processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_bytes(self) -> int:
        """Its resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )


@contextmanager
def running(folder: Path, step_seconds: float) -> Iterator[Server]:
    """A worker over that folder, ended at the end."""
    server = Server(folder, step_seconds)
    try:
        yield server
    finally:
        server.close()


@dataclass(frozen=True)
class Rate:
    """How often something happened per second: of the clock, and of the worker's processor time."""

    by_clock: float
    by_processor: float

    @property
    def cells(self) -> list[str]:
        return [f"{self.by_clock:,.0f}/s", f"{self.by_processor:,.0f}/s"]


Rates = list[Rate]


def middle(rates: Rates) -> Rate:
    """The medians."""
    return Rate(
        statistics.median(rate.by_clock for rate in rates),
        statistics.median(rate.by_processor for rate in rates),
    )


async def store(folder: Path, count: int) -> list[str]:
    """A folder with ``count`` finished requests in its database; the store writes the first one,
    and the others are copies of its row."""
    database = await WorkerDatabase.open(f"sqlite:///{folder / 'worker.db'}")
    request, now = (
        GenerationRequest.model_validate({"prompt": "a boat", "seed": 7}),
        datetime.now(UTC),
    )
    first = Request(str(uuid.uuid4()), "bench", Endpoint.STANDARD, request, now).started(now)
    done = first.finished(StoredClip(f"{secrets.token_urlsafe(24)}.mp4", 400_000, 7), now)
    await database.requests.insert(done)
    await database.requests.save(done)
    await database.close()
    with sqlite3.connect(folder / "worker.db") as connection:
        columns = [
            row[1]
            for row in connection.execute("PRAGMA table_info(requests)")
            if row[1] not in {"number", "id"}
        ]
        ids = [str(uuid.uuid4()) for _ in range(count - 1)]
        names = ", ".join(columns)
        copy = f"INSERT INTO requests (id, {names}) SELECT ?, {names} FROM requests WHERE id = ?"
        connection.executemany(copy, [(fresh, done.id) for fresh in ids])
    connection.close()
    return [done.id, *ids]


def polls(load: Child, server: Server, ids: list[str]) -> Rate:
    """One round of status polls."""
    order = {"do": "poll", "port": server.port, "ids": ids, "callers": CALLERS}
    spent = server.cpu_seconds
    answer = load.ask({**order, "seconds": ROUND_SECONDS, "at_most": 100_000})
    assert set(answer["codes"]) <= {"200", "202"}, answer["codes"]
    count = sum(answer["codes"].values())
    return Rate(count / answer["seconds"], count / (server.cpu_seconds - spent))


def polling(folder: Path, load: Child) -> None:
    """Polls of open and of finished requests, with few and many stored; the rounds alternate."""
    folder.mkdir()
    for count in STORED:
        (folder / str(count)).mkdir()
    stored = [asyncio.run(store(folder / str(count), count)) for count in STORED]
    opened: list[Rates] = [[] for _ in STORED]
    read: list[Rates] = [[] for _ in STORED]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(folder / str(count), MANY_SECONDS)) for count in STORED
        ]
        submit = {"do": "submit", "seconds": 30, "at_most": OPEN, "callers": CALLERS}
        waiting = [load.ask({**submit, "port": server.port})["ids"] for server in servers]
        assert {len(ids) for ids in waiting} == {OPEN}
        for _ in range(ROUNDS):
            for number, server in enumerate(servers):
                opened[number].append(polls(load, server, waiting[number]))
                read[number].append(polls(load, server, stored[number][-1000:]))
    print_polls([middle(rates) for rates in opened], [middle(rates) for rates in read])


def print_polls(opened: list[Rate], read: list[Rate]) -> None:
    """Print the medians of the rounds."""
    rows = [
        [f"of {OPEN:,} open requests, {count:,} stored", *rate.cells]
        for count, rate in zip(STORED, opened, strict=True)
    ]
    rows += [
        [f"of {min(count, 1000):,} finished requests, {count:,} stored", *rate.cells]
        for count, rate in zip(STORED, read, strict=True)
    ]
    print(table(["status polls", "by the clock", "by the worker's processor time"], rows))
    ratio = opened[0].by_processor / opened[-1].by_processor
    print(
        (
            f"\nOpen requests: target ≥ 5,000/s; {STORED[0]} stored / {STORED[-1]:,} stored, by "
            "processor time: "
        ),
        end="",
    )
    print(f"{ratio:.2f} (target ≤ 1.2).")
    ratio = read[1].by_processor / read[-1].by_processor
    print(
        "Finished requests are answered from memory once they were asked for, as far as they fit: ",
        end="",
    )
    print(f"{STORED[1]:,} stored / {STORED[-1]:,} stored: {ratio:.2f}.\n")


def submitting(folder: Path, load: Child) -> None:
    """Submissions that are on disk when they are answered."""
    folder.mkdir()
    rows = []
    with running(folder, MANY_SECONDS) as server:
        for what in ("into an empty queue", f"behind {OPEN:,}"):
            spent = server.cpu_seconds
            order = {
                "do": "submit",
                "port": server.port,
                "seconds": 20,
                "at_most": OPEN,
                "callers": CALLERS,
            }
            answer = load.ask(order)
            count = len(answer["ids"])
            rate = Rate(count / answer["seconds"], count / (server.cpu_seconds - spent))
            rows.append([f"{count:,} {what}", *rate.cells])
    print(table(["durable submissions", "by the clock", "by the worker's processor time"], rows))
    print("\nTarget ≥ 300/s.\n")


def watching(folder: Path, load: Child) -> None:
    """From the end of a step in the engine's thread to the event at each of many watchers."""
    folder.mkdir()
    server = Server(folder, 1.0)
    ids = load.ask({"do": "submit", "port": server.port, "seconds": 5, "at_most": 1, "callers": 1})[
        "ids"
    ]
    first = {"do": "watch", "port": server.port, "request_id": ids[0]}
    load.ask({**first, "count": 1})  # what the first stream sets up is not the cost of each
    before = server.resident_bytes
    begun = load.ask({**first, "count": WATCHERS - 1})
    after = server.resident_bytes
    spent = server.cpu_seconds
    arrived = load.ask({"do": "events", "steps": STEPS + 1, "since": begun["at"]})["arrived"]
    spent = server.cpu_seconds - spent
    load.ask({"do": "leave"})
    ended = {line["step"]: line["at"] for line in server.close() if "step" in line}
    late = [
        (at - ended[int(step)]) * 1000
        for steps in arrived
        for step, at in steps.items()
        if ended[int(step)] > begun["at"]
    ]
    p99 = statistics.quantiles(late, n=100)[98]
    spread = [f"{statistics.median(late):.1f} ms", f"{p99:.1f} ms", f"{max(late):.1f} ms"]
    print(
        table(
            [f"{WATCHERS} watchers of one request", "median", "p99", "most"],
            [["step → event", *spread]],
        )
    )
    print(
        (
            f"\n{len(late):,} events, {spent / len(late) * 1e6:.0f} µs of the worker's processor "
            "each. "
        ),
        end="",
    )
    print("Target p99 < 100 ms.\n")
    per_watcher = (after - before) / (WATCHERS - 1) / 1024
    print(table(["memory", ""], [["per open watcher", f"{per_watcher:.1f} KiB"]]))


def main() -> None:
    """All of it."""
    print(machine())
    print(f"\nLoad of the machine at the start: {os.getloadavg()[0]:.1f}\n")
    load = Child("queue_server_parts.load", "1")
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            polling(folder / "polling", load)
            submitting(folder / "submitting", load)
            watching(folder / "watching", load)
    finally:
        load.close()
    print(f"\nLoad of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
