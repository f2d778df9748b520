"""The preview engine: a drawn animation from a prompt's words, for a first look without a model and
without a GPU."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from generation.protocol.request import GenerationRequest
from worker.engine import Frames, OutOfMemory, Render, StepFailure
from worker.engines.preview.film import Film

_MAX_ACTIVE: Final = 4
_LOOK_EVERY: Final = 8
"""Which pixels a look shows, each way."""


class PreviewRender:
    """One clip in the making. The first step builds the scene, the others share the frames' passes
    evenly."""

    def __init__(self, request: GenerationRequest) -> None:
        self.request = request
        self.steps_done = 0
        self.last_turn = -1
        """When the engine last advanced it, counted in the engine's steps; -1 before its first."""
        self._film: Film | None = None
        self._passes_done = 0

    @property
    def total_steps(self) -> int:
        """As many as the request asks for."""
        return self.request.num_inference_steps

    @property
    def is_finished(self) -> bool:
        """Whether all its steps are done."""
        return self.steps_done >= self.total_steps

    def advance(self) -> None:
        """Do one step's share of the work."""
        if self._film is None:
            self._film = Film(self.request)
        due = self._passes_due(self._film, self.steps_done + 1)
        self._film.paint(due - self._passes_done)
        self._passes_done = due
        self.steps_done += 1

    def frames(self) -> Frames:
        """The finished frames; raises :class:`ValueError` before the last step is done."""
        if self._film is None or not self.is_finished:
            raise ValueError(
                f"the render is not finished: {self.steps_done} of {self.total_steps} steps "
                "are done"
            )
        return self._film.frames

    def look(self) -> Frames | None:
        """The frames that are painted so far, an eighth of their sides; None before the first."""
        painted = (
            0
            if self._film is None
            else self._passes_done * self.request.num_frames // self._film.total_passes
        )
        if self._film is None or painted == 0:
            return None
        small: Frames = self._film.frames[:painted, ::_LOOK_EVERY, ::_LOOK_EVERY].copy()
        return small

    def _passes_due(self, film: Film, step: int) -> int:
        """How many passes are done when a step is; a clip of a single step does all in it."""
        if self.total_steps == 1:
            return film.total_passes
        return film.total_passes * (step - 1) // (self.total_steps - 1)


class PreviewEngine:
    """Draws clips on the CPU; implements :class:`worker.engine.Engine`.

    ``step_seconds`` slows every step down, so that progress shows and there is time to cancel;
    ``sleep`` does the waiting, on the thread that calls :meth:`step`.
    """

    def __init__(
        self, step_seconds: float = 0.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._step_seconds = step_seconds
        self._sleep = sleep
        self._turn = 0

    @property
    def name(self) -> str:
        """What the clips' maker is called."""
        return "preview"

    @property
    def max_active(self) -> int:
        """How many clips take turns; each holds its own frames in memory."""
        return _MAX_ACTIVE

    def step_seconds(self, _request: GenerationRequest) -> float:
        """How long a step lasts at least."""
        return self._step_seconds

    def load(self) -> None:
        """Nothing is needed: no model, no device."""

    def check(self, request: GenerationRequest) -> None:
        """Every request within the general bounds can be drawn."""

    def begin(self, request: GenerationRequest) -> PreviewRender:
        """Start a render; nothing of it has been computed yet."""
        return PreviewRender(request)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance one unfinished render by one step: the one whose last turn is longest ago.

        So all take turns, none waits for another to finish, and a newcomer is served at once but
        then no more often than the others. (Serving the one with the smallest share done would let
        newcomers hold up what is nearly finished.)
        """
        waiting = [render for render in map(_ours, renders) if not render.is_finished]
        if not waiting:
            return []
        chosen = min(waiting, key=lambda render: render.last_turn)
        chosen.last_turn = self._turn
        self._turn += 1
        try:
            chosen.advance()
        except MemoryError as error:
            failure = OutOfMemory(
                "There was not enough memory to draw this clip; try a smaller size or fewer frames."
            )
            failure.__cause__ = error
            return [StepFailure(chosen, failure)]
        except Exception as error:  # noqa: BLE001 -- one render's failure is told, and never touches another
            return [StepFailure(chosen, error)]
        if self._step_seconds > 0:
            self._sleep(self._step_seconds)
        return []

    def finish(self, render: Render) -> Frames:
        """The frames of a render whose steps are all done; raises :class:`ValueError` before
        that."""
        return _ours(render).frames()

    def preview(self, render: Render) -> Frames | None:
        """What is painted of a render so far, small; None before its first frame is."""
        return _ours(render).look()

    def close(self) -> None:
        """Nothing is held."""


def _ours(render: Render) -> PreviewRender:
    if not isinstance(render, PreviewRender):
        raise TypeError(f"not a render of this engine: {type(render).__name__}")
    return render
