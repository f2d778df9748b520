"""Measures this machine with its real engine: seconds and memory for each size and endpoint, clips
per hour."""

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generation.mp4 import encode
from generation.protocol.request import Endpoint, GenerationRequest, VideoSizePreset
from worker.engine import Engine, Frames, HasIdleWork, HasMeteredDevice, Render

PROMPT: Final = "a paper boat on a stormy sea"
FEW_STEPS: Final = 3
"""How many steps a clip gets when its duration is extrapolated from them."""


@dataclass(frozen=True, slots=True)
class BenchMeasurement:
    """One clip, rendered alone. ``seconds`` are those from its start to its frames; encoding the
    MP4 happens while the next clip renders.

    peak_bytes: the device's highest memory use; without a GPU the whole process's. extrapolated:
    from a few steps only.
    """

    request: GenerationRequest
    seconds: float
    encode_seconds: float
    peak_bytes: int
    extrapolated: bool = False

    @property
    def clips_per_hour(self) -> float:
        """How many such clips one hour is enough for, one after the other."""
        return 3600 / self.seconds


def bench_requests(
    presets: Iterable[VideoSizePreset] = tuple(VideoSizePreset),
    endpoints: Iterable[Endpoint] = tuple(Endpoint),
    **fields: object,
) -> list[GenerationRequest]:
    """Each endpoint's own defaults at each size, small ones first; of sizes with as many pixels
    only the first.

    `fields` replaces others, such as the number of frames.
    """
    # reversed, so that of presets with as many pixels the first one stays
    sizes = {
        width * height: preset
        for preset in reversed(list(presets))
        for width, height in [preset.pixels]
    }
    each = list(endpoints)
    return [
        GenerationRequest.model_validate(
            {
                "endpoint": endpoint,
                "prompt": PROMPT,
                "seed": 0,
                "video_size": sizes[pixels],
                **fields,
            }
        )
        for pixels in sorted(sizes)
        for endpoint in each
    ]


class Bench:
    """Measures requests on one loaded engine. ``stepped`` is called after every step, with the
    request, its steps done and its steps in all."""

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

    def finish_idle_work(self) -> int:
        """Let the engine do all its idle work, such as compiling; returns how many pieces that
        were."""
        done = 0
        if isinstance(self._engine, HasIdleWork):
            while self._engine.idle():
                done += 1
        return done

    def time_once(self, request: GenerationRequest) -> float:
        """Seconds of that request as the first of its kind, for an estimate of the others."""
        _, seconds = self._render(request)
        return seconds

    def measure(self, request: GenerationRequest, *, quick: bool = False) -> BenchMeasurement:
        """One clip, after a step that is not counted. `quick` takes a few steps and extrapolates
        the others.

        Raises:
            EngineError: as the engine raises it.
        """
        self._engine.check(request)
        # the first step of a size is slow: it allocates, and the device picks its kernels
        self._render(with_steps(request, 1))
        if quick and request.num_inference_steps > FEW_STEPS:
            return self._extrapolate(request)
        with self._memory() as peak:
            frames, seconds = self._render(request)
        return BenchMeasurement(request, seconds, self._encoding(frames, request), peak())

    def _extrapolate(self, request: GenerationRequest) -> BenchMeasurement:
        with self._memory() as peak:
            _, one = self._render(with_steps(request, 1))
            frames, few = self._render(with_steps(request, FEW_STEPS))
        # what both have in common, such as decoding, cancels out
        step = max(0.0, (few - one) / (FEW_STEPS - 1))
        seconds = one + step * (request.num_inference_steps - 1)
        return BenchMeasurement(
            request, seconds, self._encoding(frames, request), peak(), extrapolated=True
        )

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
        # measured apart: the worker encodes while the engine renders the next clip
        encode(frames, request.fps)
        return self._clock() - began

    @contextlib.contextmanager
    def _memory(self) -> Iterator[Callable[[], int]]:
        """The highest memory use since the block began: the device's, else this process's."""
        device = self._engine.device if isinstance(self._engine, HasMeteredDevice) else None
        if device is not None:
            device.forget_peak()
        _forget_process_peak()
        # read when asked, after the render in the block
        yield lambda: (device.peak_bytes() if device is not None else None) or _process_peak()


def with_steps(request: GenerationRequest, steps: int) -> GenerationRequest:
    """The same clip with that many steps."""
    return request.model_copy(update={"num_inference_steps": steps})


def clips_to_measure(request: GenerationRequest, *, quick: bool) -> list[GenerationRequest]:
    """What :meth:`Bench.measure` renders for a request, in order."""
    first = with_steps(request, 1)
    if quick and request.num_inference_steps > FEW_STEPS:
        return [first, first, with_steps(request, FEW_STEPS)]
    return [first, request]


def _forget_process_peak() -> None:
    """Linux resets its count when asked to; elsewhere the peak is that since the start."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _process_peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        # macOS counts bytes, Linux kibibytes
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def presets_of(request: GenerationRequest) -> Sequence[VideoSizePreset]:
    """Every preset with as many pixels: they take the same time."""
    width, height = request.pixels
    return [
        preset
        for preset in VideoSizePreset
        if preset.pixels[0] * preset.pixels[1] == width * height
    ]
