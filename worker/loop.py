"""The worker's loop: keeps the engine busy with whose turn it is, and turns what it renders into finished requests."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final

import numpy as np
import structlog

from generation.errors import StorageFull, StoreError
from generation.mp4 import encode
from generation.request import GenerationRequest
from worker import failures
from worker.engine import Engine, Frames
from worker.engine_thread import Broken, Dropped, EngineEvent, EngineThread, Failed, Loaded, Rendered, Stepped
from worker.expectations import Expectations
from worker.looks import moving_picture
from worker.maker import maker_of
from worker.progress_line import progress_line
from worker.records import Clip, Ending
from worker.requests import Book
from worker.storage import ClipStorage
from worker.waiting import LiveRequest
from worker.watchdog import Watchdog

log = structlog.get_logger()

ENCODINGS_AHEAD: Final = 2
"""How many clips more than the engine has places may wait for encoding and saving before nothing new begins."""
RETRY_SECONDS: Final = 1.0
"""How long to wait before writing again what the disk refused."""


class Loop:
    """Renders what the book holds on one engine, until it is cancelled or the engine breaks.

    ``wake`` is set by the book, and by the engine's thread, when there is something to do. ``looks``: whether clips can
    be seen while they appear.
    """

    def __init__(
        self,
        engine: Engine,
        book: Book,
        storage: ClipStorage,
        *,
        wake: asyncio.Event,
        clock: Callable[[], datetime],
        looks: bool = False,
        expectations: Expectations | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.loaded = asyncio.Event()
        self._engine = engine
        self._book = book
        self._storage = storage
        self._wake = wake
        self._clock = clock
        self._looks = looks
        self._watchdog = watchdog
        self._expectations = expectations
        self._seconds: dict[str, float] = {}
        self._accompanied: set[str] = set()
        self._events: deque[EngineEvent] = deque()
        self._rendering: dict[str, LiveRequest] = {}
        self._dropping: set[str] = set()
        self._ending = 0
        self._broken: Exception | None = None
        self._thread: EngineThread | None = None

    async def run(self) -> None:
        """Work until cancelled. Raises EngineUnavailable, DeviceLost or whatever else broke the engine."""
        emit = _threadsafe(self._tell, asyncio.get_running_loop())
        thread = EngineThread(self._engine, emit, looks=self._looks, watchdog=self._watchdog)
        self._thread = thread
        thread.start()
        try:
            async with asyncio.TaskGroup() as endings:
                while self._broken is None:
                    await self._something_to_do()
                    self._hear(endings)
                    self._let_go(thread)
                    await self._end_late_ones()
                    await self._begin(thread)
        finally:
            thread.stop()
        raise self._broken

    async def engine_stopped(self, seconds: float) -> bool:
        """Wait, after the end of :meth:`run`, for the step under way; False when it takes longer than that."""
        return self._thread is None or await asyncio.to_thread(self._thread.join, seconds)

    async def put_everything_back(self) -> None:
        """What is being rendered will be rendered by the next worker, as if it had never begun here."""
        for live in self._book.active:
            try:
                await self._book.put_back(live)
            except (StoreError, StorageFull) as error:
                log.warning("not put back; counts as an attempt", request_id=live.request.id, reason=str(error))

    def _tell(self, event: EngineEvent) -> None:
        self._events.append(event)
        self._wake.set()

    async def _something_to_do(self) -> None:
        deadline = self._book.line.next_deadline()
        seconds = None if deadline is None else max(0.0, (deadline - self._clock()).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _hear(self, endings: asyncio.TaskGroup) -> None:
        """Take in what the engine's thread has told since the last time."""
        while self._events:
            match self._events.popleft():
                case Loaded():
                    self.loaded.set()
                case Stepped(request_id) as stepped:
                    self._note_step(self._rendering[request_id], stepped, endings)
                case Rendered(request_id, frames):
                    self._finish(endings, request_id, frames)
                case Failed(request_id, error):
                    self._finish(endings, request_id, error)
                case Dropped(request_id):
                    self._finish(endings, request_id, None)
                case Broken(error):
                    self._broken = error

    def _note_step(self, live: LiveRequest, stepped: Stepped, endings: asyncio.TaskGroup) -> None:
        self._seconds[live.request.id] = stepped.seconds
        line = progress_line(stepped.done, stepped.total, stepped.seconds)
        self._book.say(live, line, level="STDERR", step=str(stepped.done), steps=str(stepped.total))
        if stepped.look is not None:
            endings.create_task(self._show(live, stepped.done, stepped.look), name=f"showing {stepped.request_id}")

    async def _show(self, live: LiveRequest, step: int, look: Frames) -> None:
        """Offer a look; one that cannot be made is no reason to stop anything."""
        wish = live.request.input
        try:
            picture = await asyncio.to_thread(moving_picture, look, wish.fps if wish is not None else 1)
        except Exception:
            log.exception("look not made", request_id=live.request.id)
        else:
            self._book.show(live, step, picture)

    def _finish(self, endings: asyncio.TaskGroup, request_id: str, outcome: Frames | Exception | None) -> None:
        live = self._rendering.pop(request_id)
        seconds = self._seconds.pop(request_id, None)
        if isinstance(outcome, np.ndarray) and request_id not in self._accompanied:
            self._learn(live, seconds)
        self._accompanied.discard(request_id)
        self._dropping.discard(request_id)
        self._ending += 1
        endings.create_task(self._end(live, outcome), name=f"ending {request_id}")

    def _learn(self, live: LiveRequest, seconds: float | None) -> None:
        """What a clip takes that had the engine to itself."""
        if self._expectations is not None and live.request.input is not None and seconds is not None:
            self._expectations.learn(live.request.input, seconds)

    def _let_go(self, thread: EngineThread) -> None:
        """Drop the renders whose callers want them no more."""
        for request_id, live in self._rendering.items():
            if live.request.cancel_requested and request_id not in self._dropping:
                self._dropping.add(request_id)
                thread.drop(request_id)

    async def _end_late_ones(self) -> None:
        for live in self._book.line.late():
            try:
                await self._book.finish(live, failures.started_too_late())
            except (StoreError, StorageFull) as error:
                await self._wait_for_the_disk(live, error)
                return

    async def _begin(self, thread: EngineThread) -> None:
        while self._has_a_place():
            live = self._book.next_to_begin()
            if live is None or (wish := live.request.input) is None:
                return
            try:
                begun = await self._book.begin(live)
            except (StoreError, StorageFull) as error:
                await self._wait_for_the_disk(live, error)
                return
            if begun:
                self._rendering[live.request.id] = live
                if len(self._rendering) > 1:
                    self._accompanied |= self._rendering.keys()
                thread.begin(live.request.id, wish)

    def _has_a_place(self) -> bool:
        if not self.loaded.is_set() or self._broken is not None:
            return False
        places = self._engine.max_active
        return len(self._rendering) < places and self._ending < places + ENCODINGS_AHEAD

    async def _end(self, live: LiveRequest, outcome: Frames | Exception | None) -> None:
        """From what the engine made of it to the end of the request."""
        try:
            await self._settle(live, await self._ending_of(live, outcome))
        finally:
            self._ending -= 1
            self._wake.set()

    async def _ending_of(self, live: LiveRequest, outcome: Frames | Exception | None) -> Ending:
        wish = live.request.input
        if outcome is None or wish is None or live.request.cancel_requested:
            return failures.cancelled()
        if isinstance(outcome, Exception):
            log.warning("render failed", request_id=live.request.id, error=type(outcome).__name__)
            return failures.of_engine(outcome)
        try:
            return await asyncio.to_thread(self._make_clip, outcome, wish)
        except StorageFull as error:
            log.warning("clip not kept", request_id=live.request.id, reason=str(error))
            return failures.disk_full()
        except Exception as error:
            log.exception("clip not made", request_id=live.request.id)
            return failures.of_engine(error)

    def _make_clip(self, frames: Frames, wish: GenerationRequest) -> Clip:
        made_by = f"Made with Flipbook's {self._engine.name} engine from seed {wish.seed}"
        self._keep_expectations()
        video = encode(frames, wish.fps, metadata={"comment": made_by})
        return Clip(self._storage.keep(video), len(video), wish.seed, maker_of(self._engine))

    def _keep_expectations(self) -> None:
        try:
            if self._expectations is not None:
                self._expectations.save()
        except OSError as error:
            log.warning("what clips take is not kept for the next start", reason=str(error))

    async def _settle(self, live: LiveRequest, ending: Ending) -> None:
        """Write the end down, trying again for as long as the disk refuses: what was rendered is not thrown away."""
        while True:
            try:
                if await self._book.finish(live, ending) or not isinstance(ending, Clip):
                    return
                await asyncio.to_thread(self._storage.remove, [ending.file_name])
            except (StoreError, StorageFull) as error:
                await self._wait_for_the_disk(live, error)
            else:
                return

    async def _wait_for_the_disk(self, live: LiveRequest, error: Exception) -> None:
        log.warning("cannot write", request_id=live.request.id, reason=str(error))
        await asyncio.sleep(RETRY_SECONDS)
        self._wake.set()


def _threadsafe(tell: Callable[[EngineEvent], None], loop: asyncio.AbstractEventLoop) -> Callable[[EngineEvent], None]:
    """``tell`` for the engine's thread: it runs on the loop, soon."""

    def emit(event: EngineEvent) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, event)

    return emit
