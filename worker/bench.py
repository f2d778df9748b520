"""Measures this machine with its real engine: seconds and memory for each size and endpoint, clips an hour."""

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from generation.mp4 import encode
from generation.request import Endpoint, GenerationRequest, VideoSizePreset
from worker.engine import Engine, Frames, Render
from worker.engine_thread import UsesQuietTime

PROMPT: Final = "a paper boat on a stormy sea"
FEW_STEPS: Final = 3
"""How many steps a clip gets when the others are reckoned from them."""


@runtime_checkable
class MeteredDevice(Protocol):
    """What counts its own memory; None where it cannot."""

    def forget_peak(self) -> None: ...
    def peak_bytes(self) -> int | None: ...


@runtime_checkable
class OnMeteredDevice(Protocol):
    """An engine that renders on such a device."""

    @property
    def device(self) -> MeteredDevice: ...


@dataclass(frozen=True, slots=True)
class Measurement:
    """One clip, rendered alone. Seconds from its start to its frames; encoding the MP4 happens beside the next clip.

    peak_bytes: the device's memory at its fullest; without a GPU the whole process's. reckoned: from a few steps only.
    """

    request: GenerationRequest
    seconds: float
    encode_seconds: float
    peak_bytes: int
    reckoned: bool = False

    @property
    def clips_per_hour(self) -> float:
        """How many such clips an hour holds, one after the other."""
        return 3600 / self.seconds


def bench_requests(
    presets: Iterable[VideoSizePreset] = tuple(VideoSizePreset),
    endpoints: Iterable[Endpoint] = tuple(Endpoint),
    **fields: object,
) -> list[GenerationRequest]:
    """Each endpoint's own defaults at each size, small ones first; of sizes with as many pixels only the first.

    `fields` replaces others, such as the number of frames.
    """
    sizes = {width * height: preset for preset in reversed(list(presets)) for width, height in [preset.pixels]}
    wanted = list(endpoints)
    return [
        GenerationRequest.model_validate(
            {"endpoint": endpoint, "prompt": PROMPT, "seed": 0, "video_size": sizes[pixels], **fields}
        )
        for pixels in sorted(sizes)
        for endpoint in wanted
    ]


class Bench:
    """Measures requests on one loaded engine. ``stepped`` is told after every step, for whoever shows progress."""

    def __init__(
        self,
        engine: Engine,
        *,
        stepped: Callable[[GenerationRequest, int, int], None] = lambda *_: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._engine = engine
        self._stepped = stepped
        self._clock = clock

    def settle(self) -> int:
        """Let the engine do what it does in quiet moments, such as compiling; how many things that were."""
        done = 0
        if isinstance(self._engine, UsesQuietTime):
            while self._engine.idle():
                done += 1
        return done

    def sound(self, request: GenerationRequest) -> float:
        """Seconds of that request as the first of its kind: for an estimate of the others."""
        _, seconds = self._render(request)
        return seconds

    def measure(self, request: GenerationRequest, *, quick: bool = False) -> Measurement:
        """One clip, after a step that is not counted. `quick` takes a few steps and reckons the others.

        Raises:
            EngineError: as the engine raises it.
        """
        self._engine.check(request)
        self._render(with_steps(request, 1))
        if quick and request.num_inference_steps > FEW_STEPS:
            return self._reckon(request)
        with self._memory() as peak:
            frames, seconds = self._render(request)
        return Measurement(request, seconds, self._encoding(frames, request), peak())

    def _reckon(self, request: GenerationRequest) -> Measurement:
        with self._memory() as peak:
            _, one = self._render(with_steps(request, 1))
            frames, few = self._render(with_steps(request, FEW_STEPS))
        step = max(0.0, (few - one) / (FEW_STEPS - 1))
        seconds = one + step * (request.num_inference_steps - 1)
        return Measurement(request, seconds, self._encoding(frames, request), peak(), reckoned=True)

    def _render(self, request: GenerationRequest) -> tuple[Frames, float]:
        began = self._clock()
        render = self._engine.begin(request)
        while render.steps_done < render.total_steps:
            self._step(render)
        frames = self._engine.finish(render)
        return frames, self._clock() - began

    def _step(self, render: Render) -> None:
        for failure in self._engine.step([render]):
            raise failure.error
        self._stepped(render.request, render.steps_done, render.total_steps)

    def _encoding(self, frames: Frames, request: GenerationRequest) -> float:
        began = self._clock()
        encode(frames, request.fps)
        return self._clock() - began

    @contextlib.contextmanager
    def _memory(self) -> Iterator[Callable[[], int]]:
        """The most memory since the block began: the device's, else this process's."""
        device = self._engine.device if isinstance(self._engine, OnMeteredDevice) else None
        if device is not None:
            device.forget_peak()
        _forget_process_peak()
        yield lambda: (device.peak_bytes() if device is not None else None) or _process_peak()


def with_steps(request: GenerationRequest, steps: int) -> GenerationRequest:
    """The same clip in so many steps."""
    return request.model_copy(update={"num_inference_steps": steps})


def clips_to_measure(request: GenerationRequest, *, quick: bool) -> list[GenerationRequest]:
    """What :meth:`Bench.measure` renders for a request, in order."""
    first = with_steps(request, 1)
    if quick and request.num_inference_steps > FEW_STEPS:
        return [first, first, with_steps(request, FEW_STEPS)]
    return [first, request]


def _forget_process_peak() -> None:
    """Linux counts anew when it is told so; elsewhere the peak is that since the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _process_peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def presets_of(request: GenerationRequest) -> Sequence[VideoSizePreset]:
    """Every preset with as many pixels: they take as long."""
    width, height = request.pixels
    return [preset for preset in VideoSizePreset if preset.pixels[0] * preset.pixels[1] == width * height]
