"""The render loop: gives the engine the next requests, and turns what it renders into finished
ones."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
import structlog

from generation.protocol.clock import Clock
from generation.protocol.errors import StorageFull, StoreError
from worker.engine import Engine, Frames
from worker.records import Outcome, StoredClip
from worker.render.clip_files import ClipFiles
from worker.render.clip_storage import ClipStorage
from worker.render.engine_thread import (
    EngineBroken,
    EngineEvent,
    EngineLoaded,
    EngineThread,
    InputFrames,
    RenderDropped,
    RenderFailed,
    RenderFinished,
    RenderStepped,
    no_inputs,
)
from worker.render.previews import animated_webp
from worker.render.progress_line import progress_line
from worker.render.watchdog import Watchdog
from worker.scheduling import failures
from worker.scheduling.durations import RenderDurations
from worker.scheduling.live_request import LiveRequest, RenderPace
from worker.scheduling.registry import RequestRegistry

log = structlog.get_logger("flipbook.worker.render")

ENCODINGS_AHEAD: Final = 2
"""How many more clips than the engine's ``max_active`` may wait to be encoded and saved before no
new render begins."""
RETRY_SECONDS: Final = 1.0
"""How long to wait before a write that failed is tried again."""

RenderResult = Frames | Exception | None
"""How a render ended: its frames, its error, or None when it was dropped."""


class RenderLoop:
    """Renders the registry's requests on one engine, until it is cancelled or the engine breaks.

    ``wake`` is set by the registry and by the engine's thread when there may be work.
    ``previews``: whether clips can be seen while they render.
    """

    def __init__(
        self,
        engine: Engine,
        registry: RequestRegistry,
        storage: ClipStorage,
        *,
        wake: asyncio.Event,
        clock: Clock,
        previews: bool = False,
        durations: RenderDurations | None = None,
        watchdog: Watchdog | None = None,
        inputs: InputFrames = no_inputs,
    ) -> None:
        self.loaded = asyncio.Event()
        self._engine = engine
        self._registry = registry
        self._files = ClipFiles(storage, engine)
        self._runs = False
        self._wake = wake
        self._clock = clock
        self._previews = previews
        self._watchdog = watchdog
        self._inputs = inputs
        self._durations = durations
        self._events: deque[EngineEvent] = deque()
        self._rendering: dict[str, LiveRequest] = {}
        self._dropping: set[str] = set()
        self._completing = 0
        self._broken: Exception | None = None
        self._thread: EngineThread | None = None

    async def run(self) -> None:
        """Work until cancelled. Raises what broke the engine: EngineUnavailable, DeviceLost or any
        other error."""
        emit = _threadsafe(self._receive, asyncio.get_running_loop())
        thread = EngineThread(
            self._engine,
            emit,
            previews=self._previews,
            watchdog=self._watchdog,
            inputs=self._inputs,
        )
        # kept after the run, for wait_for_engine
        self._thread = thread
        thread.start()
        self._runs = True
        self._registry.start_at_once_when(self._has_capacity)
        try:
            async with asyncio.TaskGroup() as group:
                while self._broken is None:
                    await self._wait_for_work()
                    self._handle_events(group)
                    self._begin_submitted(thread, group)
                    # after those: one of them may have been cancelled before it was seen here
                    self._drop_cancelled(thread)
                    await self._fail_overdue()
                    await self._start_renders(thread, group)
        finally:
            self._runs = False
            thread.stop()
            if self._durations is not None and self._durations.has_news:
                self._save_durations(self._durations)
        raise self._broken

    async def wait_for_engine(self, seconds: float) -> bool:
        """After the end of :meth:`run`, wait for the current step; False when it takes longer than
        that."""
        return self._thread is None or await asyncio.to_thread(self._thread.join, seconds)

    async def requeue_all(self) -> None:
        """Return all active requests to the queue, for the next worker; the attempt does not
        count."""
        for live in self._registry.active:
            try:
                await self._registry.requeue(live)
            except (StoreError, StorageFull) as error:
                log.warning(
                    "not requeued; this counts as an attempt",
                    request_id=live.request.id,
                    reason=str(error),
                )

    def _receive(self, event: EngineEvent) -> None:
        # most events are steps without a preview: they need no task, and nothing else to be looked
        # at
        if not self._events and isinstance(event, RenderStepped) and event.preview is None:
            self._note_step(self._rendering[event.request_id], event)
            return
        self._events.append(event)
        self._wake.set()

    async def _wait_for_work(self) -> None:
        """Until there may be work, or a request has waited too long."""
        deadline = self._registry.queue.next_deadline()
        seconds = None
        if deadline is not None:
            seconds = max(0.0, (deadline - self._clock.now()).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _handle_events(self, group: asyncio.TaskGroup) -> None:
        """Handle what the engine's thread has emitted since the last time."""
        while self._events:
            match self._events.popleft():
                case EngineLoaded():
                    self.loaded.set()
                case RenderStepped(request_id) as stepped:
                    self._note_step(self._rendering[request_id], stepped)
                    self._offer_previews(group, stepped)
                case RenderFinished(request_id, frames):
                    self._end_render(group, request_id, frames)
                case RenderFailed(request_id, error):
                    self._end_render(group, request_id, error)
                case RenderDropped(request_id):
                    self._end_render(group, request_id, None)
                case EngineBroken(error):
                    self._broken = error

    def _note_step(self, live: LiveRequest, stepped: RenderStepped) -> None:
        self._note_pace(live, stepped)
        line = progress_line(stepped.done, stepped.total, stepped.seconds)
        self._registry.add_log(
            live, line, level="STDERR", step=str(stepped.done), steps=str(stepped.total)
        )

    def _offer_previews(self, group: asyncio.TaskGroup, stepped: RenderStepped) -> None:
        if stepped.preview is not None:
            live = self._rendering[stepped.request_id]
            group.create_task(
                self._offer_preview(live, stepped.done, stepped.preview),
                name=f"preview {stepped.request_id}",
            )

    def _note_pace(self, live: LiveRequest, stepped: RenderStepped) -> None:
        before = live.pace.others * live.pace.done if live.pace is not None else 0.0
        new_steps = stepped.done - (live.pace.done if live.pace is not None else 0)
        others = (before + (len(self._rendering) - 1) * new_steps) / max(1, stepped.done)
        live.pace = RenderPace(
            stepped.done, stepped.total, stepped.seconds, others, self._clock.now()
        )

    async def _offer_preview(self, live: LiveRequest, step: int, frames: Frames) -> None:
        fps = live.request.input.fps if live.request.input is not None else 1
        try:
            picture = await asyncio.to_thread(animated_webp, frames, fps)
        except Exception:
            # the clip does not depend on its previews
            log.exception("preview not made", request_id=live.request.id)
        else:
            self._registry.set_preview(live, step, picture)

    def _end_render(self, group: asyncio.TaskGroup, request_id: str, result: RenderResult) -> None:
        live = self._rendering.pop(request_id)
        if isinstance(result, np.ndarray):
            self._learn(live)
        self._dropping.discard(request_id)
        self._completing += 1
        group.create_task(self._complete(live, result), name=f"completing {request_id}")

    def _learn(self, live: LiveRequest) -> None:
        """Add a measurement: how long the clip took, and how many shared the engine with it."""
        generation, pace = live.request.input, live.pace
        if self._durations is not None and generation is not None and pace is not None:
            self._durations.learn(generation, pace.seconds, others=pace.others)

    def _drop_cancelled(self, thread: EngineThread) -> None:
        """Drop the renders whose callers have cancelled them, or will never know of them."""
        for request_id, live in self._rendering.items():
            # one drop command is enough; the request stays until the engine confirms
            if live.is_unwanted and request_id not in self._dropping:
                self._dropping.add(request_id)
                thread.drop(request_id)

    async def _fail_overdue(self) -> None:
        for live in self._registry.queue.overdue():
            try:
                await self._registry.finish(live, failures.started_too_late())
            except (StoreError, StorageFull) as error:
                await self._pause_after(error, live)
                return

    def _begin_submitted(self, thread: EngineThread, group: asyncio.TaskGroup) -> None:
        """Begin the renders of requests that have started with their submission."""
        for live in self._registry.begun():
            self._begin(live, thread, group)

    async def _start_renders(self, thread: EngineThread, group: asyncio.TaskGroup) -> None:
        while self._has_capacity():
            live = self._registry.next_request()
            if live is None:
                return
            try:
                started = await self._registry.start(live)
            except (StoreError, StorageFull) as error:
                await self._pause_after(error, live)
                return
            # it may have been cancelled while the start was being stored
            if started:
                self._begin(live, thread, group)

    def _begin(self, live: LiveRequest, thread: EngineThread, group: asyncio.TaskGroup) -> None:
        assert live.request.input is not None  # noqa: S101 -- others end before they wait
        live.pace = None
        self._rendering[live.request.id] = live
        thread.begin(live.request.id, live.request.input)
        self._files.expect(live.request.id, group)

    def _has_capacity(self) -> bool:
        if not (self._runs and self.loaded.is_set()) or self._broken is not None:
            return False
        slots = self._engine.max_active
        # frames wait in memory until they are encoded: the engine must not run far ahead
        rendering = len(self._rendering) + self._registry.starting
        return rendering < slots and self._completing < slots + ENCODINGS_AHEAD

    async def _complete(self, live: LiveRequest, result: RenderResult) -> None:
        """From the end of a render to the end of its request."""
        try:
            await self._save_outcome(live, await self._outcome_of(live, result))
        finally:
            self._completing -= 1
            self._wake.set()
        # last, because nobody waits for these
        await self._files.drop(live.request.id)
        if self._durations is not None and self._durations.is_due(self._clock.now()):
            await asyncio.to_thread(self._save_durations, self._durations)

    async def _outcome_of(self, live: LiveRequest, result: RenderResult) -> Outcome:
        generation = live.request.input
        # a cancel that came during the last step counts: the caller was promised it
        if result is None or generation is None or live.is_unwanted:
            return failures.cancelled()
        if isinstance(result, Exception):
            log.warning("render failed", request_id=live.request.id, error=type(result).__name__)
            return failures.of_engine(result)
        try:
            return await self._files.make(live.request.id, result, generation)
        except StorageFull as error:
            log.warning("clip not kept", request_id=live.request.id, reason=str(error))
            return failures.disk_full()
        except Exception as error:
            log.exception("clip not made", request_id=live.request.id)
            return failures.of_engine(error)

    @staticmethod
    def _save_durations(durations: RenderDurations) -> None:
        try:
            durations.save()
        except OSError as error:
            log.warning("durations not saved for the next start", reason=str(error))

    async def _save_outcome(self, live: LiveRequest, outcome: Outcome) -> None:
        """Finish the request, trying again while the disk fails: a rendered clip is not thrown
        away."""
        while True:
            try:
                if not await self._registry.finish(live, outcome) and isinstance(
                    outcome, StoredClip
                ):
                    # the request had ended before
                    await self._files.remove(outcome)
            except (StoreError, StorageFull) as error:
                await self._pause_after(error, live)
            else:
                return

    async def _pause_after(self, error: Exception, live: LiveRequest) -> None:
        """The disk failed: wait before the write is tried again."""
        log.warning("cannot write", request_id=live.request.id, reason=str(error))
        await asyncio.sleep(RETRY_SECONDS)
        self._wake.set()


def _threadsafe(
    receive: Callable[[EngineEvent], None], loop: asyncio.AbstractEventLoop
) -> Callable[[EngineEvent], None]:
    """``receive`` for the engine's thread: it is called soon, on the event loop."""

    def emit(event: EngineEvent) -> None:
        # after the loop's end the engine may still finish its step
        if not loop.is_closed():
            loop.call_soon_threadsafe(receive, event)

    return emit
