"""How long `flipbook run` takes to be ready, and how much memory it uses: idle, and per 1,000 jobs
under way.

The jobs wait: their backend is an address where nothing listens. Memory is the resident set of the
bot's process, and of its embedded worker beside it.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from report import machine, table
from submit import OPEN, REQUEST, member, service_on

from bot.key_files import own_secret_key
from db.encryption import FernetCipher
from db.store import SqlStore
from generation.service import SubmitContext

JOBS = 1000
MEBIBYTE = 1024**2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(
    folder: Path, port: int, page: str = "readyz", **environment: str
) -> tuple[subprocess.Popen[bytes], float]:
    """`flipbook run` once that page is well, and the seconds that took."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--engine", "preview", "--data-dir", str(folder)],
        env={**os.environ, "FLIPBOOK_WEB_PORT": str(port), **environment},
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=1):
                return process, time.perf_counter() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)


def stop(process: subprocess.Popen[bytes]) -> float:
    began = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    return time.perf_counter() - began


def resident(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def worker_of(folder: Path) -> int:
    while not (folder / "worker/endpoint.json").exists():
        time.sleep(0.05)
    return int(json.loads((folder / "worker/endpoint.json").read_bytes())["pid"])


async def fill(folder: Path) -> None:
    store = await SqlStore.open(
        f"sqlite:///{folder / 'flipbook.db'}", FernetCipher(own_secret_key(folder))
    )
    service = service_on(store, OPEN)
    for number in range(JOBS):
        channel, user = member(number)
        await service.submit(REQUEST, SubmitContext(f"open:{number}", user, channel))
    await store.close()


def idle() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process, ready = started(folder, free_port())
        worker = worker_of(folder)
        time.sleep(3)
        bot_memory, worker_memory = resident(process.pid), resident(worker)
        stopped = stop(process)
    return [
        f"{ready:.2f} s",
        f"{bot_memory / MEBIBYTE:.0f} MiB",
        f"{worker_memory / MEBIBYTE:.0f} MiB",
        f"{stopped:.2f} s",
    ]


def per_thousand() -> str:
    away = {
        "FLIPBOOK_WORKER_URL": f"http://127.0.0.1:{free_port()}",
        "FLIPBOOK_JOBS_IN_FLIGHT": str(JOBS),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # never ready: nothing takes its clips
        process, _ = started(folder, free_port(), "healthz", **away)
        time.sleep(2)
        before = resident(process.pid)
        asyncio.run(fill(folder))
        time.sleep(10)
        after = resident(process.pid)
        stop(process)
    return f"{(after - before) / MEBIBYTE:.1f} MiB"


def main() -> None:
    print(machine())
    row = [*idle(), per_thousand()]
    head = [
        "start to ready",
        "bot, idle",
        "worker, idle",
        "SIGTERM to gone",
        f"bot, per {JOBS:,} jobs under way",
    ]
    print(table(head, [row]))


if __name__ == "__main__":
    main()
