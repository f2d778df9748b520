"""The one thread that may touch the engine: takes commands, and emits an event for each step.

It never waits while it has something to render. Commands arrive between two steps; events go out
through ``emit``, which is called on this thread and must not block.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

from generation.protocol.request import GenerationRequest
from worker.engine import (
    DeviceLost,
    Engine,
    EngineRefusal,
    EngineUnavailable,
    Frames,
    HasIdleWork,
    Render,
    ShowsPreviews,
    StartsFromFrames,
)
from worker.render.previews import is_preview_step
from worker.render.watchdog import NoAlarm, Watchdog

IDLE_SECONDS: Final = 3.0
"""How long there must have been nothing to render before the engine does its idle work."""


InputFrames = Callable[[str], Frames]
"""From the name of a picture or video to its frames, on the engine's thread; raises OSError."""


def no_inputs(name: str) -> Frames:
    """For engines whose clips start from nothing."""
    raise FileNotFoundError(name)


@dataclass(frozen=True, slots=True)
class EngineLoaded:
    """The engine is ready for its first render."""


@dataclass(frozen=True, slots=True)
class RenderStepped:
    """A render has done ``done`` of ``total`` steps, ``seconds`` after its start; after some steps
    with preview frames."""

    request_id: str
    done: int
    total: int
    seconds: float
    preview: Frames | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RenderFinished:
    """A render is complete: its frames."""

    request_id: str
    frames: Frames


@dataclass(frozen=True, slots=True)
class RenderFailed:
    """A render cannot go on; the others do."""

    request_id: str
    error: Exception


@dataclass(frozen=True, slots=True)
class RenderDropped:
    """A render was dropped, by a command."""

    request_id: str


@dataclass(frozen=True, slots=True)
class EngineBroken:
    """The engine can no longer be used in this process; the thread has ended."""

    error: Exception


EngineEvent = (
    EngineLoaded | RenderStepped | RenderFinished | RenderFailed | RenderDropped | EngineBroken
)


@dataclass(frozen=True, slots=True)
class _Begin:
    request_id: str
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class _Drop:
    request_id: str


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Command = _Begin | _Drop | _Stop


class _Stopped(Exception):
    """The stop command was reached."""


class EngineThread:
    """Drives one engine on its own thread. ``begin``, ``drop`` and ``stop`` may be called from any
    thread.

    ``previews``: whether to take previews of renders, where the engine can show them.
    """

    def __init__(
        self,
        engine: Engine,
        emit: Callable[[EngineEvent], None],
        *,
        idle_seconds: float = IDLE_SECONDS,
        previews: bool = False,
        watchdog: Watchdog | None = None,
        inputs: InputFrames = no_inputs,
    ) -> None:
        """`watchdog` ends the process when the engine hangs; without one a hang is not noticed."""
        self._engine = engine
        self._emit = emit
        self._watchdog = watchdog or Watchdog(NoAlarm())
        self._idle_seconds = idle_seconds
        self._inputs = inputs
        self._commands: SimpleQueue[_Command] = SimpleQueue()
        self._renders: dict[str, Render] = {}
        self._began: dict[str, float] = {}
        self._idle_work = engine if isinstance(engine, HasIdleWork) else None
        self._previews = engine if previews and isinstance(engine, ShowsPreviews) else None
        # a step that never returns must not keep the process from ending
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Load the engine; EngineLoaded or EngineBroken follows."""
        self._thread.start()

    def begin(self, request_id: str, request: GenerationRequest) -> None:
        """Render the request; ends in RenderFinished, RenderFailed or RenderDropped. There may
        never be more renders than the engine's ``max_active``."""
        self._commands.put(_Begin(request_id, request))

    def drop(self, request_id: str) -> None:
        """Drop that render between two steps; RenderDropped follows unless it has ended before."""
        self._commands.put(_Drop(request_id))

    def stop(self) -> None:
        """End after the current step, dropping all renders without an event."""
        self._commands.put(_Stop())

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; False when it still runs after that many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._watchdog.engine_rests()

    def _work(self) -> None:
        self._watchdog.engine_loads()
        try:
            self._engine.load()
        # its message is for the operator already
        except EngineUnavailable as error:
            self._emit(EngineBroken(error))
            return
        except Exception as error:  # noqa: BLE001 -- the loop must learn why the engine did not load
            self._emit(EngineBroken(EngineUnavailable(repr(error))))
            return
        self._emit(EngineLoaded())
        try:
            while True:
                self._handle_commands()
                self._advance()
        except _Stopped:
            # without references the engine can free the renders' memory
            self._renders.clear()
            self._engine.close()
        except Exception as error:  # noqa: BLE001 -- this event is the only trace of the thread's end
            self._emit(EngineBroken(error))

    def _handle_commands(self) -> None:
        """Handle the commands that came since the last step; wait for one when there is nothing to
        render."""
        while (command := self._next_command()) is not None:
            match command:
                case _Begin(request_id, request):
                    self._begin(request_id, request)
                case _Drop(request_id):
                    self._drop(request_id)
                case _Stop():
                    raise _Stopped

    def _next_command(self) -> _Command | None:
        """The next command; None when there is none and something to render."""
        if self._renders:
            try:
                return self._commands.get_nowait()
            except Empty:
                return None
        self._watchdog.engine_rests()
        while self._idle_work is not None:
            try:
                return self._commands.get(timeout=self._idle_seconds)
            except Empty:
                if not self._do_idle_work(self._idle_work):
                    break
        return self._commands.get()

    def _do_idle_work(self, engine: HasIdleWork) -> bool:
        self._watchdog.engine_idles(engine)
        done = engine.idle()
        self._watchdog.engine_rests()
        return done

    def _begin(self, request_id: str, request: GenerationRequest) -> None:
        self._watchdog.engine_works(self._engine, self._renders.values())
        try:
            self._engine.check(request)
            self._renders[request_id] = self._begun(request)
        except Exception as error:  # noqa: BLE001 -- it fails this render and never affects another
            self._fail(request_id, error)
        else:
            self._began[request_id] = time.monotonic()

    def _begun(self, request: GenerationRequest) -> Render:
        file = request.input_file
        if file is None:
            return self._engine.begin(request)
        if not isinstance(self._engine, StartsFromFrames):
            raise EngineRefusal(f"This engine makes no clips from a {file.kind.value}.")
        return self._engine.begin_from(request, self._inputs(file.name))

    def _drop(self, request_id: str) -> None:
        if request_id in self._renders:
            self._forget(request_id)
            self._emit(RenderDropped(request_id))

    def _advance(self) -> None:
        self._watchdog.engine_works(self._engine, self._renders.values())
        before = {request_id: render.steps_done for request_id, render in self._renders.items()}
        self._step(
            {
                id_: render
                for id_, render in self._renders.items()
                if render.steps_done < render.total_steps
            }
        )
        # a copy: finishing or failing a render removes it
        for request_id, render in list(self._renders.items()):
            if render.steps_done != before[request_id]:
                self._emit(self._stepped(request_id, render))
            if render.steps_done >= render.total_steps:
                self._finish(request_id, render)

    def _stepped(self, request_id: str, render: Render) -> RenderStepped:
        seconds = time.monotonic() - self._began[request_id]
        preview = self._preview(render)
        return RenderStepped(request_id, render.steps_done, render.total_steps, seconds, preview)

    def _preview(self, render: Render) -> Frames | None:
        """Preview frames after a preview step; None after others, and where the engine fails to
        make them."""
        if self._previews is None or not is_preview_step(render.steps_done, render.total_steps):
            return None
        try:
            return self._previews.preview(render)
        except DeviceLost:
            raise
        except Exception:  # noqa: BLE001 -- the clip does not depend on its previews
            return None

    def _step(self, unfinished: dict[str, Render]) -> None:
        """One step; when the engine raises for a group, its members are tried one by one."""
        try:
            failures = self._engine.step(tuple(unfinished.values())) if unfinished else ()
        except DeviceLost:
            raise
        except Exception as error:  # noqa: BLE001 -- it fails one render and never affects another
            self._step_alone(unfinished, error)
            return
        for failure in failures:
            self._fail(_id_of(failure.render, unfinished), failure.error)

    def _step_alone(self, unfinished: dict[str, Render], error: Exception) -> None:
        # alone, so the error is this render's own
        if len(unfinished) == 1:
            self._fail(next(iter(unfinished)), error)
            return
        for request_id, render in unfinished.items():
            self._step({request_id: render})

    def _finish(self, request_id: str, render: Render) -> None:
        self._watchdog.engine_works(self._engine, (render,))
        try:
            frames = self._engine.finish(render)
        except Exception as error:  # noqa: BLE001 -- it fails this render and never affects another
            self._fail(request_id, error)
        else:
            self._forget(request_id)
            self._emit(RenderFinished(request_id, frames))

    def _fail(self, request_id: str, error: Exception) -> None:
        if isinstance(error, DeviceLost):
            raise error
        self._forget(request_id)
        self._emit(RenderFailed(request_id, error))

    def _forget(self, request_id: str) -> None:
        self._renders.pop(request_id, None)
        self._began.pop(request_id, None)


def _id_of(render: Render, among: dict[str, Render]) -> str:
    return next(request_id for request_id, candidate in among.items() if candidate is render)
