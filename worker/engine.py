"""The port between the worker's render loop and an engine: one engine, one thread, one step at a
time.

The loop calls the engine from one thread only. Between calls an engine keeps no request except in
the :class:`Render` that it returned, so a failure of one request cannot affect the next one.

Below the port stand the protocols of what some engines offer beyond it; the worker asks for each
with ``isinstance``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generation.protocol.extensions.capabilities import Capability
from generation.protocol.request import GenerationRequest

OF_ANY_FRAMES: Final = frozenset({Capability.SMOOTH})
"""What the worker can do with the frames of every engine."""
Frames = NDArray[np.uint8]
"""Finished frames: shape (frames, height, width, 3), RGB, 0…255."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine renders, and why this one."""

    name: str
    reason: str


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
        """How many steps are finished; after the last one :meth:`Engine.finish` may be called."""
        ...


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A render that cannot go on, and why; the other renders are not affected."""

    render: Render
    error: Exception


class Engine(Protocol):
    """Renders requests step by step. Every method is called from the loop's one thread."""

    @property
    def name(self) -> str:
        """``preview`` or ``animatediff``."""
        ...

    @property
    def max_active(self) -> int:
        """How many renders may be active at once."""
        ...

    def load(self) -> None:
        """Prepare everything that the first step needs. Raises :class:`EngineUnavailable` naming
        what is missing."""
        ...

    def check(self, request: GenerationRequest) -> None:
        """Raise :class:`EngineRefusal` when this engine can never render the request."""
        ...

    def begin(self, request: GenerationRequest) -> Render:
        """Start a render; this computes nothing yet."""
        ...

    def step(self, renders: Sequence[Render]) -> Sequence[StepFailure]:
        """Advance at least one unfinished render (given oldest first) by one step; the engine picks
        which of them share the step."""
        ...

    def finish(self, render: Render) -> Frames:
        """Turn a render whose steps are all done into frames."""
        ...

    def close(self) -> None:
        """Release memory and devices; no method is called afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Bytes of a device's memory: all of it, and what work could take now."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class EngineCondition:
    """How an engine is, for people; None where it has no such thing."""

    memory: DeviceMemory | None = None
    models: tuple[str, ...] = ()


@runtime_checkable
class TellsCondition(Protocol):
    """An engine that tells how it is. It repeats what its own thread has seen last, so any thread
    may ask, also while the device hangs."""

    @property
    def condition(self) -> EngineCondition: ...


@runtime_checkable
class ShowsPreviews(Protocol):
    """An engine that can show an unfinished render."""

    def preview(self, render: Render) -> Frames | None:
        """What the clip would be if it ended now, as frames much smaller than the clip's; None
        where there is nothing to show."""
        ...


@runtime_checkable
class OffersMore(Protocol):
    """An engine that can do more than fal's endpoints ask for."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do; it does not change while it is loaded."""
        ...


@runtime_checkable
class StartsFromFrames(Protocol):
    """An engine whose clips can start from a picture or a video."""

    def begin_from(self, request: GenerationRequest, frames: Frames) -> Render:
        """Start such a render: ``frames`` are the picture, or as many as the clip will have, all of
        its size; this computes nothing yet."""
        ...


@runtime_checkable
class HasDeviceName(Protocol):
    """An engine that can name the device it renders on."""

    @property
    def device_name(self) -> str | None:
        """For people; None until the engine is loaded, and where it needs no device."""
        ...


@runtime_checkable
class HasIdleWork(Protocol):
    """An engine that has work for idle times, such as compiling."""

    def idle(self) -> bool:
        """Do one piece of that work; False when there is none left."""
        ...


@dataclass(frozen=True, slots=True)
class Compiling:
    """How far an engine is with compiling.

    waiting: how many shapes are still to be compiled; clips of those run uncompiled meanwhile.
    is_beside: whether the long part happens in a process of its own, so that the engine itself
    needs seconds.
    """

    waiting: int
    is_beside: bool


@runtime_checkable
class Compiles(Protocol):
    """An engine that compiles in its idle time. It only reads, so any thread may ask it."""

    @property
    def compiling(self) -> Compiling | None:
        """How far that is; None where nothing is compiled."""
        ...


@runtime_checkable
class EstimatesRenders(Protocol):
    """An engine that can estimate how long a request takes. It only reads what it has measured, so
    any thread may call it."""

    def estimate_seconds(self, request: GenerationRequest) -> float | None:
        """Seconds when rendered alone; None before the first measurement."""
        ...


@runtime_checkable
class EstimatesSteps(Protocol):
    """An engine that can estimate how long one step of a request takes on this machine."""

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """Average seconds when rendered alone; None before the first measurement."""
        ...


@runtime_checkable
class MeteredDevice(Protocol):
    """A device that measures its own memory; None where it cannot."""

    def forget_peak(self) -> None: ...
    def peak_bytes(self) -> int | None: ...


@runtime_checkable
class HasMeteredDevice(Protocol):
    """An engine that renders on such a device."""

    @property
    def device(self) -> MeteredDevice: ...


def shapes_to_compile(engine: Engine) -> int:
    """How many shapes it has yet to compile; 0 for an engine that compiles nothing."""
    compiling = engine.compiling if isinstance(engine, Compiles) else None
    return 0 if compiling is None else compiling.waiting


def device_name_of(engine: Engine) -> str | None:
    """The device that the engine renders on; None where it names none."""
    return engine.device_name if isinstance(engine, HasDeviceName) else None


def capabilities_of(engine: Engine) -> frozenset[Capability]:
    """What the worker can do beyond fal's endpoints: what its engine says, and what becomes of any
    engine's frames."""
    return OF_ANY_FRAMES | (engine.capabilities if isinstance(engine, OffersMore) else frozenset())


def condition_of(engine: Engine) -> EngineCondition:
    """How the engine is; empty where it does not tell."""
    return engine.condition if isinstance(engine, TellsCondition) else EngineCondition()


def engine_label(engine: Engine) -> str:
    """The engine's name as stored with a clip: ``animatediff-cpu`` where a model renders without a
    GPU."""
    # slow clips should be recognisable as such long after they were made
    return f"{engine.name}-cpu" if device_name_of(engine) == "CPU" else engine.name


class EngineError(Exception):
    """Something went wrong inside an engine; the message is a sentence for the member or the
    operator.

    EngineError
    ├── EngineUnavailable   the engine cannot work at all (a model file is missing)
    ├── EngineRefusal       the engine can never render this request
    │   └── UnsafeClip    what it has rendered may not be shown
    ├── OutOfMemory         the device had no room for this request, even alone
    ├── NonFiniteLatents    NaN or infinity in latents or pixels; a black clip is never returned
    └── DeviceLost          the device is gone or its context is poisoned; the worker has to restart
    """


class EngineUnavailable(EngineError):
    """The engine cannot work at all; names what is missing and what to do."""


class EngineRefusal(EngineError):
    """The engine cannot render this request; names the field and what is possible."""


class UnsafeClip(EngineRefusal):
    """The clip was rendered, and a check saw in it what may not be shown: nothing of it leaves the
    engine."""


class OutOfMemory(EngineError):
    """The device had no room for the request, even alone and in the smallest chunks."""


class NonFiniteLatents(EngineError):
    """The denoiser or the decoder produced NaN or infinity; a black clip is never returned."""


class DeviceLost(EngineError):
    """The device vanished or its context is poisoned: only a new process helps."""
