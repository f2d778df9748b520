# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Compiling: per served shape, eager until ready, eager again where it fails, kept over restarts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import assert_nearly_equal, clip, failing, frames_of, rows_seen, run, turbo, unet_of
from generation.protocol.request import Endpoint
from worker.engine import DeviceLost, EngineCondition, OutOfMemory
from worker.engines.animatediff import AnimateDiffEngine, Compile, EngineOptions, ForwardShape, ModelSet
from worker.engines.animatediff.compile.backend import SHAPES_AT_MOST, torch_compiler
from worker.engines.animatediff.compile.forwards import OFTEN, CompiledForwards

pytestmark = pytest.mark.engine

GUIDED = ForwardShape(Endpoint.STANDARD, rows=2, frames=8, width=64, height=64)
PLAIN = ForwardShape(Endpoint.STANDARD, rows=1, frames=8, width=64, height=64)


class Compiler:
    """A compiler that only notes what runs through it; `fault` is raised by what it compiled, from that run on."""

    def __init__(self, fault: Exception | None = None, *, from_run: int = 1) -> None:
        self.rows: list[int] = []
        self._fault = fault
        self._from_run = from_run

    def __call__(self, unet: Any) -> Any:
        def compiled(*args: Any, **kwargs: Any) -> Any:
            self.rows.append(len(args[0]))
            if self._fault is not None and len(self.rows) >= self._from_run:
                raise self._fault
            return unet(*args, **kwargs)

        return compiled


def compiling(engine: AnimateDiffEngine, compiler: Compiler, *shapes: ForwardShape) -> AnimateDiffEngine:
    """Let an engine of the test's own compile these shapes with that compiler."""
    assert engine._parts is not None
    engine._parts.runner.denoiser.compiled = CompiledForwards(compiler, shapes)
    return engine


@pytest.fixture
def own(tiny_root: Path) -> AnimateDiffEngine:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()
    return engine


def test_a_shape_runs_eagerly_until_a_quiet_moment_has_compiled_it(own: AnimateDiffEngine) -> None:
    compiler = Compiler()
    compiling(own, compiler, GUIDED)
    expected = frames_of(own, clip())
    assert compiler.rows == []
    assert [own.idle(), own.idle()] == [True, False]
    assert compiler.rows == [2]
    assert_nearly_equal(frames_of(own, clip()), expected)
    assert compiler.rows == [2, 2, 2, 2]


def test_it_tells_its_memory_and_its_models(own: AnimateDiffEngine) -> None:
    condition = own.condition
    assert condition.memory is not None
    assert 0 < condition.memory.free < condition.memory.total
    assert condition.models[:2] == ("base", "motion-adapter")
    assert AnimateDiffEngine(ModelSet.from_folder(Path("nowhere"))).condition == EngineCondition()


def test_only_the_compiled_shape_runs_compiled(own: AnimateDiffEngine) -> None:
    compiler = Compiler()
    compiling(own, compiler, GUIDED)
    own.idle()
    for request in (clip(guidance_scale=1), clip(num_frames=7), turbo(), clip(prompt="a long one " * 20)):
        frames_of(own, request)
    assert compiler.rows == [2]


def test_a_shape_that_cannot_be_compiled_stays_eager_and_is_not_tried_again(
    own: AnimateDiffEngine, engine_log: list[Any]
) -> None:
    compiling(own, Compiler(RuntimeError("C++ compile error")), GUIDED)
    assert [own.idle(), own.idle()] == [True, False]
    failed = [event for event in engine_log if event["log_level"] == "warning"]
    assert [(event["event"], event["reason"]) for event in failed] == [
        ("compiling failed; the shape runs uncompiled", "C++ compile error")
    ]
    assert run(own, clip()).failures == []


def test_compiled_code_that_breaks_in_service_falls_back_to_eager_within_the_same_step(own: AnimateDiffEngine) -> None:
    expected = frames_of(own, clip())
    compiler = Compiler(RuntimeError("guard failed"), from_run=3)
    compiling(own, compiler, GUIDED)
    own.idle()
    result = run(own, clip())
    assert result.failures == []
    assert_nearly_equal(result.frames[0], expected)
    assert compiler.rows == [2, 2, 2]


def test_memory_that_runs_out_in_compiled_code_is_handled_as_elsewhere(own: AnimateDiffEngine) -> None:
    compiling(own, Compiler(torch.OutOfMemoryError("CUDA out of memory"), from_run=2), GUIDED)
    own.idle()
    assert run(own, clip()).failures == []
    compiling(own, Compiler(torch.OutOfMemoryError("CUDA out of memory"), from_run=2), PLAIN)
    own.idle()
    assert [type(f.error) for f in run(own, clip(guidance_scale=1)).failures] == [OutOfMemory]


def test_a_device_lost_in_compiled_code_is_lost(own: AnimateDiffEngine) -> None:
    compiling(own, Compiler(RuntimeError("CUDA error: an illegal memory access"), from_run=2), GUIDED)
    own.idle()
    with pytest.raises(DeviceLost):
        run(own, clip())


def test_an_odd_number_of_rows_runs_as_the_even_one_above_and_draws_the_same(own: AnimateDiffEngine) -> None:
    requests = [clip(), clip(guidance_scale=1, seed=1)]
    alone = [frames_of(own, request) for request in requests]
    compiler = Compiler()
    compiling(own, compiler, replace(GUIDED, rows=4))
    with rows_seen(unet_of(own)) as rows:
        run(own, *requests)  # eagerly: nothing is added before it is compiled
        assert rows == [3, 3, 3]
        own.idle()
        together = run(own, *requests)
    assert compiler.rows == [4] * 4
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)


@pytest.mark.parametrize(
    ("rows", "rows_at_most", "runs_as"),
    [(1, 15, 1), (2, 15, 2), (3, 15, 4), (4, 15, 4), (5, 15, 6), (15, 15, 15), (3, 3, 3), (3, 4, 4)],
)
def test_rows_are_added_to_an_even_number_and_never_beyond_what_the_device_takes(
    rows: int, rows_at_most: int, runs_as: int
) -> None:
    compiled = CompiledForwards(Compiler())
    shape = replace(PLAIN, rows=rows)
    assert compiled.as_compiled(shape, rows_at_most=rows_at_most) == replace(PLAIN, rows=runs_as)


def test_an_odd_number_of_rows_that_was_asked_for_runs_as_it_is(own: AnimateDiffEngine) -> None:
    compiler = Compiler()
    compiling(own, compiler, replace(GUIDED, rows=3))
    own.idle()
    run(own, clip(), clip(guidance_scale=1))
    assert compiler.rows == [3] * 4


def test_no_row_is_added_where_memory_ran_out_with_so_many(own: AnimateDiffEngine) -> None:
    three = [clip(guidance_scale=1, seed=seed) for seed in range(3)]
    with failing(unet_of(own), lambda args: _out_of_memory(len(args[0]) > 6)):
        run(own, *(clip(seed=seed) for seed in range(4)))  # eight rows: from now on four at most
    compiler = Compiler()
    compiling(own, compiler, replace(GUIDED, rows=4))
    own.idle()
    run(own, *three)
    assert compiler.rows == [4] * 4
    assert own._parts is not None
    own._parts.runner.denoiser._rows_that_fit = dict.fromkeys(own._parts.runner.denoiser._rows_that_fit, 3)
    assert run(own, *three).failures == []
    assert compiler.rows == [4] * 4


def _out_of_memory(is_so: bool) -> None:
    if is_so:
        raise torch.OutOfMemoryError("CUDA out of memory")


class Reusing(Compiler):
    """What it compiled writes every result into the same memory, as a CUDA graph does."""

    def __call__(self, unet: Any) -> Any:
        run_once, results = super().__call__(unet), []

        def compiled(*args: Any, **kwargs: Any) -> Any:
            noise = run_once(*args, **kwargs)[0]
            results[:] = results or [torch.empty_like(noise)]
            return (results[0].copy_(noise),)

        return compiled


def test_results_that_share_their_memory_as_those_of_cuda_graphs_do_are_kept_apart(own: AnimateDiffEngine) -> None:
    expected = frames_of(own, clip())
    with failing(unet_of(own), lambda args: _out_of_memory(len(args[0]) > 1)):
        run(own, clip())  # from now on a row at a time: both runs of a guided step before the first result is used
    compiler = Reusing()
    compiling(own, compiler, PLAIN)
    own.idle()
    assert_nearly_equal(frames_of(own, clip()), expected)
    assert compiler.rows == [1] * 7


def test_a_shape_that_is_served_often_is_compiled_next() -> None:
    compiled = CompiledForwards(Compiler())
    for _ in range(OFTEN - 1):
        compiled.forward(len, GUIDED)
    assert compiled.waiting == ()
    compiled.forward(len, GUIDED)
    compiled.forward(len, GUIDED)
    assert compiled.waiting == (GUIDED,)


def test_no_more_shapes_are_compiled_than_memory_is_kept_for() -> None:
    compiled = CompiledForwards(Compiler())
    for frames in range(1, 2 * SHAPES_AT_MOST):
        for _ in range(OFTEN):
            compiled.forward(len, ForwardShape(Endpoint.STANDARD, 1, frames, 64, 64))
    assert len(compiled.waiting) == SHAPES_AT_MOST


def test_a_deterministic_engine_and_a_cpu_compile_nothing_unasked(tiny_root: Path) -> None:
    asked = EngineOptions(compile=Compile.START, shapes=(GUIDED,))
    for engine in (
        AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", deterministic=True, options=asked),
        AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu"),
    ):
        engine.load()
        assert not engine.idle()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_compiles_the_unet_without_a_graph_break_and_draws_the_same(
    tiny_root: Path, engine: AnimateDiffEngine, tmp_path: Path
) -> None:
    shape = ForwardShape(Endpoint.STANDARD, rows=1, frames=2, width=64, height=64)
    options = EngineOptions(
        compile=Compile.START, compile_backend="eager", shapes=(shape,), compile_cache=tmp_path / "cache" / "compiled"
    )
    fast = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=options)
    fast.load()
    assert fast._parts is not None
    assert fast._parts.runner.denoiser.compiled.ready == {shape}
    with torch.compiler.set_stance("fail_on_recompile"):
        for motions in ([], ["zoom-in"], []):
            request = clip(num_frames=2, guidance_scale=1, motions=motions)
            assert_nearly_equal(frames_of(fast, request), frames_of(engine, request))
    assert fast._parts.runner.denoiser.compiled.ready == {shape}


def test_the_compiler_is_torchs_own_with_the_mode_that_was_asked_for() -> None:
    forward = torch_compiler("eager", cuda_graphs=True)(torch.nn.Linear(2, 2))
    assert forward(torch.ones(1, 2)).shape == (1, 2)
