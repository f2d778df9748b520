"""A bot in a process of its own that is killed and started again, and what must be true of its data afterwards."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from generation.domain.refs import ServerRef, UserRef
from generation.rules.ledger import user_scope
from generation.rules.pseudonyms import Pseudonyms

POINTS = (
    "after insert",
    "after SUBMITTING",
    "after POST, before save",
    "while QUEUED",
    "while RUNNING",
    "after COMPLETED, before download",
    "after SUCCEEDED, before delivery",
    "after delivery, before SENT",
)
"""Where a job may be when a process is killed, in the order of its life."""
BOT = Path(__file__).parent / "acceptance/crash/bot_under_test.py"
PATIENCE_SECONDS = 60.0
LEAVE_SECONDS = 15.0
Process = asyncio.subprocess.Process


class BotFolder:
    """A folder for bots that run one after the other, each with these variables beside the test's own."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._environment = {**os.environ, **(environment or {})}

    @property
    def log(self) -> str:
        """The log lines of all of them."""
        return (self.folder / "log").read_text()

    @asynccontextmanager
    async def bot(self, point: str, victim: str, *origin: str) -> AsyncIterator[Process]:
        """A bot that kills the victim at that point; stopped at the end if it still runs."""
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(BOT), str(self.folder), point, victim, *origin),
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                env=self._environment,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(LEAVE_SECONDS):
                await process.wait()

    def kill(self, victim: str, bot: Process) -> None:
        """Kill from outside."""
        if victim in {"worker", "both"}:
            os.kill(json.loads((self.folder / "data/worker/endpoint.json").read_bytes())["pid"], signal.SIGKILL)
        if victim in {"bot", "both"}:
            bot.kill()

    async def until_killed(self, bot: Process) -> None:
        """Until the bot has ended, by a kill and nothing else."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await bot.wait()
        assert bot.returncode == -signal.SIGKILL, self.log

    async def until_worker_is_ready(self, bot: Process) -> None:
        """Until there is an engine to be killed."""
        await self._until((self.folder / "data/worker/endpoint.json").exists, bot)

    async def until_delivered(self, bot: Process) -> None:
        """Until the only outcome has arrived and that is recorded."""
        await self._until(self._is_delivered, bot)

    async def until_one_engine(self, bot: Process) -> list[int]:
        """The engines, once there are any: a killed worker is started again, whether there is work or not."""
        await self._until(self.engines, bot)
        return self.engines()

    async def until_gone(self, engines: list[int]) -> None:
        """Until these workers have ended, as they do after their bot."""
        deadline = time.monotonic() + 10
        while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in engines):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)

    def engines(self) -> list[int]:
        """The processes that run an engine on this folder's data."""
        path = str((self.folder / "data/worker").absolute())
        return [p.pid for p in psutil.process_iter(["cmdline"]) if path in (p.info["cmdline"] or [])]

    def rows(self, database: str, query: str) -> list[tuple[object, ...]]:
        """The rows of a query in ``flipbook.db`` or ``worker/worker.db``."""
        with sqlite3.connect(f"file:{self.folder / 'data' / database}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()

    def assert_submitted_and_charged_once(self, server: ServerRef, user: UserRef) -> None:
        """One job, one submission, one charge in the ledger, to the member's pseudonym there."""
        key = (self.folder / "data" / "secret.key").read_text().strip()
        member = Pseudonyms(key).of(server, user)
        assert self.rows("flipbook.db", "SELECT status FROM jobs") == [("succeeded",)]
        assert self.rows("worker/worker.db", "SELECT count(*) FROM requests") == [(1,)]
        ledger = self.rows("flipbook.db", "SELECT kind, clips, amount FROM ledger ORDER BY rowid")
        totals = self.rows("flipbook.db", "SELECT scope, clips, amount FROM ledger_totals ORDER BY scope")
        assert ledger == [("reserve", 1, 0), ("settle", 0, 0)]
        assert totals == [("all", 1, 0), (str(server), 1, 0), (user_scope(server, member), 1, 0)]

    def _is_delivered(self) -> bool:
        try:
            return self.rows("flipbook.db", "SELECT status FROM deliveries") == [("sent",)]
        except sqlite3.OperationalError:
            return False

    async def _until(self, holds: Callable[[], object], bot: Process) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.log
            assert bot.returncode is None, self.log
            await asyncio.sleep(0.05)
