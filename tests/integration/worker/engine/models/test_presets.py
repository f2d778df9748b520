"""Every size, length and step count that a member may ask for is rendered in exactly that form."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from doubles.worker.rendering import clip, frames_of, run, turbo
from generation.protocol.request import GenerationRequest, VideoSizePreset
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("preset", list(VideoSizePreset))
def test_every_preset_is_rendered_at_its_full_size(engine: AnimateDiffEngine, preset: VideoSizePreset) -> None:
    request = turbo(video_size=preset, num_frames=1, num_inference_steps=1)
    engine.check(request)
    width, height = preset.pixels
    assert frames_of(engine, request).shape == (1, height, width, 3)


@pytest.mark.parametrize("size", [(72, 64), (104, 64), (64, 200)])
def test_sides_that_are_multiples_of_8_but_not_of_64_work(engine: AnimateDiffEngine, size: tuple[int, int]) -> None:
    width, height = size
    request = clip(video_size={"width": width, "height": height}, num_frames=2, num_inference_steps=1)
    assert frames_of(engine, request).shape == (2, height, width, 3)


@pytest.mark.parametrize("frames", [1, 2, 16, 31, 32])
def test_every_length_up_to_32_frames_works(engine: AnimateDiffEngine, frames: int) -> None:
    assert frames_of(engine, clip(num_frames=frames, num_inference_steps=1)).shape == (frames, 64, 64, 3)


@pytest.mark.parametrize("steps", [1, 2, 50])
@pytest.mark.parametrize("make", [clip, turbo], ids=["standard", "turbo"])
def test_every_step_count_up_to_50_works_on_both_endpoints(engine: AnimateDiffEngine, make: type, steps: int) -> None:
    request = make(num_inference_steps=steps, num_frames=1, guidance_scale=1)
    render = engine.begin(request)
    counted = [render.steps_done]
    while render.steps_done < render.total_steps:
        assert engine.step([render]) == []
        counted.append(render.steps_done)
    assert render.total_steps == steps
    assert sorted(set(counted)) == list(range(steps + 1))


def test_more_frames_than_the_motion_model_knows_are_drawn_in_windows(engine: AnimateDiffEngine) -> None:
    request = clip(seconds=33 / 8, fps=8, num_inference_steps=1)
    engine.check(request)
    assert frames_of(engine, request).shape == (33, 64, 64, 3)


def test_a_side_that_is_no_multiple_of_8_is_refused_in_one_sentence(engine: AnimateDiffEngine) -> None:
    size = clip().video_size.model_construct(width=70, height=64)  # type: ignore[union-attr]
    unchecked = GenerationRequest.model_construct(**{**dict(clip()), "video_size": size})
    with pytest.raises(EngineRefusal, match=r"^video_size 70 × 64: both sides must be multiples of 8\.$"):
        engine.check(unchecked)


def test_fifty_one_turbo_steps_are_refused(engine: AnimateDiffEngine) -> None:
    unchecked = GenerationRequest.model_construct(**{**dict(turbo()), "num_inference_steps": 51})
    with pytest.raises(EngineRefusal, match="at most 50"):
        engine.check(unchecked)


def test_what_no_memory_could_hold_is_refused_before_anything_is_computed(engine: AnimateDiffEngine) -> None:
    assert engine._parts is not None
    admission = replace(engine._parts.admission, room=2_000_000_000)
    with pytest.raises(EngineRefusal, match="video_size 1024 × 1024 with 32 frames is too much"):
        admission.check(clip(video_size="square_hd", num_frames=32))
    admission.check(clip())


def test_presets_of_both_endpoints_render_side_by_side(engine: AnimateDiffEngine) -> None:
    sizes = ({"width": 64, "height": 96}, {"width": 96, "height": 64})
    requests = [make(video_size=size, num_frames=2) for make in (clip, turbo) for size in sizes]
    together = run(engine, *requests)
    assert together.failures == []
    assert [f.shape[1:3] for f in together.frames if f is not None] == [(96, 64), (64, 96), (96, 64), (64, 96)]
