"""The preview engine: a drawn animation from a prompt's words, for a first look without a model and
without a GPU."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from generation.protocol.extensions.capabilities import Capability
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import GenerationRequest
from worker.engine import Frames, OutOfMemory, Render, StepFailure
from worker.engines.preview.film import Film

_LOOK_EVERY: Final = 8
"""Which pixels a look shows, each way."""
_NO_MEMORY: Final = "There was not enough memory to draw this; try a smaller size or fewer frames."


class PreviewRender:
    """One clip in the making. The first step builds the scene, the others share the passes."""

    def __init__(self, request: GenerationRequest, given: Frames | None = None) -> None:
        self._given = given
        self.request, self.steps_done = request, 0
        self.last_turn = -1  # when the engine last advanced it, counted in the engine's steps
        self._film: Film | None = None

    @property
    def total_steps(self) -> int:
        """As many as the request asks for."""
        return steps_taken(self.request)

    @property
    def is_finished(self) -> bool:
        """Whether all its steps are done."""
        return self.steps_done >= self.total_steps

    def advance(self) -> None:
        """Do one step's share of the work."""
        self._film = film = self._film or Film(self.request, self._given)
        film.paint(film.total_passes * self.steps_done // max(1, self.total_steps - 1))
        self.steps_done += 1
        if self.is_finished:
            film.paint(film.total_passes)

    def frames(self) -> Frames:
        """The finished frames; raises :class:`ValueError` before the last step is done."""
        if self._film is None or not self.is_finished:
            raise ValueError(f"{self.steps_done} of {self.total_steps} steps are done")
        return self._film.shown

    def look(self) -> Frames | None:
        """The clip as far as it has developed, small; None before its first layer is painted."""
        if self._film is None or not self._film.has_a_layer:
            return None
        return self._film.look(_LOOK_EVERY)


class PreviewEngine:
    """Draws clips on the CPU. ``step_seconds`` slows every step down, so that progress shows, and
    ``sleep`` does the waiting, on the engine's thread."""

    capabilities: Final = frozenset({Capability.LOOP, Capability.LENGTH, Capability.PICTURE})

    def __init__(
        self, step_seconds: float = 0.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._step_seconds, self._sleep, self._turn = step_seconds, sleep, 0

    @property
    def name(self) -> str:
        """What the clips' maker is called."""
        return "preview"

    @property
    def max_active(self) -> int:
        """How many clips take turns; each holds its own frames in memory."""
        return 4

    def step_seconds(self, _request: GenerationRequest) -> float:
        """How long a step lasts at least."""
        return self._step_seconds

    def load(self) -> None:
        """Nothing is needed."""

    def check(self, request: GenerationRequest) -> None:
        """All is possible."""

    def begin(self, request: GenerationRequest) -> PreviewRender:
        """Start a render; nothing of it has been computed yet."""
        return PreviewRender(request)

    def begin_from(self, request: GenerationRequest, frames: Frames) -> PreviewRender:
        """Start a render over these frames."""
        return PreviewRender(request, frames)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance the unfinished render whose last turn is longest ago: all take turns, and a
        newcomer is served at once but then no more often than the others."""
        waiting = [render for render in map(_ours, renders) if not render.is_finished]
        if not waiting:
            return []
        chosen = min(waiting, key=lambda render: render.last_turn)
        chosen.last_turn, self._turn = self._turn, self._turn + 1
        try:
            chosen.advance()
        except MemoryError as error:
            failure = OutOfMemory(_NO_MEMORY)
            failure.__cause__ = error
            return [StepFailure(chosen, failure)]
        except Exception as error:  # noqa: BLE001 -- told; it never touches another render
            return [StepFailure(chosen, error)]
        if self._step_seconds > 0:
            self._sleep(self._step_seconds)
        return []

    def finish(self, render: Render) -> Frames:
        """The frames; raises :class:`ValueError` before all steps are done."""
        return _ours(render).frames()

    def preview(self, render: Render) -> Frames | None:
        """What of a render has developed so far, small; None before there is anything."""
        return _ours(render).look()

    def close(self) -> None:
        """Nothing is held."""


def _ours(render: Render) -> PreviewRender:
    if not isinstance(render, PreviewRender):
        raise TypeError(f"not a render of this engine: {type(render).__name__}")
    return render
