"""Starts our own worker as a child process and keeps one running: nothing else to install.

The child tells its address in a ready line, holds a lock on its data folder and leaves when its standard input closes,
so that it cannot outlive us. Where another Flipbook's worker already holds the folder, that one is used instead.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog

from generation.ports import Clock

LOCKED: Final = 75
"""The child's exit code when another worker holds the data folder (``EX_TEMPFAIL``)."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_STEADY_SECONDS: Final = 600.0
"""A child that lived so long was well; the next pause is short again."""
_MANY: Final = 8
_LEAVE_SECONDS: Final = 5.0
"""A little longer than the child takes at most."""


class WorkerCannotStart(Exception):
    """The child ended before it was ever ready; it has said why on standard error."""


class EmbeddedWorker:
    """One worker child, started again whenever it ends; ``moved`` hears of each new address."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        data_dir: Path,
        *,
        clock: Clock,
        moved: Callable[[str], None],
    ) -> None:
        self._command = tuple(command)
        self._environment = dict(environment)
        self._data_dir = data_dir
        self._clock = clock
        self._moved = moved
        self._ready = asyncio.Event()
        self._ended_early = asyncio.Event()
        self._log = structlog.get_logger("flipbook.supervisor")
        self._pause = _FIRST_PAUSE
        self._deaths = 0
        self._port = 0
        self.engine = ""
        """What the worker renders with; empty until it has said so."""

    @property
    def state(self) -> str:
        """One word for health pages."""
        return "ready" if self._ready.is_set() else "starting"

    async def ready(self) -> None:
        """Return once a worker has told its address. Raises WorkerCannotStart when it ends before that."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._ready, self._ended_early)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._ready.is_set():
            raise WorkerCannotStart("The worker on this machine cannot start; the lines above say why.")

    async def run(self) -> None:
        """Keep a worker running until cancelled; then end it."""
        while True:
            began = self._clock.now()
            code = await self._run_once_safely()
            self._count((self._clock.now() - began).total_seconds())
            was_ready = self._ready.is_set()
            self._ready.clear()
            if code == LOCKED:
                await self._use_other()
            else:
                self._log.warning("worker ended", code=code, restart_in=self._pause)
                if self._deaths >= _MANY:
                    self._log.error("the worker ends again and again; its own lines say why", times=self._deaths)
                self._port = self._port if was_ready else 0  # a port that somebody else has taken is ruled out
                if not was_ready:
                    self._ended_early.set()
            await self._clock.sleep(self._pause)
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)

    def _count(self, lived: float) -> None:
        """A worker that is ready and dies at once is as much of a storm as one that never gets ready."""
        self._deaths += 1
        if lived >= _STEADY_SECONDS:
            self._deaths, self._pause = 1, _FIRST_PAUSE

    async def _run_once_safely(self) -> int | None:
        """The exit code, or None where the system could not even start the child."""
        try:
            return await self._run_once()
        except OSError as error:
            self._log.error("worker cannot be started", error=str(error))
            return None

    async def _run_once(self) -> int:
        child = await asyncio.create_subprocess_exec(
            *self._command,
            "--port",
            str(self._port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
        )
        try:
            await self._listen(child)
            return await child.wait()
        finally:
            await self._end(child)

    async def _listen(self, child: asyncio.subprocess.Process) -> None:
        """Read the child's lines to their end, so that its pipe never fills; one of them is the ready line."""
        assert child.stdout is not None  # noqa: S101 - asked for above
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:
                continue  # longer than any ready line; it is thrown away
            if not line:
                return
            if (url := self._url_in(line)) is not None:
                self._tell(url)

    def _url_in(self, line: bytes) -> str | None:
        try:
            said = json.loads(line)
            if said["ready"] is not True:
                return None
            self.engine = str(said.get("engine", ""))
            return str(said["url"])
        except (ValueError, TypeError, KeyError):
            return None

    def _tell(self, url: str) -> None:
        self._log.info("worker ready", url=url, engine=self.engine)
        self._port = urlsplit(url).port or 0  # kept when it starts again, so that nobody has to look for it
        self._moved(url)
        self._ready.set()

    async def _use_other(self) -> None:
        """Another worker holds the folder: its address stands in a file beside its lock."""
        try:
            said = await asyncio.to_thread((self._data_dir / "endpoint.json").read_bytes)
        except OSError:
            return
        if (url := self._url_in(said)) is not None:
            self._tell(url)

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        if child.returncode is not None:
            return
        if child.stdin is not None:
            child.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await asyncio.shield(child.wait())
        except TimeoutError:
            child.kill()
            await asyncio.shield(child.wait())
