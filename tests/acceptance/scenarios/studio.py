"""A real preview worker with room for one clip, and the bot that uses it; each can be restarted."""

import asyncio
import sqlite3
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from acceptance.scenarios.chat import Chat, Holds
from core import Core, Seeds
from generation.backends.client import QueueClient
from generation.backends.relocatable import RelocatableBackend
from worker.engines.preview import PreviewEngine
from workers import Worker, listening, open_worker

PATIENCE_SECONDS = 40.0
_POLL_SECONDS = 0.005
_PASSING_SECONDS = 0.25
"""While something is waited for, the platform's time passes fifty times as fast as ours."""


class MeasuredEngine(PreviewEngine):
    """The preview engine, one clip at a time: a step ends when the test allows it."""

    def __init__(self) -> None:
        super().__init__(step_seconds=1.0, sleep=self._wait)
        self._allowed = threading.Semaphore(0)
        self._free = threading.Event()

    @property
    def max_active(self) -> int:
        return 1

    def allow(self, steps: int) -> None:
        """Let that many more steps end."""
        for _ in range(steps):
            self._allowed.release()

    def run_free(self) -> None:
        """No step has to wait any more."""
        self._free.set()
        self._allowed.release()

    def _wait(self, _seconds: float) -> None:
        if not self._free.is_set():
            self._allowed.acquire(timeout=PATIENCE_SECONDS)


class Studio:
    """``async with Studio(chat, folder)``: worker and bot are running. With ``kill`` the bot never ends gracefully."""

    def __init__(self, chat: Chat, folder: Path, *, kill: bool = False, **options: Any) -> None:
        self.chat = chat
        self.engine = MeasuredEngine()
        self.bot: Any = None
        self._folder = self._bot_folder = folder
        self._options = {"kill": kill, "seeds": Seeds(), **options}
        self._bot_life = AsyncExitStack()
        self._worker_life = AsyncExitStack()
        self._worker: Worker | None = None
        self._worker_url = ""
        self._backend: RelocatableBackend | None = None

    async def __aenter__(self) -> Self:
        await self._start_worker()
        await self._start_bot()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._bot_life.aclose()
        finally:
            await self._worker_life.aclose()

    @property
    def core(self) -> Core:
        """The bot's core, as it is now."""
        core: Core = self.bot.core
        return core

    @property
    def bought(self) -> int:
        """How many requests the worker has ever been given."""
        with sqlite3.connect(f"file:{self._folder / 'worker' / 'worker.db'}?mode=ro", uri=True) as connection:
            (count,) = connection.execute("SELECT count(*) FROM requests").fetchone()
        return int(count)

    @property
    def is_told_to_stop(self) -> bool:
        """Whether the worker's engine has been told to stop all that it renders, or has already stopped."""
        assert self._worker is not None
        loop = self._worker.parts.render_loop
        # between two looks it may have been told and have stopped
        return loop._rendering.keys() <= loop._dropping

    async def database(self) -> bytes:
        """Every byte of the bot's database and its log, without what was deleted."""
        await self.core.store.remove_traces()
        return b"".join(path.read_bytes() for path in self._bot_folder.glob("flipbook.db*"))

    async def restart_bot(self) -> None:
        """Stop the bot and start it again in the same folder."""
        await self.stop_bot()
        await self._start_bot()

    async def stop_bot(self) -> None:
        """Stop the bot; the worker goes on."""
        await self._bot_life.aclose()

    async def start_bot_in(self, folder: Path) -> None:
        """Start a bot that was stopped, in another folder."""
        self._bot_folder = folder
        await self._start_bot()

    async def restart_worker(self) -> None:
        """The worker dies with whatever it was doing; the next one has its folder, and another address."""
        await self._worker_life.aclose()
        self.engine = MeasuredEngine()
        await self._start_worker()
        assert self._backend is not None
        self._backend.move_to(self._worker_url)

    async def moment(self) -> None:
        """Let bot and worker run for a moment, in which the platform's time passes quickly."""
        await asyncio.sleep(_POLL_SECONDS)
        self.chat.pass_time(_PASSING_SECONDS)

    async def until(self, holds: Holds) -> None:
        """Let time pass until ``holds()`` is true."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds():
                    await self.moment()
        except TimeoutError:
            seen = [self.chat.words(post) for post in self.chat.posts()]
            raise AssertionError(f"waited in vain; the channel shows {seen}") from None

    async def _start_bot(self) -> None:
        self._bot_life = AsyncExitStack()
        backend = await self._bot_life.enter_async_context(RelocatableBackend("worker", self._connect))
        backend.move_to(self._worker_url)
        self._backend = backend
        self.bot = await self._bot_life.enter_async_context(
            self.chat.running(self._bot_folder, backend=backend, **self._options)
        )

    async def _start_worker(self) -> None:
        self._worker_life = AsyncExitStack()
        self._worker = worker = await self._worker_life.enter_async_context(
            open_worker(self._folder / "worker", self.engine, clock=_ChatClock(self.chat))
        )
        self._worker_url = await self._worker_life.enter_async_context(listening(worker))

    def _connect(self, url: str) -> QueueClient:
        return QueueClient("worker", url, None, resubmits_safely=True, clock=_ChatClock(self.chat))


class _ChatClock:
    """The chat's time for the queue client, which never sleeps long."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def now(self) -> Any:
        return self._chat.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
