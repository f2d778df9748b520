# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""What only a GPU does (events, a second stream, memory counts), walked through on a CPU that answers for one.

It proves that these paths hang together, not that a GPU is quick: torch's own CUDA calls are replaced.
"""

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import assert_nearly_equal, clip, frames_of, turbo
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet
from worker.engines.animatediff.assembly import EngineParts, assemble
from worker.engines.animatediff.batching.grouping import BatchKey
from worker.engines.animatediff.device import STEPS_AHEAD, Device
from worker.engines.animatediff.durations import StepDurations
from worker.engines.animatediff.memory.estimates import frames_decoded_at_once, rows_in_memory
from worker.engines.animatediff.models.load import load_models
from worker.engines.animatediff.render import ClipRender

pytestmark = pytest.mark.engine

GIB = 2**30


class Event:
    """An event that has happened once it was waited for, or asked about three times."""

    def __init__(self, *, enable_timing: bool = False) -> None:
        self.at = 0.0
        self.asked = 0
        self.waited_for = False

    def record(self) -> None:
        self.at = time.perf_counter()

    def query(self) -> bool:
        self.asked += 1
        return self.waited_for or self.asked > 3

    def synchronize(self) -> None:
        self.waited_for = True

    def elapsed_time(self, end: "Event") -> float:
        return (end.at - self.at) * 1000


class Stream:
    """A stream that records what it waits for."""

    def __init__(self, _: str = "") -> None:
        self.waited_for: list[Any] = []

    def wait_stream(self, other: Any) -> None:
        self.waited_for.append(other)


class AnsweringForCuda(Device):
    """A CPU that says it is a GPU with 24 GiB."""

    def describe(self, dtype: Any) -> None:
        """Torch cannot say which attention a GPU that is not there would use."""

    @property
    def is_cuda(self) -> bool:
        return True


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> AnsweringForCuda:
    plain_empty = torch.empty

    def empty(*args: Any, pin_memory: bool = False, **more: Any) -> Any:
        assert pin_memory in (True, False)  # pinning is what a CPU cannot do
        return plain_empty(*args, **more)

    monkeypatch.setattr(torch, "empty", empty)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda *_: None)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    for name, stand_in in {
        "Event": Event,
        "Stream": Stream,
        "stream": contextlib.nullcontext,
        "current_stream": lambda _: "main",
        "mem_get_info": lambda _: (20 * GIB, 24 * GIB),
        "memory_reserved": lambda _: 3 * GIB,
        "memory_allocated": lambda _: 2 * GIB,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return AnsweringForCuda("cpu")


def assembled(root: Path, gpu: Device) -> EngineParts:
    options = EngineOptions(dtype="float32")
    loaded = load_models(ModelSet.from_folder(root), gpu, options)
    return assemble(loaded, gpu, options, deterministic=True, durations=StepDurations())


def test_decoding_runs_beside_the_next_clips_steps_and_is_collected_later(
    tiny_root: Path, gpu: AnsweringForCuda, engine: AnimateDiffEngine
) -> None:
    runner = assembled(tiny_root, gpu).runner
    quick, slow = (ClipRender(r, text_chunks=1, batch_number=0) for r in (turbo(), clip(num_inference_steps=12)))
    beside = 0
    while slow.steps_done < slow.total_steps or quick.steps_done < quick.total_steps:
        before = slow.steps_done
        with torch.inference_mode():
            assert runner.run([quick, slow]) == []
        beside += quick.awaits_pixels and quick.steps_done < quick.total_steps and slow.steps_done > before
    assert beside >= 1
    assert runner.decoder._stream is not None
    assert set(runner.decoder._stream.waited_for) == {"main"}
    for render in (quick, slow):
        assert render.decoding is not None
        assert_nearly_equal(render.decoding.pixels.numpy(), frames_of(engine, render.request))
    assert runner.durations.denoise is not None
    assert runner.durations.decode is not None


def test_the_cpu_runs_no_more_than_one_step_ahead_and_learns_their_durations_afterwards(gpu: AnsweringForCuda) -> None:
    reported: list[float] = []
    for _ in range(3):
        gpu.end_step(gpu.mark(), reported.append)
    assert len(reported) == 3 - STEPS_AHEAD
    assert all(seconds >= 0 for seconds in reported)


def test_what_shares_a_forward_and_a_decoding_follows_the_free_memory(gpu: AnsweringForCuda) -> None:
    assert (gpu.free_bytes(), gpu.total_bytes()) == (21 * GIB, 24 * GIB)
    square, large = (BatchKey.of(clip(num_frames=16, video_size=size)) for size in ("square", "square_hd"))
    assert (rows_in_memory(gpu, square, itemsize=2), rows_in_memory(gpu, large, itemsize=2)) == (15, 3)
    assert (frames_decoded_at_once(gpu, square, itemsize=2), frames_decoded_at_once(gpu, large, itemsize=2)) == (
        16,
        5,
    )


@pytest.mark.parametrize(
    ("fitting", "frames", "parts"),
    [(11, 16, [8, 8]), (16, 31, [16, 8, 4, 2, 1]), (5, 32, [4] * 8), (3, 3, [2, 1]), (1, 2, [1, 1])],
)
def test_frames_are_decoded_in_few_different_numbers(
    tiny_root: Path, fitting: int, frames: int, parts: list[int]
) -> None:
    options = EngineOptions(frames_decoded_at_once=fitting)
    loaded = load_models(ModelSet.from_folder(tiny_root), Device("cpu"), options)
    runner = assemble(loaded, Device("cpu"), options, deterministic=True, durations=StepDurations()).runner
    render = ClipRender(clip(num_frames=frames, num_inference_steps=1), text_chunks=1, batch_number=0)
    seen: list[int] = []
    loaded.vae.decoder.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    with torch.inference_mode():
        while render.steps_done < render.total_steps:
            assert runner.run([render]) == []
    assert seen == parts


@pytest.mark.parametrize(("total", "held", "is_admitted"), [(24, 0, True), (8, 0, False), (24, 16, False)])
def test_a_clip_is_admitted_by_the_memory_that_the_weights_and_other_programs_leave(
    tiny_root: Path, gpu: AnsweringForCuda, monkeypatch: pytest.MonkeyPatch, total: int, held: int, is_admitted: bool
) -> None:
    # torch holds 3 GiB, and CUDA's own context takes half a GiB
    free = (total - held - 3) * GIB - GIB // 2
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, total * GIB))
    admission = assembled(tiny_root, gpu).admission
    large = clip(num_frames=16, video_size="square_hd")
    if is_admitted:
        admission.check(large)
        return
    with pytest.raises(EngineRefusal, match="is too much for this worker's memory"):
        admission.check(large)


def test_both_models_are_kept_together_when_they_fit_beside_the_work(tiny_root: Path, gpu: AnsweringForCuda) -> None:
    assert assembled(tiny_root, gpu).runner.unets.together


def test_models_that_do_not_fit_beside_the_work_are_swapped(
    tiny_root: Path, gpu: AnsweringForCuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2 * GIB, 8 * GIB))
    assert not assembled(tiny_root, gpu).runner.unets.together
