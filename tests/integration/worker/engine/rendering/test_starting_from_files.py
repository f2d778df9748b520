# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Clips that start from a video are those of diffusers' own pipeline; those that start from a picture begin with it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from diffusers import AnimateDiffVideoToVideoPipeline
from PIL import Image

from clips import moving_frames
from doubles.worker.rendering import assert_nearly_equal, clip, failing, stock_pipeline, turbo, vae_of
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Frames
from worker.engines.animatediff import AnimateDiffEngine
from worker.engines.animatediff.clip_timing import render_to_end

pytestmark = pytest.mark.engine

VIDEO = {"kind": "video", "name": "an-input-of-the-tests.npz"}
PICTURE = {**VIDEO, "kind": "picture"}
PLAIN = "bad quality"


def stock_frames_from(root: Path, request: GenerationRequest, given: Frames) -> Frames:
    """What diffusers' own pipeline makes of the same video."""
    assert request.input_file is not None
    pipe = AnimateDiffVideoToVideoPipeline(**_parts(stock_pipeline(root, request.endpoint)))
    pipe.set_progress_bar_config(disable=True)
    width, height = request.pixels
    output = pipe(
        video=[Image.fromarray(frame) for frame in given],
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        strength=request.input_file.strength,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        width=width,
        height=height,
        output_type="np",
    )
    return (output.frames[0] * 255).round().astype(np.uint8)


def _parts(pipe: Any) -> dict[str, Any]:
    names = ("vae", "text_encoder", "tokenizer", "unet", "motion_adapter", "scheduler")
    return {name: getattr(pipe, name) for name in names}


@pytest.mark.parametrize("strength", [0.4, 0.7, 1.0])
def test_a_standard_clip_from_a_video_equals_the_stock_pipelines(
    engine: AnimateDiffEngine, tiny_root: Path, strength: float
) -> None:
    given = moving_frames(8)
    request = clip(input_file={**VIDEO, "strength": strength}, num_inference_steps=10, negative_prompt=PLAIN)
    assert steps_taken(request) == round(10 * strength)
    ours = render_to_end(engine, engine.begin_from(request, given))
    assert_nearly_equal(ours, stock_frames_from(tiny_root, request, given))


@pytest.mark.parametrize("strength", [0.3, 0.7])
def test_a_turbo_clip_from_a_video_equals_the_stock_pipelines(
    engine: AnimateDiffEngine, tiny_root: Path, strength: float
) -> None:
    given = moving_frames(8)
    request = turbo(input_file={**VIDEO, "strength": strength}, num_inference_steps=8, negative_prompt=PLAIN)
    ours = render_to_end(engine, engine.begin_from(request, given))
    assert_nearly_equal(ours, stock_frames_from(tiny_root, request, given))


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_a_clip_from_a_picture_begins_with_the_picture(engine: AnimateDiffEngine, endpoint: Endpoint) -> None:
    request = clip(endpoint=endpoint, input_file=PICTURE, num_inference_steps=4)
    render = engine.begin_from(request, moving_frames(1))
    while render.is_denoising:
        assert engine.step([render]) == []
    state = render.denoising
    assert state is not None
    assert state.pinned is not None
    assert torch.equal(state.latents[:, :, :1], state.pinned.latents)
    assert not torch.equal(state.latents[:, :, 1:2], state.pinned.latents)
    assert render_to_end(engine, render).shape == (8, 64, 64, 3)


@pytest.mark.parametrize("more", [{"loop": "seamless"}, {"seconds": 5}])
def test_a_picture_goes_together_with_loops_and_with_length(engine: AnimateDiffEngine, more: dict[str, Any]) -> None:
    request = clip(input_file=PICTURE, num_inference_steps=2, **more)
    frames = render_to_end(engine, engine.begin_from(request, moving_frames(1)))
    assert frames.shape == (request.frames, 64, 64, 3)


def test_memory_that_runs_out_while_encoding_costs_single_frames_only(engine: AnimateDiffEngine) -> None:
    given, request = moving_frames(8), clip(input_file=VIDEO)
    expected = render_to_end(engine, engine.begin_from(request, given))
    seen: list[int] = []

    def fault(args: tuple[Any, ...]) -> None:
        seen.append(len(args[0]))
        if len(args[0]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with failing(vae_of(engine).encoder, fault):
        frames = render_to_end(engine, engine.begin_from(request, given))
    assert seen == [4, *[1] * 8]
    assert_nearly_equal(frames, expected)
