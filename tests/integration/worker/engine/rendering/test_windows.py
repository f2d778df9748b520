"""Clips in windows: loops that close, clips longer than the motion model sees, and plain ones as ever."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    frames_of,
    rows_seen,
    run,
    step_until_done,
    turbo,
    unet_of,
)
from generation.protocol.extensions.windows import windows_of
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Frames
from worker.engines.animatediff import AnimateDiffEngine
from worker.engines.animatediff.denoise.preparation import prepare
from worker.engines.animatediff.denoise.windows import fused, parts_of

pytestmark = pytest.mark.engine

LOOP = {"loop": "seamless", "seconds": 6, "num_inference_steps": 2}
"""48 frames: four windows, a stride of 12 apart."""


def with_rolled_noise(engine: AnimateDiffEngine, request: GenerationRequest, by: int) -> Frames:
    """The clip whose first noise is moved so many frames on."""
    render = engine.begin(request)
    assert engine._parts is not None
    runner = engine._parts.runner
    with torch.inference_mode():
        prepare(render, runner.embedder, runner.device, runner.decoder.vae)
        assert render.denoising is not None
        render.denoising.latents = torch.roll(render.denoising.latents, by, dims=2)
    assert step_until_done(engine, [render]) == []
    return engine.finish(render)


def seam(frames: Frames) -> float:
    """How far the last frame is from the first, against the usual distance of neighbours."""
    moves = np.sqrt(np.mean((np.roll(frames, -1, axis=0) - frames.astype(float)) ** 2, axis=(1, 2, 3)))
    return float(moves[-1] / np.median(moves[:-1]))


def test_noise_moved_by_a_stride_gives_a_loop_that_is_moved_by_it(engine: AnimateDiffEngine) -> None:
    still, moved = (with_rolled_noise(engine, clip(**LOOP), by) for by in (0, 12))
    assert np.array_equal(np.roll(still, 12, axis=0), moved)
    # of an open clip that is not so: the test sees the ring
    plain = {**LOOP, "loop": None}
    still, moved = (with_rolled_noise(engine, clip(**plain), by) for by in (0, 12))
    assert not np.array_equal(np.roll(still, 12, axis=0), moved)


def test_one_window_is_the_plain_path_to_the_bit() -> None:
    latents, windows = torch.randn(1, 4, 16, 8, 8), windows_of(16)
    (part,) = parts_of(latents, windows)
    assert part is latents
    assert fused([part], windows) is latents


def test_windows_that_agree_are_fused_to_what_they_agree_on() -> None:
    latents = torch.randn(1, 4, 64, 8, 8, dtype=torch.float64)
    for closed in (False, True):
        windows = windows_of(64, is_closed=closed)
        assert torch.allclose(fused(parts_of(latents, windows), windows), latents, rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", [clip, turbo])
@pytest.mark.parametrize("frames", [33, 64])
def test_a_long_clip_has_a_row_for_each_window_and_every_frame(engine: AnimateDiffEngine, make, frames) -> None:
    request = make(seconds=frames, fps=1, num_inference_steps=2)
    rows_a_step = len(windows_of(frames).starts) * (1 if request.endpoint is Endpoint.TURBO else 2)
    with rows_seen(unet_of(engine, request.endpoint)) as rows:
        clip_frames = frames_of(engine, request)
    assert clip_frames.shape == (frames, 64, 64, 3)
    assert sum(rows) == 2 * rows_a_step


def test_a_long_clip_and_a_plain_one_change_each_other_no_more_than_any_two(engine: AnimateDiffEngine) -> None:
    long_one, plain = turbo(seconds=40, fps=1, num_inference_steps=2), turbo(num_frames=16, num_inference_steps=2)
    alone = [frames_of(engine, long_one), frames_of(engine, plain)]
    together = run(engine, long_one, plain)
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)


def test_the_engine_counts_a_long_clips_steps_as_what_they_are(engine: AnimateDiffEngine) -> None:
    frames_of(engine, clip())
    # five windows, of the same size and the same guidance
    plain, long_one = clip(num_frames=16), clip(seconds=64, fps=1)
    assert engine.step_seconds(long_one) == pytest.approx(5 * (engine.step_seconds(plain) or 0))


def test_the_shortest_loop_runs(engine: AnimateDiffEngine) -> None:
    assert len(frames_of(engine, turbo(num_frames=8, loop="seamless"))) == 8
