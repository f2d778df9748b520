"""Times one clip in its parts, denoising and decoding; for benchmarks of the engine itself."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass

from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import GenerationRequest
from worker.engine import Frames
from worker.engines.animatediff.engine import AnimateDiffEngine
from worker.engines.animatediff.render import ClipRender


@dataclass(frozen=True, slots=True)
class ClipTiming:
    """One clip, rendered alone: seconds from the first step to the frames, without encoding the
    MP4.

    peak_bytes: the device's peak memory; on a CPU the peak of the whole process since its start.
    """

    request: GenerationRequest
    seconds: float
    denoise_seconds: float
    decode_seconds: float
    peak_bytes: int

    @property
    def step_seconds(self) -> float:
        """One step, on average."""
        return self.denoise_seconds / steps_taken(self.request)


def time_clip(
    engine: AnimateDiffEngine, request: GenerationRequest, *, clock: Callable[[], float]
) -> ClipTiming:
    """Render one request alone and time it; `clock` counts seconds from any start.

    Raises:
        EngineError: the render failed.
    """
    # the peak of this clip, not of what ran before
    engine.device.forget_peak()
    render = engine.begin(request)
    engine.device.synchronize()
    began = clock()
    while render.is_denoising:
        _step(engine, render)
    # the last steps may still run on the device: without waiting they would count as decoding
    engine.device.synchronize()
    denoised = clock()
    render_to_end(engine, render)
    ended = clock()
    peak = engine.device.peak_bytes()
    return ClipTiming(
        request=request,
        seconds=ended - began,
        denoise_seconds=denoised - began,
        decode_seconds=ended - denoised,
        peak_bytes=_process_peak() if peak is None else peak,
    )


def render_to_end(engine: AnimateDiffEngine, render: ClipRender) -> Frames:
    """Step one render to its end and return its frames: (frames, height, width, 3), RGB."""
    while render.steps_done < render.total_steps:
        _step(engine, render)
    return engine.finish(render)


def _step(engine: AnimateDiffEngine, render: ClipRender) -> None:
    # a benchmark has no use for half a result
    for failure in engine.step([render]):
        raise failure.error


def _process_peak() -> int:
    # ru_maxrss counts bytes on macOS and KiB on Linux
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
