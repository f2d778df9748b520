"""Takes the time of one clip in its parts: denoising, decoding; for benchmarks of the engine itself."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass

from generation.request import GenerationRequest
from worker.engine import Frames
from worker.engines.animatediff.engine import AnimateDiffEngine
from worker.engines.animatediff.render import ClipRender


@dataclass(frozen=True, slots=True)
class Measurement:
    """One clip, rendered alone. Seconds from the first step to the frames; encoding the MP4 is not among them.

    peak_bytes: the device's memory at its fullest; on a CPU the whole process's since it started.
    """

    request: GenerationRequest
    seconds: float
    denoise_seconds: float
    decode_seconds: float
    peak_bytes: int

    @property
    def step_seconds(self) -> float:
        """One step, on average."""
        return self.denoise_seconds / self.request.num_inference_steps


def measure(engine: AnimateDiffEngine, request: GenerationRequest, *, clock: Callable[[], float]) -> Measurement:
    """Render one request alone and take the time."""
    engine.device.forget_peak()
    render = engine.begin(request)
    engine.device.synchronize()
    began = clock()
    while render.is_denoising:
        _step(engine, render)
    engine.device.synchronize()
    denoised = clock()
    finish(engine, render)
    ended = clock()
    peak = engine.device.peak_bytes()
    return Measurement(
        request=request,
        seconds=ended - began,
        denoise_seconds=denoised - began,
        decode_seconds=ended - denoised,
        peak_bytes=_process_peak() if peak is None else peak,
    )


def finish(engine: AnimateDiffEngine, render: ClipRender) -> Frames:
    """Step one render to its end."""
    while render.steps_done < render.total_steps:
        _step(engine, render)
    return engine.finish(render)


def _step(engine: AnimateDiffEngine, render: ClipRender) -> None:
    for failure in engine.step([render]):
        raise failure.error


def _process_peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
