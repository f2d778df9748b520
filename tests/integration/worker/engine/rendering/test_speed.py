# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Preview frames, estimates from what was measured, timing a clip, and the warning of a slow start."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import clip, failing, step_until_done, turbo, unet_of
from worker.engine import OutOfMemory
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet
from worker.engines.animatediff.clip_timing import time_clip
from worker.engines.animatediff.decode.previews import frames_of as preview_of
from worker.engines.animatediff.durations import StepDurations, cpu_warning, duration_text

pytestmark = pytest.mark.engine


def test_a_clip_has_preview_frames_after_each_of_its_steps(tiny_root: Path) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(looks=True))
    engine.load()
    for request in (clip(video_size={"width": 96, "height": 64}), turbo(video_size={"width": 96, "height": 64})):
        render = engine.begin(request)
        previews = [engine.preview(render)]
        while render.is_denoising:
            engine.step([render])
            previews.append(engine.preview(render))
        assert previews[0] is None
        assert [preview.shape for preview in previews[1:] if preview is not None] == [
            (8, 8, 12, 3)
        ] * request.num_inference_steps
        assert not np.array_equal(previews[1], previews[-1])
        step_until_done(engine, [render])
        assert engine.preview(render) is None


def test_nothing_is_kept_for_previews_unless_asked(engine: AnimateDiffEngine) -> None:
    render = engine.begin(clip())
    engine.step([render])
    assert engine.preview(render) is None
    assert render.preview_latents is None


def test_a_preview_shows_bright_latents_bright_and_survives_numbers_that_ran_away() -> None:
    latents = torch.zeros(1, 4, 2, 3, 5)
    latents[:, 0, 1] = 2.0
    dark, bright = preview_of(latents)
    assert dark.shape == (3, 5, 3)
    assert (bright > dark).all()
    assert preview_of(torch.full((1, 4, 1, 2, 2), float("nan"))).shape == (1, 2, 2, 3)


def test_estimates_grow_with_steps_guidance_frames_and_size() -> None:
    durations = StepDurations()
    assert durations.clip_seconds(clip()) is None
    assert durations.step_seconds(clip()) is None
    durations.record_step(work=1000, seconds=1.0)
    plain = clip(guidance_scale=1, num_inference_steps=10)
    assert durations.step_seconds(plain) == pytest.approx(8 * 64 / 1000)
    assert durations.clip_seconds(plain) == pytest.approx((10 + 2.26) * 8 * 64 / 1000)
    durations.record_decode(work=1000, seconds=2.0)
    assert durations.clip_seconds(plain) == pytest.approx((10 + 2 * 2.26) * 8 * 64 / 1000)
    assert durations.step_seconds(clip()) == pytest.approx(2 * 8 * 64 / 1000)
    large, square = (durations.step_seconds(clip(video_size=p)) for p in ("square_hd", "square"))
    assert large == pytest.approx(5.28 * square, rel=0.01)


def test_the_newest_measurement_counts_a_fifth() -> None:
    durations = StepDurations(denoise=1.0)
    durations.record_step(work=1, seconds=2.0)
    assert durations.denoise == pytest.approx(1.2)


def test_speeds_are_kept_over_restarts_and_damage_is_forgotten(tiny_root: Path, tmp_path: Path) -> None:
    file = tmp_path / "speeds.json"
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", speeds=file)
    engine.load()
    step_until_done(engine, [engine.begin(clip())])
    estimate = engine.estimate_seconds(clip())
    engine.close()
    later = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", speeds=file)
    assert later.estimate_seconds(clip()) == estimate
    file.write_text("[1, 2]")
    assert StepDurations.load(file) == StepDurations()
    assert StepDurations.load(tmp_path / "nowhere.json") == StepDurations()


def test_without_a_gpu_the_start_says_how_slow_it_will_be(tiny_root: Path, engine_log: list[Any]) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()
    (warning,) = [event for event in engine_log if "There is no GPU here" in event["event"]]
    assert warning["log_level"] == "warning"
    assert "a standard clip of 16 frames at 512 × 512 will take about" in warning["event"]
    assert engine.step_seconds(clip()) is not None
    assert engine.device_name == "CPU"


def test_the_warning_is_made_of_what_was_measured() -> None:
    row = 16 * 64 * 64
    durations = StepDurations(denoise=60 / row, decode=0.0)
    assert cpu_warning(durations) == (
        "There is no GPU here: a standard clip of 16 frames at 512 × 512 will take about 50 minutes, "
        "a turbo clip about 4 minutes."
    )
    assert cpu_warning(StepDurations()) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 seconds"), (40, "40 seconds"), (600, "10 minutes"), (7200, "2.0 hours")],
)
def test_a_duration_is_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_clip_is_timed_in_its_parts(engine: AnimateDiffEngine) -> None:
    found = time_clip(engine, clip(num_frames=1, num_inference_steps=2), clock=time.perf_counter)
    assert found.seconds == pytest.approx(found.denoise_seconds + found.decode_seconds)
    assert found.step_seconds == found.denoise_seconds / 2
    assert found.peak_bytes > 10_000_000


def test_a_clip_that_fails_while_it_is_timed_raises_its_error(tiny_root: Path) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()

    def fault(_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with failing(unet_of(engine), fault), pytest.raises(OutOfMemory):
        time_clip(engine, clip(), clock=lambda: 0.0)
