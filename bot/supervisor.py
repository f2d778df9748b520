"""Starts the embedded worker as a child process and keeps one running.

The child prints its address in a ready line, locks its data folder and exits when its standard
input closes, so that it cannot outlive its parent. Where the worker of another Flipbook has locked
the folder, that one is used instead.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog

from bot.folders import running_worker
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock

LOCKED: Final = 75
"""The child's exit code when another worker holds the data folder (``EX_TEMPFAIL``)."""
_BACKOFF: Final = Backoff(first=0.5, longest=30.0)
_STEADY_SECONDS: Final = 600.0
"""Seconds. A child that ran this long was healthy; the next pause is short again."""
_MANY_EXITS: Final = 8
_LOOK_SECONDS: Final = 1.0
"""Between two looks whether another Flipbook's worker is still there."""
_LOOKS_FOR_RETURN: Final = 10
"""Looks after it has gone: its own supervisor starts it again, and would give up for good where
this process had taken the folder meanwhile."""
_STOP_SECONDS: Final = 5.0
"""A little longer than the child takes at most."""


class WorkerCannotStart(Exception):
    """The child ended before it was ready; its own lines on standard error say why."""


class WorkerMoves(Protocol):
    """Is told where the worker is."""

    def move_to(self, url: str) -> None:
        """It is ready at this address."""

    def ended(self, *, starts_again: bool) -> None:
        """It has ended, and is started again; False where its starts have failed too often to
        expect that it helps."""


class EmbeddedWorker:
    """A worker in a child process, restarted when it ends; ``backend`` is told of each move."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        data_dir: Path,
        *,
        clock: Clock,
        backend: WorkerMoves,
    ) -> None:
        self._command = tuple(command)
        self._environment = dict(environment)
        self._data_dir = data_dir
        self._clock = clock
        self._backend = backend
        self._ready = asyncio.Event()
        self._ended_early = asyncio.Event()
        self._log = structlog.get_logger("flipbook.supervisor")
        self._exits = 0
        self._exit_code: int | None = None
        self._port = 0
        self.engine = ""
        """What the worker renders with; empty until its first ready line."""

    @property
    def is_ready(self) -> bool:
        """Whether it takes clips at its address."""
        return self._ready.is_set()

    @property
    def state(self) -> str:
        """For health pages: ``ready``, ``starting``, or why it is started again."""
        if self._ready.is_set():
            return f"ready ({self.engine})" if self.engine else "ready"
        if self._exits == 0:
            return "starting"
        if self._exits >= _MANY_EXITS:
            return f"ends again and again ({self._last_end}); its own log lines say why"
        return f"starting again ({self._last_end})"

    @property
    def _last_end(self) -> str:
        match self._exit_code:
            case None:
                return "the system could not start it"
            case code if code == LOCKED:
                return "another worker has its folder"
            case code:
                return f"it ended with code {code}"

    async def ready(self) -> None:
        """Return once a worker's address is known. Raises WorkerCannotStart when it ends before
        that."""
        # whichever comes first; the task that still waits is cancelled
        waiting = [asyncio.create_task(event.wait()) for event in (self._ready, self._ended_early)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not self._ready.is_set():
            raise WorkerCannotStart(
                "The worker on this machine cannot start; the lines above say why."
            )

    async def run(self) -> None:
        """Keep a worker running until cancelled; then stop it."""
        while True:
            await self._use_others()
            began = self._clock.now()
            code = await self._run_once_safely()
            self._count_exit((self._clock.now() - began).total_seconds())
            pause = _BACKOFF.before(self._exits)
            if code != LOCKED:
                self._note_exit(code, pause, was_ready=self._ready.is_set())
            self._exit_code = code
            self._note_gone()
            await self._clock.sleep(pause)

    async def _use_others(self) -> None:
        """Use another Flipbook's worker for as long as it is there, without starting one."""
        looks = 1
        while looks:
            if running := await asyncio.to_thread(running_worker, self._data_dir):
                looks, self._exits, self.engine = _LOOKS_FOR_RETURN, 0, running.engine
                if not self._ready.is_set():
                    self._log.info("using a running worker", url=running.url, engine=self.engine)
                self._use_address(running.url)
            else:
                looks -= 1
                if self._ready.is_set():
                    self._log.warning("the running worker is gone")
                    self._note_gone()
            if looks:
                await self._clock.sleep(_LOOK_SECONDS)

    def _note_gone(self) -> None:
        self._ready.clear()
        self._backend.ended(starts_again=self._exits < _MANY_EXITS)

    def _count_exit(self, lived_seconds: float) -> None:
        # being ready does not reset the count: a worker that is ready and ends at once would
        # otherwise be restarted twice a second without end
        self._exits = 1 if lived_seconds >= _STEADY_SECONDS else self._exits + 1

    def _note_exit(self, code: int | None, pause: float, *, was_ready: bool) -> None:
        self._log.warning("worker ended", code=code, restart_in=pause)
        if self._exits >= _MANY_EXITS:
            self._log.error(
                "the worker keeps stopping; its own log lines say why", times=self._exits
            )
        if not was_ready:
            self._port = 0  # another process may have taken the port: any free one next time
            self._ended_early.set()

    async def _run_once_safely(self) -> int | None:
        """The exit code, or None where the system could not start the child."""
        try:
            return await self._run_once()
        except OSError as error:  # no memory or no more processes: tried again later
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
            start_new_session=True,  # a Ctrl-C at the terminal reaches only the parent
        )
        try:
            await self._read_output(child)
            return await child.wait()
        finally:
            await self._stop(child)

    async def _read_output(self, child: asyncio.subprocess.Process) -> None:
        """Read the child's lines to their end, so that its pipe never fills; one of them is the
        ready line."""
        assert child.stdout is not None  # noqa: S101 - asked for above
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:
                continue  # longer than any ready line: dropped
            if not line:
                return
            if (url := self._url_in(line)) is not None:
                self._use_address(url)

    def _url_in(self, line: bytes) -> str | None:
        try:
            facts = json.loads(line)
            if facts["ready"] is not True:  # the child may print other JSON lines
                return None
            self.engine = str(facts.get("engine", ""))
            return str(facts["url"])
        except (ValueError, TypeError, KeyError):
            return None

    def _use_address(self, url: str) -> None:
        # a restart keeps the port, so that requests under way find the worker again
        self._port = urlsplit(url).port or 0
        self._backend.move_to(url)
        self._ready.set()

    async def _stop(self, child: asyncio.subprocess.Process) -> None:
        if child.returncode is not None:
            return
        if child.stdin is not None:
            child.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.shield(child.wait())
        except TimeoutError:  # stuck in a step on the GPU, or in a file system
            child.kill()
            await asyncio.shield(child.wait())
