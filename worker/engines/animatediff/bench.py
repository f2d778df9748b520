"""Measures this machine: seconds per clip for each size and endpoint, memory, clips per hour. Feeds the estimates."""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from generation.request import Endpoint, GenerationRequest, VideoSizePreset
from worker.engine import Frames
from worker.engines.animatediff.engine import AnimateDiffEngine
from worker.engines.animatediff.render import ClipRender

PROMPT: Final = "a paper boat on a stormy sea"


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

    @property
    def clips_per_hour(self) -> float:
        """How many such clips an hour holds, one after the other."""
        return 3600 / self.seconds


def bench_requests(
    presets: Iterable[VideoSizePreset] = tuple(VideoSizePreset),
    endpoints: Iterable[Endpoint] = tuple(Endpoint),
    **fields: object,
) -> Iterator[GenerationRequest]:
    """Each endpoint's own defaults at each size; `fields` replaces others, such as the number of frames."""
    wanted = list(endpoints)
    for preset in presets:
        for endpoint in wanted:
            yield GenerationRequest.model_validate(
                {"endpoint": endpoint, "prompt": PROMPT, "seed": 0, "video_size": preset, **fields}
            )


def bench(
    engine: AnimateDiffEngine,
    requests: Iterable[GenerationRequest],
    *,
    warm_up: bool = True,
    report: Callable[[Measurement], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measurement]:
    """Measure each request on a loaded engine and report it at once.

    warm_up: run one step and the decoding first, so that nothing measured is done for the first time.

    Raises:
        EngineError: as the engine raises it; what was measured before has been reported.
    """
    measured = []
    for request in requests:
        engine.check(request)
        if warm_up:
            measure(engine, request.model_copy(update={"num_inference_steps": 1}), clock=clock)
        measured.append(measure(engine, request, clock=clock))
        report(measured[-1])
    return measured


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


def table(measured: Sequence[Measurement]) -> str:
    """The measurements as a table for a terminal."""
    heads = f"{'size':>12} {'endpoint':>9} {'steps':>5} {'s/clip':>8} {'s/step':>8} {'decode s':>8}"
    lines = [f"{heads} {'GB':>6} {'clips/h':>8}"]
    for m in measured:
        width, height = m.request.pixels
        lines.append(
            f"{f'{width}×{height}':>12} {m.request.endpoint.label:>9} {m.request.num_inference_steps:>5} "
            f"{m.seconds:>8.2f} {m.step_seconds:>8.3f} {m.decode_seconds:>8.2f} {m.peak_bytes / 1e9:>6.1f} "
            f"{m.clips_per_hour:>8.0f}"
        )
    return "\n".join(lines)
