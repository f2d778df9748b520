"""What the operator's pages cost with 10⁶ clips and 10⁴ open jobs, against those of an empty bot,
and what twenty live viewers cost against one.

Both bots run at once, each in a process of its own, and are asked in turn. Prints the median time
to the first byte of the queue and of the gallery (target: at most × 3 of the empty bot's), and the
processor time of the full bot while viewers look at its queue (target: 20 at most × 2 of one).
``--short`` tries it with few of everything.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from report import ENVIRONMENT, machine, quiet, table
from submit import REQUEST, add_finished, member, multiply

from adapters.web.dashboard.guard import ROOT
from bot.chats import Chats
from bot.composition import Role, open_app
from bot.dashboard import dashboard_of, login_link
from bot.health import Health
from bot.settings import load_settings
from bot.web import open_listener, web_app, web_server
from generation.domain.job import Job, JobStatus, new_job_id

PAGES = {
    "queue": "/",
    "gallery": "/gallery",
    "gallery, one server": f"/gallery?server={member(7)[0].server}",
    "gallery, hidden ones": "/gallery?hidden=only",
    "gallery, a rare word": "/gallery?words=unheard-of",
    "spend": "/spend",
    "servers": "/servers",
}
TOLD = ("queue", "gallery")
"""The pages of the target; the others are printed beside them."""
WRITTEN = 1000
"""Clips that the store writes; the others are copies of them by SQL."""


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    clips: int = 1_000_000
    open_jobs: int = 10_000
    rounds: int = 60
    seconds: float = 20.0
    viewers: int = 20


SHORT = Scale(clips=2_000, open_jobs=300, rounds=5, seconds=3.0)


async def serve(folder: Path, open_jobs: int) -> None:
    """A bot whose pages alone are served; prints a link that logs in, and ends with its input."""
    quiet()
    async with open_app(load_settings(data_dir=folder), Role("benchmark")) as app:
        for job in itertools.islice(_open_jobs(), open_jobs):
            app.schedule.line.job_moved(job)
        dashboard = dashboard_of(app, Health(app, Chats({})))
        assert dashboard is not None
        with closing(open_listener("127.0.0.1", 0)) as listener:
            server = web_server(web_app([], [dashboard.mount()], host="127.0.0.1", public_url=None))
            serving = asyncio.create_task(server.serve([listener]))
            port = listener.getsockname()[1]
            print(await login_link(app.ports.store, app.clock, port=port), flush=True)
            await asyncio.to_thread(sys.stdin.read)
            await dashboard.close()
            server.should_exit = True
            await serving


def _open_jobs() -> Iterator[Job]:
    now = datetime.now(UTC)
    for number in itertools.count():
        channel, user = member(number)
        at = now - timedelta(seconds=number % 3600)
        yield Job(new_job_id(at), REQUEST, user, channel, f"open:{number}", at, JobStatus.PENDING)


async def fill(folder: Path, clips: int) -> None:
    """A database with that many clips."""
    async with open_app(load_settings(data_dir=folder), Role("benchmark")) as app:
        await add_finished(app.ports.store, min(WRITTEN, clips))  # type: ignore[arg-type]
    if clips > WRITTEN:
        multiply(folder / "flipbook.db", clips)


class Bot:
    """A process that serves the pages, and a browser that is logged in there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._pid = process.pid
        link = process.stdout.readline().strip()
        self.base = link.partition("/dashboard")[0]
        self.http = httpx.Client(
            base_url=self.base, headers={"accept": "text/html", "origin": self.base}, timeout=60
        )
        code = link.partition("code=")[2]
        assert self.http.post(f"{ROOT}/login", data={"code": code}).status_code == 303

    def first_byte(self, path: str) -> float:
        """Milliseconds until the answer begins."""
        began = time.perf_counter()
        with self.http.stream("GET", ROOT + path) as answer:
            assert answer.status_code == 200
            next(answer.iter_raw(1))
            return (time.perf_counter() - began) * 1000

    def processor_seconds(self) -> float:
        """What the process has used so far (Linux)."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def while_viewed(self, viewers: int, seconds: float) -> float:
        """Processor seconds of the bot while that many look at the live queue."""
        return asyncio.run(self._while_viewed(viewers, seconds))

    async def _while_viewed(self, viewers: int, seconds: float) -> float:
        cookies = dict(self.http.cookies)
        async with httpx.AsyncClient(base_url=self.base, cookies=cookies, timeout=60) as http:
            looking = [asyncio.create_task(_look(http)) for _ in range(viewers)]
            await asyncio.sleep(2)  # until all have begun
            before = self.processor_seconds()
            await asyncio.sleep(seconds)
            used = self.processor_seconds() - before
            for task in looking:
                task.cancel()
            await asyncio.gather(*looking, return_exceptions=True)
        return used


async def _look(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", f"{ROOT}/queue/events") as answer:
        assert answer.status_code == 200
        async for _ in answer.aiter_raw():
            pass


@contextmanager
def running(folder: Path, open_jobs: int) -> Iterator[Bot]:
    """A bot in a process of its own."""
    command = [sys.executable, __file__, "--serve", str(folder), str(open_jobs)]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Bot(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def measure(empty: Bot, full: Bot, scale: Scale) -> None:
    """Ask both in turn, and print."""
    rows = []
    for name, path in PAGES.items():
        times = [(empty.first_byte(path), full.first_byte(path)) for _ in range(scale.rounds + 3)]
        first, second = (statistics.median(column) for column in zip(*times[3:], strict=True))
        target = "≤ 3" if name in TOLD else ""
        rows.append([name, f"{first:.1f}", f"{second:.1f}", f"{second / first:.2f}", target])
    print(table(["first byte, median", "empty, ms", "full, ms", "ratio", "target"], rows))
    one = full.while_viewed(1, scale.seconds)
    many = full.while_viewed(scale.viewers, scale.seconds)
    row = [f"{one:.2f}", f"{many:.2f}", f"{many / max(one, 0.01):.2f}", "≤ 2"]
    head = ["1 viewer, s", f"{scale.viewers} viewers, s", "ratio", "target"]
    print("\n" + table([f"processor time in {scale.seconds:.0f} s", *head], [["full bot", *row]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="few of everything")
    parser.add_argument("--serve", nargs=2, metavar=("FOLDER", "OPEN"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve(Path(asked.serve[0]), int(asked.serve[1])))
        return
    quiet()
    scale = SHORT if asked.short else Scale()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        asyncio.run(fill(full, scale.clips))
        asyncio.run(fill(empty, 0))
        bots = [
            stack.enter_context(running(path, count))
            for path, count in ((empty, 0), (full, scale.open_jobs))
        ]
        print(f"{machine()}; {scale.clips:,} clips, {scale.open_jobs:,} open jobs\n")
        measure(bots[0], bots[1], scale)


if __name__ == "__main__":
    main()
