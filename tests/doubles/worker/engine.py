"""An engine whose every step is allowed by the test: deterministic, tiny, and it fails on request."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from generation.protocol.extensions.capabilities import Capability
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import GenerationRequest
from worker.engine import EngineRefusal, EngineUnavailable, Frames, Render, StepFailure

SIDE = 32


@dataclass(eq=False)
class SteppedRender:
    """A render of the test's engine."""

    request: GenerationRequest
    given: Frames | None = None
    steps_done: int = 0

    @property
    def total_steps(self) -> int:
        return steps_taken(self.request)


@dataclass
class SteppedEngine:
    """Renders in step with the test: :meth:`allow` gives a number of steps, :meth:`run_free` any number.

    What it does wrong is set by prompt: ``refusals`` at the check, ``failures`` at the first step (as StepFailure),
    ``raised`` at the first step (raised, as no engine should), ``late_failures`` at the end, ``preview_failures`` at a
    preview.
    """

    name: str = "preview"
    max_active: int = 1
    gated: bool = False
    refusals: dict[str, str] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    raised: dict[str, Exception] = field(default_factory=dict)
    late_failures: dict[str, Exception] = field(default_factory=dict)
    preview_failures: dict[str, Exception] = field(default_factory=dict)
    unavailable: str | None = None
    begun: list[str] = field(default_factory=list)
    given: list[Frames] = field(default_factory=list)
    """What clips were to start from."""
    groups: list[tuple[str, ...]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._permits = threading.Semaphore(0)
        self._load = threading.Event()
        self._load.set()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.PICTURE})

    def allow(self, steps: int) -> None:
        """Let that many steps happen."""
        self._permits.release(steps)

    def hold(self) -> None:
        """Every step waits for :meth:`allow` from now on."""
        self._permits = threading.Semaphore(0)
        self.gated = True

    def run_free(self) -> None:
        """No step has to wait any more."""
        self.gated = False
        self._load.set()
        self._permits.release(1000)

    def hold_loading(self) -> None:
        """Loading does not end before :meth:`run_free`."""
        self._load.clear()

    def load(self) -> None:
        self._load.wait(30)
        if self.unavailable:
            raise EngineUnavailable(self.unavailable)

    def check(self, request: GenerationRequest) -> None:
        if sentence := self.refusals.get(request.prompt):
            raise EngineRefusal(sentence)

    def begin(self, request: GenerationRequest) -> SteppedRender:
        self.begun.append(request.prompt)
        return SteppedRender(request)

    def begin_from(self, request: GenerationRequest, frames: Frames) -> SteppedRender:
        self.begun.append(request.prompt)
        self.given.append(frames)
        return SteppedRender(request, frames)

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        if self.gated:
            self._permits.acquire(timeout=30)
        self.groups.append(tuple(render.request.prompt for render in renders))
        for render in renders:
            if blunder := self.raised.get(render.request.prompt):
                raise blunder
        return [failure for render in renders if (failure := self._advance(render)) is not None]

    def finish(self, render: Render) -> Frames:
        if late := self.late_failures.get(render.request.prompt):
            raise late
        request = render.request
        noise = np.random.default_rng(request.seed)
        return noise.integers(0, 256, (request.num_frames, SIDE, SIDE, 3), dtype=np.uint8)

    def preview(self, render: Render) -> Frames | None:
        if preview_failures := self.preview_failures.get(render.request.prompt):
            raise preview_failures
        shades = render.steps_done + np.arange(0, 8 * render.request.num_frames, 8, dtype=np.uint8)
        return np.broadcast_to(shades[:, None, None, None], (len(shades), SIDE // 8, SIDE // 8, 3)).copy()

    def close(self) -> None:
        self.closed = True

    def _advance(self, render: Render) -> StepFailure | None:
        assert isinstance(render, SteppedRender)
        if failure := self.failures.get(render.request.prompt):
            return StepFailure(render, failure)
        render.steps_done += 1
        return None
