"""A bot in a process of its own, which answers orders about its measurements."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report import ENVIRONMENT, PYTHON

STOP_SECONDS = 20.0


@dataclass
class Child:
    """A bot's process. It answers every order, a JSON line, with one JSON line."""

    process: asyncio.subprocess.Process
    log: Path

    async def order(self, name: str) -> dict[str, Any]:
        """``mark`` begins a measurement, ``report`` returns what was measured since."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"order": name}).encode() + b"\n")
        # libraries print too: their lines are skipped
        while not (line := await self.process.stdout.readline()).startswith(b"{"):
            if not line:
                raise RuntimeError(f"the bot is gone: {self.log.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def stop(self) -> dict[str, Any]:
        """Send SIGTERM and wait; the exit code, and the number of log lines and errors."""
        self.process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            code = await self.process.wait()
        lines = self.log.read_text().splitlines()
        errors = [
            line
            for line in lines
            if '"level":"error"' in line.replace(" ", "") or "Traceback" in line
        ]
        return {"code": code, "lines": len(lines), "errors": errors}


@asynccontextmanager
async def child(module: str, folder: Path, **options: Any) -> AsyncIterator[Child]:
    """Start the bot of that module; killed at the end if it has not stopped."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    log = folder / "bot.log"  # a pipe would fill up and block the bot
    with log.open("wb") as lines:
        process = await asyncio.create_subprocess_exec(
            *(*PYTHON, module, json.dumps({"folder": str(folder), **options})),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=lines,
            cwd=folder,
            env=ENVIRONMENT,
        )
    try:
        yield Child(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
