"""The engine against diffusers' own AnimateDiffPipeline on this machine's CPU, with the tiny
random-weight models.

    python benchmarks/engine_cpu.py            # about four minutes; prints Markdown tables

Nothing here says how fast real models are: the tiny set has a thousandth of their weights. What it
shows are ratios: the same pictures, the cost of our own loop for each step, and what sharing the
steps does to a mixed queue, and that no clip waits while shapes compile. Time is processor time:
everything runs on one thread, so other programs on the machine hardly count. Only the last table is
wall time, and wants a quiet machine.
"""

import argparse
import datetime
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

import diffusers  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from engine_cpu_parts.compiling import compiling_lines  # noqa: E402
from report import quiet  # noqa: E402

from doubles.worker.rendering import clip, stock_frames, stock_output, stock_pipeline, turbo  # noqa: E402
from doubles.worker.tiny_models import make_model_set  # noqa: E402
from generation.protocol.request import Endpoint, GenerationRequest  # noqa: E402
from worker.engines.animatediff import EngineOptions, ModelSet  # noqa: E402
from worker.engines.animatediff.clip_timing import render_to_end  # noqa: E402
from worker.engines.animatediff.engine import AnimateDiffEngine  # noqa: E402

FRAMES = {"num_frames": 16, "negative_prompt": "bad quality"}
STEPS, ROUNDS, QUEUES = 15, 6, 3
CLOCK = time.process_time
TWO_ROWS = 2 * 16 * 8 * 8
"""Latent pixels of what shares a forward at 512 × 512, at the 64 × 64 of this benchmark."""


@dataclass(frozen=True)
class Comparison:
    """Ours and the stock pipelines over the same files; `narrow` shares as little as at 512 ×
    512."""

    engine: AnimateDiffEngine
    narrow: AnimateDiffEngine
    stock: dict[Endpoint, Any]
    fused: Any

    @classmethod
    def prepare(cls, root: Path) -> "Comparison":
        make_model_set(root)
        options = (EngineOptions(), EngineOptions(shared_work_at_most=TWO_ROWS))
        engines = [
            AnimateDiffEngine(ModelSet.from_folder(root), device="cpu", options=o) for o in options
        ]
        for engine in engines:
            engine.load()
        fused = stock_pipeline(root, Endpoint.TURBO)
        fused.fuse_lora(adapter_names=["lcm"])
        fused.unload_lora_weights()
        return cls(
            *engines, {endpoint: stock_pipeline(root, endpoint) for endpoint in Endpoint}, fused
        )


def our_steps(engine: AnimateDiffEngine, request: GenerationRequest) -> list[float]:
    """Seconds of each step but the first."""
    render, taken = engine.begin(request), []
    while render.is_denoising:
        began = CLOCK()
        engine.step([render])
        taken.append(CLOCK() - began)
    return taken[1:]


def stock_steps(pipe: Any, request: GenerationRequest) -> list[float]:
    """Seconds of each step of the stock pipeline but the first, by its callback."""
    marks: list[float] = []

    def mark(*args: Any) -> Any:
        marks.append(CLOCK())
        return args[-1]

    stock_output(pipe, request, callback_on_step_end=mark, output_type="latent")
    return list(np.diff(marks))


def compare_pictures(engine: AnimateDiffEngine, pipe: Any, request: GenerationRequest) -> str:
    """How many bytes of the frames differ, and by how much."""
    ours = render_to_end(engine, engine.begin(request)).astype(int)
    theirs = stock_frames(pipe, request).astype(int)
    difference = np.abs(ours - theirs)
    return (
        f"{np.count_nonzero(difference)} of {difference.size:,} bytes differ, by at most "
        f"{difference.max()}"
    )


def compare_steps(
    engine: AnimateDiffEngine, pipe: Any, request: GenerationRequest
) -> tuple[float, float]:
    """Median seconds of a step, ours and theirs, measured alternately, so that other programs
    disturb both alike."""
    our_steps(engine, request), stock_steps(pipe, request)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        ours += our_steps(engine, request)
        theirs += stock_steps(pipe, request)
    return statistics.median(ours), statistics.median(theirs)


@dataclass(frozen=True)
class Queue:
    """A queue of requests that all arrived at the start: seconds until each had its frames."""

    waits: list[float]
    requests: Sequence[GenerationRequest]

    @property
    def total(self) -> float:
        return max(self.waits)

    def mean_wait(self, endpoint: Endpoint) -> float:
        return statistics.mean(
            w for w, r in zip(self.waits, self.requests, strict=True) if r.endpoint is endpoint
        )


def one_at_a_time(
    requests: Sequence[GenerationRequest], render: Callable[[GenerationRequest], object]
) -> Queue:
    """In the order of arrival, each to its end."""
    began, waits = CLOCK(), []
    for request in requests:
        render(request)
        waits.append(CLOCK() - began)
    return Queue(waits, requests)


def shared(engine: AnimateDiffEngine, requests: Sequence[GenerationRequest]) -> Queue:
    """All at once, as the worker's loop does it."""
    began = CLOCK()
    renders = [engine.begin(request) for request in requests]
    waits: dict[int, float] = {}
    while len(waits) < len(renders):
        engine.step([r for i, r in enumerate(renders) if i not in waits])
        for i, render in enumerate(renders):
            if i not in waits and render.steps_done == render.total_steps:
                engine.finish(render)
                waits[i] = CLOCK() - began
    return Queue([waits[i] for i in range(len(renders))], requests)


def mixed_queue() -> list[GenerationRequest]:
    """Two standard clips of 25 steps and six turbo clips of 4, as they come in: S T T T S T T T."""
    kinds = [clip, turbo, turbo, turbo] * 2
    steps = {clip: 25, turbo: 4}
    return [kind(seed=i, num_inference_steps=steps[kind], **FRAMES) for i, kind in enumerate(kinds)]


def compare_queues(comparison: Comparison) -> dict[str, Queue]:
    """The mixed queue in each setting, alternately; of each the run that was disturbed least."""
    requests = mixed_queue()
    settings: dict[str, Callable[[], Queue]] = {
        "stock, one at a time": lambda: one_at_a_time(
            requests, lambda r: stock_frames(comparison.stock[r.endpoint], r)
        ),
        "ours, one at a time": lambda: one_at_a_time(
            requests, lambda r: render_to_end(comparison.engine, comparison.engine.begin(r))
        ),
        "ours, shared": lambda: shared(comparison.engine, requests),
        "ours, shared by two rows": lambda: shared(comparison.narrow, requests),
    }
    runs = [{name: run() for name, run in settings.items()} for _ in range(QUEUES)]
    return {
        name: min((run[name] for run in runs), key=lambda queue: queue.total) for name in settings
    }


def queue_lines(queues: dict[str, Queue]) -> list[str]:
    """Seconds, and their ratios to the stock pipeline."""
    rows = {
        name: (queue.total, queue.mean_wait(Endpoint.TURBO), queue.mean_wait(Endpoint.STANDARD))
        for name, queue in queues.items()
    }
    base = next(iter(rows.values()))
    return [
        f"| {name} | "
        + " | ".join(f"{v:.2f} s ({v / b:.2f})" for v, b in zip(row, base, strict=True))
        + " |"
        for name, row in rows.items()
    ]


def queue_targets(queues: dict[str, Queue]) -> list[str]:
    """What sharing changes, against ours one at a time, beside the targets."""
    alone, together = queues["ours, one at a time"], queues["ours, shared"]
    ratios = {e: together.mean_wait(e) / alone.mean_wait(e) for e in Endpoint}
    targets = {Endpoint.TURBO: 0.4, Endpoint.STANDARD: 1.15}
    return [
        "| sharing, against ours one at a time | ratio of the mean wait | target |",
        "|---|---|---|",
        *(f"| {e.label} | **{ratios[e]:.3f}** | ≤ {targets[e]} |" for e in targets),
    ]


def step_lines(comparison: Comparison) -> list[str]:
    """One line for each baseline: how many bytes differ and what a step costs."""
    lines = []
    baselines = (
        ("standard, guidance 7.5", clip, comparison.stock[Endpoint.STANDARD], 0.90),
        (
            "turbo, guidance 1; stock's LoRA attached, as documented",
            turbo,
            comparison.stock[Endpoint.TURBO],
            0.80,
        ),
        ("turbo, guidance 1; stock's LoRA fused", turbo, comparison.fused, 0.95),
    )
    for name, make, pipe, target in baselines:
        request = make(num_inference_steps=STEPS, **FRAMES)
        pictures = compare_pictures(comparison.engine, pipe, request)
        ours, theirs = (
            1000 * seconds for seconds in compare_steps(comparison.engine, pipe, request)
        )
        lines.append(
            f"| {name} | {pictures} | {ours:.1f} ms | {theirs:.1f} ms | **{ours / theirs:.3f}** "
            f"| ≤ {target} |"
        )
    return lines


def setting() -> str:
    """Date, machine and versions."""
    today, load = datetime.datetime.now(tz=datetime.UTC).date(), os.getloadavg()[0]
    machine = f"{os.cpu_count()}-core CPU ({platform.machine()}), {memory_gib()} GiB, no GPU"
    versions = (
        f"Python {platform.python_version()}, torch {torch.__version__}, diffusers "
        f"{diffusers.__version__}"
    )
    return (
        f"{today}: {machine}, {torch.get_num_threads()} torch thread(s), load {load:.1f} at "
        f"the start; {versions}."
    )


def report(comparison: Comparison, models: Path, folder: Path) -> str:
    """The whole report, as Markdown. `folder`: where compiled code may be kept."""
    lines = [
        f"Measured on {setting()} Processor time.",
        (
            "Tiny random-weight models, float32, 16 frames of 64 × 64; stock = "
            "`AnimateDiffPipeline`, eager, same files."
        ),
        "",
        f"| {STEPS} steps, alone | pictures | ours, a step | stock, a step | ratio | target |",
        "|---|---|---|---|---|---|",
        *step_lines(comparison),
        "",
        (
            "| 8 requests at once (2 × 25 steps, 6 × turbo 4) | all done after | mean wait, turbo "
            "| mean wait, standard |"
        ),
        "|---|---|---|---|",
        *queue_lines(queues := compare_queues(comparison)),
        "",
        *queue_targets(queues),
        "",
        *compiling_lines(models, folder),
        "",
        (
            "Steps: medians, ours and stock in turns. Queues: the best of 3 runs each. In "
            "brackets: ratio to stock."
        ),
    ]
    return "\n".join(lines)


def memory_gib() -> int:
    """The machine's memory, rounded up to whole GiB."""
    return -(-os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**30)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default: 1)")
    torch.set_num_threads(parser.parse_args().threads)
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        print(report(Comparison.prepare(models), models, Path(folder)))


if __name__ == "__main__":
    main()
