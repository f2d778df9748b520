"""`flipbook run` as a process, as an operator starts it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
LEAVE_SECONDS = 10.0


@dataclass
class Run:
    """A running `flipbook run`, its data folder and where it listens."""

    process: asyncio.subprocess.Process
    environment: Mapping[str, str]
    folder: Path
    port: int

    @property
    def log(self) -> str:
        """Its log lines."""
        return (self.folder / "log").read_text()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until the condition holds, while it runs."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                assert self.process.returncode is None, self.log
                await asyncio.sleep(0.05)

    async def health(self) -> dict[str, Any]:
        """The content of its health page."""
        async with httpx.AsyncClient() as http:
            answer: dict[str, Any] = (await http.get(f"http://127.0.0.1:{self.port}/healthz")).json()
        return answer

    async def stops(self) -> int:
        """Send SIGTERM and wait; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LEAVE_SECONDS):
            return await self.process.wait()

    def remaining_processes(self) -> list[int]:
        """Processes that still use its data."""
        path = str(self.folder / "data")
        found = psutil.process_iter(["cmdline", "status"])
        return [p.pid for p in found if p.info["status"] != "zombie" and path in " ".join(p.info["cmdline"] or [])]


@asynccontextmanager
async def flipbook_run(folder: Path, *environments: Mapping[str, str], **more: str) -> AsyncIterator[Run]:
    """The process, with these variables beside the test's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FLIPBOOK_DATA_DIR": str(folder / "data"),
        "FLIPBOOK_WEB_PORT": str(port),
        "FLIPBOOK_ENGINE": "preview",
        "FLIPBOOK_LOG_FORMAT": "json",
        **{name: value for each in environments for name, value in each.items()},
        **more,
    }
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env=environment,
            stderr=log,
            stdin=asyncio.subprocess.DEVNULL,
        )
    try:
        yield Run(process, environment, folder, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
