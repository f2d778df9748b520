"""The bench's arithmetic on an engine whose every step takes a second by the test's clock."""

import pytest

from doubles.worker.engine import SteppedEngine, SteppedRender
from generation.protocol.request import Endpoint, VideoSizePreset
from worker.engine import OutOfMemory
from worker.render.bench import Bench, BenchMeasurement, bench_requests, clips_to_measure, presets_of


class Seconds:
    """A clock that the engine moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TimedEngine(SteppedEngine):
    """A second for each step, five for finishing; two pieces of idle work."""

    def __init__(self, clock: Seconds) -> None:
        super().__init__()
        self.clock = clock
        self.quiet = 2

    def _advance(self, render: SteppedRender) -> object:
        self.clock.now += 1
        return super()._advance(render)

    def finish(self, render: SteppedRender) -> object:
        self.clock.now += 5
        return super().finish(render)

    def idle(self) -> bool:
        self.quiet -= 1
        return self.quiet >= 0


def bench() -> tuple[Bench, TimedEngine, list[tuple[int, int]]]:
    clock, steps = Seconds(), []
    engine = TimedEngine(clock)
    return Bench(engine, stepped=lambda _, done, total: steps.append((done, total)), clock=clock), engine, steps


def the_request(endpoint: Endpoint = Endpoint.STANDARD) -> object:
    return bench_requests([VideoSizePreset.SQUARE], [endpoint], num_frames=2)[0]


def summary(found: BenchMeasurement) -> tuple[float, float, bool]:
    return found.seconds, found.clips_per_hour, found.extrapolated


def test_a_clip_is_measured_from_its_start_to_its_frames_after_one_that_is_not_counted() -> None:
    measuring, engine, steps = bench()
    found = measuring.measure(the_request())
    assert summary(found) == (30.0, 120.0, False)
    assert found.peak_bytes > 10_000_000
    assert len(engine.begun) == 2
    assert steps == [(1, 1), *((done, 25) for done in range(1, 26))]


def test_a_quick_measurement_extrapolates_the_steps_that_it_does_not_take() -> None:
    measuring, _, steps = bench()
    assert summary(measuring.measure(the_request(), quick=True)) == (30.0, 120.0, True)
    assert len(steps) == 1 + 1 + 3
    assert [clip.num_inference_steps for clip in clips_to_measure(the_request(), quick=True)] == [1, 1, 3]


def test_idle_work_is_done_before_anything_is_measured() -> None:
    measuring, engine, _ = bench()
    assert (measuring.finish_idle_work(), engine.quiet) == (2, -1)


def test_a_clip_that_fails_raises_its_error() -> None:
    measuring, engine, _ = bench()
    engine.failures["a paper boat on a stormy sea"] = OutOfMemory("No room.")
    with pytest.raises(OutOfMemory, match="No room"):
        measuring.measure(the_request())


def test_each_size_is_measured_once_with_each_endpoints_own_defaults_and_small_ones_first() -> None:
    asked = [(r.video_size, r.endpoint.label, r.num_inference_steps, r.guidance_scale) for r in bench_requests()]
    sizes = ["square", "portrait_16_9", "portrait_4_3", "square_hd"]
    firsts = [
        next(
            p
            for p in VideoSizePreset
            if p.pixels[0] * p.pixels[1] == VideoSizePreset(s).pixels[0] * VideoSizePreset(s).pixels[1]
        )
        for s in sizes
    ]
    assert asked == [(size, *own) for size in firsts for own in (("standard", 25, 7.5), ("turbo", 4, 1))]
    assert {preset for request in bench_requests() for preset in presets_of(request)} == set(VideoSizePreset)
