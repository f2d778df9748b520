"""What compiling beside the worker does to the first clips: how long they take meanwhile, next to
the same clips of an engine that compiles nothing.

Wall time, because the question is whether members wait. The helper really runs inductor; the clips
begin the moment it has been started, and count only while it works.
"""

import statistics
import time
from pathlib import Path

from doubles.worker.rendering import clip
from generation.protocol.request import Endpoint
from worker.engines.animatediff import Compile, EngineOptions, ForwardShape, ModelSet
from worker.engines.animatediff.clip_timing import render_to_end
from worker.engines.animatediff.engine import AnimateDiffEngine

REQUEST = clip(num_frames=16, num_inference_steps=25)
SHAPE = ForwardShape(Endpoint.STANDARD, rows=2, frames=16, width=64, height=64)
CLIPS = 5
TARGET = 1.3


def loaded(models: Path, cache: Path, compiling: Compile) -> AnimateDiffEngine:
    """An engine that is ready for its first clip."""
    options = EngineOptions(compile=compiling, shapes=(SHAPE,), compile_cache=cache)
    engine = AnimateDiffEngine(ModelSet.from_folder(models), device="cpu", options=options)
    engine.load()
    return engine


def clips_of(engine: AnimateDiffEngine) -> list[float]:
    """Wall time of the first clips after "ready", one after the other."""
    taken = []
    for _ in range(CLIPS):
        began = time.perf_counter()
        render_to_end(engine, engine.begin(REQUEST))
        taken.append(time.perf_counter() - began)
    return taken


def clips_beside(models: Path, cache: Path) -> list[float]:
    """The same while the helper compiles."""
    engine = loaded(models, cache, Compile.IDLE)
    # what the worker's loop does after three quiet seconds: it starts the helper
    engine.idle()
    taken = clips_of(engine)
    # asked once more: had the helper ended meanwhile, the shape would be compiled by now
    engine.idle()
    state = engine.compiling
    engine.close()
    if state is None or not state.waiting:
        raise SystemExit("The helper was done before the clips were: nothing was measured.")
    return taken


def compiling_lines(models: Path, folder: Path) -> list[str]:
    """The table, as Markdown. Eager clips are measured before and after, and both count."""
    before = clips_of(loaded(models, folder / "none", Compile.OFF))
    during = clips_beside(models, folder / "cache")
    after = clips_of(loaded(models, folder / "none", Compile.OFF))
    rows = {"nothing compiles, before": before, "the helper compiles beside": during}
    rows["nothing compiles, after"] = after
    first = during[0] / statistics.mean((before[0], after[0]))
    usual = statistics.median(during) / statistics.median(before + after)
    return [
        f'| standard, 25 steps; wall time | the first after "ready" | median of {CLIPS} |',
        "|---|---|---|",
        *(
            f"| {name} | {taken[0]:.2f} s | {statistics.median(taken):.2f} s |"
            for name, taken in rows.items()
        ),
        f"| ratio (target ≤ {TARGET}) | **{first:.2f}** | **{usual:.2f}** |",
    ]
