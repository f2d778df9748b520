"""The port between the worker's loop and whatever renders: one engine, one thread, one step at a time.

The loop owns an engine and calls it from a single thread only. An engine keeps no request between calls except in
the :class:`Render` that it handed out, so a failure of one request can never colour the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generation.request import GenerationRequest

Frames = NDArray[np.uint8]
"""Finished frames: shape (frames, height, width, 3), RGB, 0…255."""


class Render(Protocol):
    """One request being rendered, made by :meth:`Engine.begin`; the loop drops it to cancel it."""

    @property
    def request(self) -> GenerationRequest: ...
    @property
    def total_steps(self) -> int:
        """How many steps this render takes in all, at least 1."""
        ...

    @property
    def steps_done(self) -> int:
        """How many of them are finished; the render is ready for :meth:`Engine.finish` when they are all."""
        ...


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A render that cannot go on, and why; every other render under way is untouched."""

    render: Render
    error: Exception


class Engine(Protocol):
    """Renders requests step by step. Every method is called from the loop's one thread."""

    @property
    def name(self) -> str:
        """``preview`` or ``animatediff``: what the clip's maker is called."""
        ...

    @property
    def max_active(self) -> int:
        """How many renders may be under way at once."""
        ...

    def load(self) -> None:
        """Make everything ready that the first step needs. Raises :class:`EngineUnavailable` naming what is missing."""
        ...

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`EngineRefusal` when this engine can never render that request."""
        ...

    def begin(self, request: GenerationRequest) -> Render:
        """Start a render; nothing of it has been computed yet."""
        ...

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance at least one unfinished render (given oldest first) by one step; the engine picks which share it."""
        ...

    def finish(self, render: Render) -> Frames:
        """Turn a render whose steps are all done into frames."""
        ...

    def close(self) -> None:
        """Give memory and devices back; nothing is called afterwards."""
        ...


@runtime_checkable
class ShowsLooks(Protocol):
    """An engine whose renders can be looked at while they appear."""

    def look(self, render: Render) -> Frames | None:
        """What the clip would be if it ended now, as frames much smaller than its own; None where there is none."""
        ...


class EngineError(Exception):
    """Something went wrong inside an engine; the message is a sentence for the member or the operator.

    EngineError
    ├── EngineUnavailable   the engine cannot work at all (a model file is missing, no memory to load)
    ├── EngineRefusal       this request is beyond what the engine can do
    ├── OutOfMemory         the device had no room for this request, even alone
    ├── NonFiniteLatents    the numbers ran away; a black clip is never handed out
    └── DeviceLost          the device is gone or its context is poisoned; the worker must start again
    """


class EngineUnavailable(EngineError):
    """The engine cannot work at all; names what is missing and what to do."""


class EngineRefusal(EngineError):
    """The request is beyond this engine; names the field and what is possible."""


class OutOfMemory(EngineError):
    """The device had no room for the request, even alone and in the smallest chunks."""


class NonFiniteLatents(EngineError):
    """The denoiser produced NaN or infinity; nothing is decoded."""


class DeviceLost(EngineError):
    """The device vanished or its context is poisoned: only a new process helps."""
