"""The engine on a GPU with random full-size weights: one command, one table. Speed only; the
pictures are noise.

    python benchmarks/gpu_engine.py              # at most eight minutes on one card
    python benchmarks/gpu_engine.py --eager      # without compiling
    python benchmarks/gpu_engine.py --dry-run    # small models on the CPU: tries the script itself

Each row is printed as soon as it is measured, what matters most first: eager clips, the stock
pipeline beside them, the queue, then the rest, and compiling last. What does not fit into the time
is named as left out. Needs the worker extra and no model files. Stock is diffusers'
`AnimateDiffPipeline` as its documentation runs it: float16, SDPA, eager, PIL frames; turbo with its
LoRA's weights already fused.
"""

import argparse
import datetime
import logging
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import diffusers
import random_models
import torch
from report import quiet

from generation.protocol.request import Endpoint, GenerationRequest, Motion, VideoSizePreset
from worker.engines.animatediff import Compile, EngineOptions, ForwardShape, ModelSet
from worker.engines.animatediff.clip_timing import ClipTiming, render_to_end, time_clip
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.engine import AnimateDiffEngine

FLOOR_SECONDS = {Endpoint.STANDARD: 1.17, Endpoint.TURBO: 0.14}
"""At 16 × 512 × 512, defaults, full size: computed FLOPs at 790 TFLOP/s, what an H200 attains in
bfloat16."""
TARGET_SECONDS = {Endpoint.STANDARD: 2.2, Endpoint.TURBO: 0.30}
QUEUE_LENGTH = 32
MINUTES = 8.0
COMPILE_MINUTES = 3.5
"""What must be left for compiling two shapes and measuring them; a guess, because it was never
measured on a GPU."""


@dataclass(frozen=True)
class Setup:
    """What to measure with; `rounds`: how often each clip is timed."""

    size: random_models.Size
    device: str
    compile: bool
    cuda_graphs: bool
    frame: dict[str, Any]
    queue_length: int = QUEUE_LENGTH
    presets: tuple[VideoSizePreset, ...] = tuple(VideoSizePreset)
    rounds: int = 3

    @property
    def is_full_size(self) -> bool:
        """Whether floors and targets apply."""
        return self.size is random_models.FULL

    @property
    def is_cuda(self) -> bool:
        return self.device.startswith("cuda")

    def engine(
        self, *, compiled: bool = False, fast_decode: bool = False, **options: Any
    ) -> AnimateDiffEngine:
        """A loaded engine over random models, with the shapes that are served compiled or
        nothing."""
        served = [(Endpoint.STANDARD, 2), (Endpoint.TURBO, 1), (Endpoint.TURBO, 2)]
        shapes = [self._shape(endpoint, rows) for endpoint, rows in served]
        chosen = EngineOptions(
            compile=Compile.START if compiled else Compile.OFF,
            cuda_graphs=self.cuda_graphs,
            shapes=tuple(shapes),
            **options,
        )
        nowhere = ModelSet(Path("random"), Path("random"))
        engine = AnimateDiffEngine(
            nowhere,
            device=self.device,
            options=chosen,
            loader=lambda _, device, options: self._models(
                device.name, device.dtype(options.dtype), fast_decode=fast_decode
            ),
        )
        engine.load()
        return engine

    def _models(self, device: str, dtype: Any, *, fast_decode: bool) -> Any:
        made = random_models.models(self.size, device, dtype)
        # as the engine's own loader places it
        made.vae = made.vae.to(device, **Device(device).layout)
        if fast_decode:
            made.vae = random_models.ready(random_models.taesd(), device, dtype)
        return made

    def _shape(self, endpoint: Endpoint, rows: int) -> ForwardShape:
        asked = self.request(endpoint)
        return ForwardShape(endpoint, rows, asked.num_frames, *asked.pixels)

    def request(self, endpoint: Endpoint, **fields: Any) -> GenerationRequest:
        """A request with the endpoint's own defaults."""
        asked = {
            "endpoint": endpoint,
            "prompt": "a paper boat on a stormy sea",
            "seed": 0,
            **self.frame,
            **fields,
        }
        return GenerationRequest.model_validate(asked)


def best_of(times: int, run: Callable[[], ClipTiming]) -> ClipTiming:
    """The run that was disturbed least, after one that does not count."""
    return min([run() for _ in range(1 + times)][1:], key=lambda m: m.seconds)


def engine_rows(setup: Setup, engine: AnimateDiffEngine, name: str) -> Iterator[tuple[str, str]]:
    """Whole clips alone, with their parts, beside floor and target."""
    for endpoint in Endpoint:
        request = setup.request(endpoint)
        best = best_of(setup.rounds, partial(time_clip, engine, request, clock=time.perf_counter))
        yield f"{name}, {endpoint.label}, clip", beside_targets(setup, endpoint, best.seconds)
        yield f"{name}, {endpoint.label}, a step", f"{best.step_seconds * 1000:.1f} ms"
        yield f"{name}, {endpoint.label}, decoding", f"{best.decode_seconds * 1000:.0f} ms"


def beside_targets(setup: Setup, endpoint: Endpoint, seconds: float) -> str:
    """Seconds beside the floor and the target."""
    if not setup.is_full_size:
        return f"{seconds:.3f} s"
    floor, target = FLOOR_SECONDS[endpoint], TARGET_SECONDS[endpoint]
    return (
        f"{seconds:.3f} s ({floor / seconds:.0%} of the speed of an H200's floor; target "
        f"{target:.2f} s)"
    )


SHORTCUTS: dict[str, dict[str, Any]] = {
    "`reuse_every` 3": {"reuse_every": 3},
    "`guided_share` 0.6": {"guided_share": 0.6},
    "TAESD": {"fast_decode": True},
}


def shortcut_rows(setup: Setup) -> Iterator[tuple[str, str]]:
    """Whole clips with something left out, eager: each on a new engine."""
    for name, options in SHORTCUTS.items():
        engine = setup.engine(**options)
        for endpoint in Endpoint if "fast_decode" in options else (Endpoint.STANDARD,):
            request = setup.request(endpoint)
            one_clip = partial(time_clip, engine, request, clock=time.perf_counter)
            best = best_of(min(2, setup.rounds), one_clip)
            yield f"eager, {name}, {endpoint.label}, clip", f"{best.seconds:.3f} s"
        engine.close()


def preset_rows(setup: Setup, engine: AnimateDiffEngine) -> Iterator[tuple[str, str]]:
    """Memory and a step's time at every size, with guidance."""
    for preset in setup.presets:
        request = setup.request(Endpoint.STANDARD, video_size=preset, num_inference_steps=2)
        found = best_of(
            1, lambda request=request: time_clip(engine, request, clock=time.perf_counter)
        )
        memory = f"{found.peak_bytes / 2**30:.1f} GiB at its fullest"
        yield f"{preset.value}, guided", f"{found.step_seconds * 1000:.0f} ms a step, {memory}"


def motion_row(engine: AnimateDiffEngine) -> Iterator[tuple[str, str]]:
    """What merging and unmerging a camera motion costs."""
    if engine._parts is None:  # noqa: SLF001
        return
    merger = engine._parts.runner.unets.motions(Endpoint.STANDARD)  # noqa: SLF001
    taken = []
    with torch.inference_mode():
        for motions in ([Motion.ZOOM_IN], []) * 3:
            engine.device.synchronize()
            began = time.perf_counter()
            merger.set(motions)
            engine.device.synchronize()
            taken.append(time.perf_counter() - began)
    yield "camera motion on, off", f"{taken[-2] * 1000:.1f} ms, {taken[-1] * 1000:.1f} ms"


def stock_rows(setup: Setup, engine: AnimateDiffEngine) -> Iterator[tuple[str, str]]:
    """The stock pipeline, and how many times quicker ours is in the same run."""
    for endpoint in Endpoint:
        request = setup.request(endpoint)
        theirs = random_models.stock_seconds(setup.size, setup.device, request, rounds=setup.rounds)
        ours = best_of(
            setup.rounds,
            lambda request=request: time_clip(engine, request, clock=time.perf_counter),
        ).seconds
        target = " (target 2)" if setup.is_full_size else ""
        yield (
            f"stock, {endpoint.label}, clip",
            f"{theirs:.3f} s; ours is {theirs / ours:.2f} times as quick{target}",
        )
        yield (
            f"stock, {endpoint.label}, its settings",
            random_models.stock_settings(setup.device, request),
        )


def mixed_requests(setup: Setup) -> list[GenerationRequest]:
    """One standard clip to three turbo clips."""
    kinds = [Endpoint.STANDARD, *[Endpoint.TURBO] * 3] * (setup.queue_length // 4)
    return [setup.request(kind, seed=i) for i, kind in enumerate(kinds)]


def queue_waits(
    engine: AnimateDiffEngine, requests: Sequence[GenerationRequest], at_once: int
) -> list[float]:
    """All requests arrive at the start, `at_once` of them active; seconds until each has its
    frames."""
    began, waits = time.perf_counter(), [0.0] * len(requests)
    waiting, active = list(enumerate(requests)), {}
    while waiting or active:
        while waiting and len(active) < at_once:
            number, request = waiting.pop(0)
            active[number] = engine.begin(request)
        engine.step(list(active.values()))
        for number in [
            n for n, render in active.items() if render.steps_done == render.total_steps
        ]:
            engine.finish(active.pop(number))
            waits[number] = time.perf_counter() - began
    return waits


def queue_rows(setup: Setup, engine: AnimateDiffEngine) -> Iterator[tuple[str, str]]:
    """The mixed load: one at a time, and shared among as many as the engine takes."""
    requests = mixed_requests(setup)
    render_to_end(engine, engine.begin(requests[0]))
    for name, at_once in (
        ("one at a time", 1),
        (f"{engine.max_active} under way", engine.max_active),
    ):
        waits = queue_waits(engine, requests, at_once)
        turbo = [w for w, r in zip(waits, requests, strict=True) if r.endpoint is Endpoint.TURBO]
        p95 = statistics.quantiles(turbo, n=20)[-1]
        rate = f"{60 * len(requests) / max(waits):.1f} clips a minute"
        yield (
            f"{len(requests)} mixed, {name}",
            f"{rate}; turbo waits {statistics.mean(turbo):.2f} s, p95 {p95:.2f} s",
        )


Rows = Iterator[tuple[str, str]]


def parts(setup: Setup) -> Iterator[tuple[str, float, Callable[[], Rows]]]:
    """The parts of the table in their order: a name, the minutes that must be left, and what
    measures it."""
    eager = setup.engine(compiled=False)
    yield "eager clips", 0, partial(engine_rows, setup, eager, "eager")
    yield "the stock pipeline", 0.5, partial(stock_rows, setup, eager)
    yield "a queue", 0.5, partial(queue_rows, setup, eager)
    yield "sizes", 0.5, partial(preset_rows, setup, eager)
    yield "camera motions", 0.1, partial(motion_row, eager)
    eager.close()
    yield "shortcuts", 1, partial(shortcut_rows, setup)
    if setup.compile:
        yield "compiling", COMPILE_MINUTES, partial(compiled_rows, setup)


def compiled_rows(setup: Setup) -> Rows:
    """What compiling takes, and the same clips after it."""
    began = time.perf_counter()
    engine = setup.engine(compiled=True)
    yield "compiling", f"{time.perf_counter() - began:.0f} s"
    yield from engine_rows(setup, engine, "compiled")
    engine.close()


def rows(setup: Setup, minutes_left: Callable[[], float]) -> Rows:
    """Every line of the table, as it is measured."""
    for name, needed, measured in parts(setup):
        # a dry run tries everything
        if setup.is_full_size and minutes_left() < needed:
            yield name, "left out: the time was over"
        else:
            yield from measured()


def setting(setup: Setup) -> str:
    """Date, device and versions."""
    device = (
        torch.cuda.get_device_name(setup.device)
        if setup.is_cuda
        else "CPU: a dry run, its numbers mean nothing"
    )
    today = datetime.datetime.now(tz=datetime.UTC).date()
    graphs = "with" if setup.cuda_graphs else "without"
    return (
        f"{today}, {device}, torch {torch.__version__}, diffusers {diffusers.__version__}, "
        f"{graphs} CUDA graphs"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--eager", action="store_true", help="compile nothing")
    parser.add_argument("--cuda-graphs", action="store_true", help="compile with CUDA graphs")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long it may take")
    parser.add_argument(
        "--dry-run", action="store_true", help="small models and clips on the CPU, nothing compiled"
    )
    asked = parser.parse_args()
    ends = time.monotonic() + 60 * asked.minutes
    quiet(shown=logging.WARNING)
    setup = dry_run() if asked.dry_run else full_run(asked)
    print(f"{setting(setup)}\n\n| what | measured |\n|---|---|", flush=True)
    for name, value in rows(setup, lambda: (ends - time.monotonic()) / 60):
        print(f"| {name} | {value} |", flush=True)


def full_run(asked: argparse.Namespace) -> Setup:
    """The real models' sizes, on a GPU."""
    return Setup(random_models.FULL, asked.device, not asked.eager, asked.cuda_graphs, frame={})


def dry_run() -> Setup:
    """Everything once and small, on any machine: that the script works, and no number."""
    tiny = {"num_frames": 2, "video_size": {"width": 64, "height": 64}, "num_inference_steps": 1}
    return Setup(
        size=random_models.SMALL,
        device="cpu",
        compile=False,
        cuda_graphs=False,
        frame=tiny,
        queue_length=4,
        presets=(),
        rounds=1,
    )


if __name__ == "__main__":
    main()
