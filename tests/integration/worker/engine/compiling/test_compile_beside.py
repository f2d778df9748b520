# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Compiling in a process beside the worker: clips run eagerly meanwhile, and what breaks there breaks nothing here."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from generation.protocol.request import Endpoint
from worker.engines.animatediff import ForwardShape
from worker.engines.animatediff.compile.attempts import CompileAttempts
from worker.engines.animatediff.compile.beside import CompileBeside
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.helper import COMPILE_SECONDS, CompileHelper, CompileOrder, HelperProgress
from worker.engines.animatediff.compile.programs import Program
from worker.engines.animatediff.compile.shapes import DecodeShape

pytestmark = pytest.mark.engine

SHAPE = ForwardShape(Endpoint.STANDARD, rows=1, frames=2, width=64, height=64)
SMALL = DecodeShape(frames=2, width=64, height=64, dtype="float32")
ORDER = CompileOrder(SHAPE, {"a": [1]}, "float32", "cpu", 8, "eager", cuda_graphs=False)
ENDS_WELL = "import sys; sys.stdin.readline()"
BREAKS = "import sys; sys.stdin.readline(); sys.exit('torch: no such operator')"
NEVER_ENDS = "import sys; sys.stdin.read()"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "restored after the test")


def compiling(
    folder: Path, code: str, *shapes: Any, has_room: Callable[[Any], bool] = lambda _: True
) -> tuple[CompiledForwards, CompileHelper]:
    """Compiles these shapes in `folder` with a helper that runs `code`."""
    helper = CompileHelper(folder, (sys.executable, "-c", code))
    beside = CompileBeside(helper, lambda _: ORDER, has_room)
    return CompiledForwards(lambda _: lambda *_: None, shapes or [SHAPE], folder, beside=beside), helper


def advance(compiled: CompiledForwards) -> bool:
    return compiled.compile_next(lambda _: Program(lambda: None, lambda function: function()))


def ended(helper: CompileHelper) -> None:
    """Wait until its process is over."""
    assert helper.process is not None
    helper.process.wait()


def test_a_shape_stays_eager_until_the_process_beside_has_filled_the_cache(tmp_path: Path) -> None:
    compiled, helper = compiling(tmp_path, ENDS_WELL)
    assert advance(compiled)
    assert compiled.waiting == (SHAPE,)
    ended(helper)
    assert advance(compiled)
    assert (compiled.ready, compiled.waiting) == ({SHAPE}, ())
    assert not advance(compiled)


def test_a_shape_on_which_the_process_breaks_stays_eager_also_after_a_restart(
    tmp_path: Path, engine_log: list[Any]
) -> None:
    compiled, helper = compiling(tmp_path, BREAKS)
    advance(compiled)
    ended(helper)
    assert advance(compiled)
    assert (compiled.ready, compiled.waiting) == (frozenset(), ())
    assert engine_log[-1]["reason"] == "torch: no such operator"
    assert compiling(tmp_path, NEVER_ENDS)[0].waiting == ()


def test_a_process_that_takes_too_long_is_ended_and_counts_as_broken(tmp_path: Path) -> None:
    now = [0.0]
    helper = CompileHelper(tmp_path, (sys.executable, "-c", NEVER_ENDS), clock=lambda: now[0])
    assert helper.progress() is None
    helper.begin(ORDER)
    assert helper.progress() is HelperProgress.RUNNING
    now[0] = COMPILE_SECONDS
    assert helper.progress() is HelperProgress.BROKE
    assert helper.progress() is None


def test_the_process_is_stopped_for_its_memory_and_started_again_later(tmp_path: Path) -> None:
    compiled, _ = compiling(tmp_path, NEVER_ENDS)
    assert not compiled.stop_beside()
    advance(compiled)
    assert compiled.stop_beside()
    assert not compiled.stop_beside()
    assert advance(compiled)
    assert compiled.stop_beside()
    assert compiled.waiting == (SHAPE,)
    compiled.close()


def test_a_process_that_the_service_manager_ends_is_no_reason_to_give_a_shape_up(tmp_path: Path) -> None:
    compiled, helper = compiling(tmp_path, NEVER_ENDS)
    advance(compiled)
    assert helper.process is not None
    helper.process.terminate()
    ended(helper)
    assert advance(compiled)
    assert compiled.waiting == (SHAPE,)
    compiled.close()
    assert compiling(tmp_path, NEVER_ENDS)[0].waiting == (SHAPE,)


def test_what_has_no_room_beside_the_worker_stays_eager_and_lets_smaller_shapes_pass(
    tmp_path: Path, engine_log: list[Any]
) -> None:
    nothing, _ = compiling(tmp_path / "none", ENDS_WELL, has_room=lambda _: False)
    assert [advance(nothing), advance(nothing)] == [False, False]
    assert [event["event"] for event in engine_log] == ["a shape stays eager for now"]
    compiled, helper = compiling(tmp_path / "some", ENDS_WELL, SHAPE, SMALL, has_room=lambda shape: shape == SMALL)
    advance(compiled)
    ended(helper)
    advance(compiled)
    assert (compiled.ready, compiled.waiting) == ({SMALL}, (SHAPE,))
    assert not advance(compiled)


def test_an_order_arrives_as_it_was_sent() -> None:
    for shape in (SHAPE, SMALL):
        order = CompileOrder(shape, {"a": [1, None]}, "float16", "cuda:1", 768, "inductor", cuda_graphs=True)
        assert CompileOrder.from_line(order.to_line()) == order


def test_a_shape_that_ended_the_worker_is_not_tried_again_until_torch_changes(tmp_path: Path) -> None:
    CompileAttempts(tmp_path, version="2.13").begin(SHAPE)
    assert CompileAttempts(tmp_path, version="2.13").has_failed(SHAPE)
    assert CompileAttempts(tmp_path, version="2.13").has_failed(SHAPE)
    assert not CompileAttempts(tmp_path, version="2.14").has_failed(SHAPE)
    survived = CompileAttempts(tmp_path / "other", version="2.13")
    survived.begin(SMALL)
    survived.succeeded()
    assert not CompileAttempts(tmp_path / "other", version="2.13").has_failed(SMALL)
    (tmp_path / "attempts.json").write_text("[]")
    assert not CompileAttempts(tmp_path, version="2.13").has_failed(SHAPE)
