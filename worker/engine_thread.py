"""The one thread that may touch the engine: it is told what to render and tells, step by step, how it goes.

It never waits for anybody while it has something to render. What it is told arrives between two steps; what it tells
goes out through ``emit``, called on this thread, which must not block.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final, Protocol, runtime_checkable

from generation.request import GenerationRequest
from worker.engine import DeviceLost, Engine, EngineUnavailable, Frames, Render, ShowsLooks
from worker.looks import worth_a_look
from worker.watchdog import NoAlarm, Watchdog

QUIET_SECONDS: Final = 3.0
"""How long nobody must have wanted anything before the engine uses the time for itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is ready for its first render."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A render advanced to ``done`` of ``total`` steps, ``seconds`` after it began; at some steps with a look at it."""

    request_id: str
    done: int
    total: int
    seconds: float
    look: Frames | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A render is complete: its frames."""

    request_id: str
    frames: Frames


@dataclass(frozen=True, slots=True)
class Failed:
    """A render cannot go on; the others do."""

    request_id: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Dropped:
    """A render was let go, as told."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The engine is of no more use in this process; the thread has ended."""

    error: Exception


EngineEvent = Loaded | Stepped | Rendered | Failed | Dropped | Broken


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


@runtime_checkable
class UsesQuietTime(Protocol):
    """An engine that has something to do when nobody wants anything, such as compiling."""

    def idle(self) -> bool:
        """Do one piece of it; False when there is nothing left to do."""
        ...


class _Stopped(Exception):
    """Told to stop."""


class EngineThread:
    """Drives one engine on a thread of its own. ``begin``, ``drop`` and ``stop`` may be called from any thread.

    ``looks``: whether to look at renders while they appear, where the engine can show them.
    """

    def __init__(
        self,
        engine: Engine,
        emit: Callable[[EngineEvent], None],
        *,
        quiet_seconds: float = QUIET_SECONDS,
        looks: bool = False,
        watchdog: Watchdog | None = None,
    ) -> None:
        """`watchdog` ends the process when the engine hangs; without one nobody notices."""
        self._engine = engine
        self._emit = emit
        self._watchdog = watchdog or Watchdog(NoAlarm())
        self._quiet_seconds = quiet_seconds
        self._commands: SimpleQueue[_Command] = SimpleQueue()
        self._renders: dict[str, Render] = {}
        self._began: dict[str, float] = {}
        self._quiet_work = engine if isinstance(engine, UsesQuietTime) else None
        self._showing = engine if looks and isinstance(engine, ShowsLooks) else None
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        """Load the engine; Loaded or Broken follows."""
        self._thread.start()

    def begin(self, request_id: str, request: GenerationRequest) -> None:
        """Render that request; ends in Rendered, Failed or Dropped. Never more than the engine's ``max_active``."""
        self._commands.put(_Begin(request_id, request))

    def drop(self, request_id: str) -> None:
        """Let go of that render between two steps; Dropped follows unless it has ended before."""
        self._commands.put(_Drop(request_id))

    def stop(self) -> None:
        """End after the step under way, dropping everything without a word."""
        self._commands.put(_Stop())

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; False when it is still busy after so many seconds."""
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
        except Exception as error:  # noqa: BLE001 -- whatever keeps an engine from loading, the loop has to hear of it
            self._emit(Broken(error if isinstance(error, EngineUnavailable) else EngineUnavailable(repr(error))))
            return
        self._emit(Loaded())
        try:
            while True:
                self._obey()
                self._advance()
        except _Stopped:
            self._renders.clear()
            self._engine.close()
        except Exception as error:  # noqa: BLE001 -- nobody else would ever hear of the end of this thread
            self._emit(Broken(error))

    def _obey(self) -> None:
        """Carry out what was told since the last step; wait for something when there is nothing to render."""
        while (command := self._next_command()) is not None:
            match command:
                case _Begin(request_id, request):
                    self._begin(request_id, request)
                case _Drop(request_id):
                    self._drop(request_id)
                case _Stop():
                    raise _Stopped

    def _next_command(self) -> _Command | None:
        """The next command; None when there is something to render meanwhile."""
        try:
            if self._renders:
                return self._commands.get_nowait()
            self._watchdog.engine_rests()
            while self._quiet_work is not None:
                try:
                    return self._commands.get(timeout=self._quiet_seconds)
                except Empty:
                    if not self._uses_quiet_time(self._quiet_work):
                        break
            return self._commands.get()
        except Empty:
            return None

    def _uses_quiet_time(self, engine: UsesQuietTime) -> bool:
        self._watchdog.engine_loads()
        used = engine.idle()
        self._watchdog.engine_rests()
        return used

    def _begin(self, request_id: str, request: GenerationRequest) -> None:
        self._watchdog.engine_works(self._engine, self._renders.values())
        try:
            self._engine.check(request)
            self._renders[request_id] = self._engine.begin(request)
        except Exception as error:  # noqa: BLE001 -- one render's failure is told, and never touches another
            self._fail(request_id, error)
        else:
            self._began[request_id] = time.monotonic()

    def _drop(self, request_id: str) -> None:
        if request_id in self._renders:
            self._forget(request_id)
            self._emit(Dropped(request_id))

    def _advance(self) -> None:
        self._watchdog.engine_works(self._engine, self._renders.values())
        before = {request_id: render.steps_done for request_id, render in self._renders.items()}
        self._step({id_: render for id_, render in self._renders.items() if render.steps_done < render.total_steps})
        for request_id, render in list(self._renders.items()):
            if render.steps_done != before[request_id]:
                seconds = time.monotonic() - self._began[request_id]
                self._emit(Stepped(request_id, render.steps_done, render.total_steps, seconds, self._look(render)))
            if render.steps_done >= render.total_steps:
                self._finish(request_id, render)

    def _look(self, render: Render) -> Frames | None:
        """A look at a render, at the few steps that are worth it; one that cannot be had is no reason to fail."""
        if self._showing is None or not worth_a_look(render.steps_done, render.total_steps):
            return None
        try:
            return self._showing.look(render)
        except DeviceLost:
            raise
        except Exception:  # noqa: BLE001 -- losing a look is no loss
            return None

    def _step(self, unfinished: dict[str, Render]) -> None:
        """One step; if the engine itself stumbles over a group, its members are tried one by one."""
        try:
            failures = self._engine.step(tuple(unfinished.values())) if unfinished else ()
        except DeviceLost:
            raise
        except Exception as error:  # noqa: BLE001 -- one render's failure is told, and never touches another
            self._step_alone(unfinished, error)
            return
        for failure in failures:
            if isinstance(failure.error, DeviceLost):
                raise failure.error
            self._fail(_id_of(failure.render, unfinished), failure.error)

    def _step_alone(self, unfinished: dict[str, Render], error: Exception) -> None:
        if len(unfinished) == 1:
            self._fail(next(iter(unfinished)), error)
            return
        for request_id, render in unfinished.items():
            self._step({request_id: render})

    def _finish(self, request_id: str, render: Render) -> None:
        self._watchdog.engine_works(self._engine, (render,))
        try:
            frames = self._engine.finish(render)
        except DeviceLost:
            raise
        except Exception as error:  # noqa: BLE001 -- one render's failure is told, and never touches another
            self._fail(request_id, error)
        else:
            self._forget(request_id)
            self._emit(Rendered(request_id, frames))

    def _fail(self, request_id: str, error: Exception) -> None:
        if isinstance(error, DeviceLost):
            raise error
        self._forget(request_id)
        self._emit(Failed(request_id, error))

    def _forget(self, request_id: str) -> None:
        self._renders.pop(request_id, None)
        self._began.pop(request_id, None)


def _id_of(render: Render, among: dict[str, Render]) -> str:
    return next(request_id for request_id, candidate in among.items() if candidate is render)
