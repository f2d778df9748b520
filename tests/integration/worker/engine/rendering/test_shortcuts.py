# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Work that standard clips may leave out: nothing by default; shared like other clips."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    failing,
    frames_of,
    rows_seen,
    run,
    step_until_done,
    turbo,
    unet_of,
)
from generation.protocol.request import Endpoint
from worker.engine import Frames
from worker.engines.animatediff import AnimateDiffEngine, Compile, EngineOptions, ModelSet
from worker.engines.animatediff.compile.deep_cache import keeping_forward, reusing_forward
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.options import ForwardKind, ForwardShape
from worker.engines.animatediff.shortcuts import CACHED_STEP_WORK, NO_SHORTCUTS, Shortcuts

pytestmark = pytest.mark.engine

SIX = {"num_inference_steps": 6}


def loaded(root: Path, **options: Any) -> AnimateDiffEngine:
    engine = AnimateDiffEngine(ModelSet.from_folder(root), device="cpu", options=EngineOptions(**options))
    engine.load()
    return engine


@pytest.fixture(scope="module")
def reusing(tiny_root: Path) -> AnimateDiffEngine:
    return loaded(tiny_root, reuse_every=2)


def psnr(ours: Frames | None, theirs: Frames | None) -> float:
    """How alike two clips are, in decibels."""
    assert ours is not None
    assert theirs is not None
    return float(10 * np.log10(255**2 / np.mean((ours.astype(float) - theirs.astype(float)) ** 2)))


def test_nothing_is_left_out_unless_asked(engine: AnimateDiffEngine) -> None:
    assert EngineOptions().shortcuts == NO_SHORTCUTS == Shortcuts(cache_interval=1, guidance_cutoff=1.0)
    with rows_seen(unet_of(engine)) as rows:
        run(engine, clip(**SIX))
    assert rows == [2] * 6


def test_a_forward_that_reuses_its_own_deep_layers_predicts_the_very_same(engine: AnimateDiffEngine) -> None:
    unet = unet_of(engine)
    inputs = ForwardInputs.of_shape(ForwardShape(Endpoint.STANDARD, 2, 4, 64, 72), unet, text_width=32)
    noise = torch.randn(inputs.sample.shape, generator=torch.Generator().manual_seed(0))
    inputs = ForwardInputs(noise, torch.tensor([900.0, 20.0]), inputs.text)
    with torch.inference_mode():
        whole, features = inputs.call(keeping_forward(unet))
        assert torch.equal(whole, inputs.run(unet))
        reusing = ForwardInputs(inputs.sample, inputs.timesteps, inputs.text, features)
        assert torch.equal(reusing.run(reusing_forward(unet)), whole)


def test_every_second_step_reuses_and_the_picture_stays_alike(
    reusing: AnimateDiffEngine, engine: AnimateDiffEngine
) -> None:
    with rows_seen(unet_of(reusing)) as rows:
        frames = frames_of(reusing, clip(**SIX))
    assert rows == [2] * 3
    whole = frames_of(engine, clip(**SIX))
    assert not np.array_equal(frames, whole)
    assert psnr(frames, whole) > 30


def test_clips_that_reuse_share_their_forwards_join_and_leave(reusing: AnimateDiffEngine) -> None:
    requests = [clip(**SIX), clip(prompt="sea", seed=3, guidance_scale=1, num_inference_steps=4)]
    alone = [frames_of(reusing, request) for request in requests]
    with rows_seen(unet_of(reusing)) as rows:
        together = run(reusing, *requests)
    assert rows == [3, 3, 2]
    for expected, frames in zip(alone, together.frames, strict=True):
        assert_nearly_equal(frames, expected)
    first = reusing.begin(requests[0])
    reusing.step([first])
    second = reusing.begin(requests[1])
    assert step_until_done(reusing, [first, second]) == []
    assert_nearly_equal(reusing.finish(first), alone[0])
    assert_nearly_equal(reusing.finish(second), alone[1])


def test_memory_that_runs_out_in_a_step_that_reuses_is_answered_with_smaller_forwards(
    reusing: AnimateDiffEngine,
) -> None:
    expected = frames_of(reusing, clip(**SIX))

    def fault(args: Any) -> None:
        if len(args[0]) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with failing(unet_of(reusing).conv_in, fault):
        result = run(reusing, clip(**SIX))
    assert result.failures == []
    assert_nearly_equal(result.frames[0], expected)


def test_what_is_reused_goes_with_its_clip(reusing: AnimateDiffEngine) -> None:
    render = reusing.begin(clip(**SIX))
    reusing.step([render])
    assert render.denoising is not None
    assert [tuple(kept.shape) for kept in render.denoising.cached_features] == [(8, 16, 8, 8)] * 2
    state = render.denoising
    step_until_done(reusing, [render])
    assert state.cached_features == ()


def test_guidance_that_ends_early_halves_the_steps_after_it(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    early = loaded(tiny_root, guided_share=0.6)
    with rows_seen(unet_of(early)) as rows:
        frames = frames_of(early, clip(**SIX))
    assert rows == [2, 2, 2, 2, 1, 1]
    assert psnr(frames, frames_of(engine, clip(**SIX))) > 20
    assert_nearly_equal(frames_of(early, clip(guidance_scale=1)), frames_of(engine, clip(guidance_scale=1)))


def test_guidance_that_ends_at_once_is_no_guidance(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    never = loaded(tiny_root, guided_share=0.0)
    assert_nearly_equal(frames_of(never, clip()), frames_of(engine, clip(guidance_scale=1)))


def test_both_shortcuts_together_still_draw(tiny_root: Path) -> None:
    both = loaded(tiny_root, reuse_every=3, guided_share=0.5)
    with rows_seen(unet_of(both)) as rows:
        assert frames_of(both, clip(num_inference_steps=8)).shape == (8, 64, 64, 3)
    assert rows == [2, 2, 1]


def test_turbo_leaves_nothing_out(reusing: AnimateDiffEngine, engine: AnimateDiffEngine) -> None:
    request = turbo(guidance_scale=1.5)
    assert np.array_equal(frames_of(reusing, request), frames_of(engine, request))


def test_clips_that_reuse_are_compiled_in_both_kinds_of_steps(tiny_root: Path) -> None:
    whole, plain = ForwardShape(Endpoint.STANDARD, 2, 8, 64, 64), ForwardShape(Endpoint.TURBO, 1, 8, 64, 64)
    fast = loaded(tiny_root, reuse_every=2, compile=Compile.IDLE, shapes=(whole, plain))
    assert fast._parts is not None
    kinds = [replace(whole, kind=kind) for kind in (ForwardKind.KEEPING, ForwardKind.REUSING)]
    assert fast._parts.runner.denoiser.compiled.waiting == (*kinds, plain)


def test_estimates_know_what_is_left_out(reusing: AnimateDiffEngine, engine: AnimateDiffEngine) -> None:
    half = Shortcuts(guidance_cutoff=0.5)
    assert half.rows_left(clip(**SIX)) == 9
    assert half.rows_left(clip(guidance_scale=1, **SIX)) == 6
    assert Shortcuts(cache_interval=3).rows_left(clip(**SIX)) == pytest.approx(4 + 8 * CACHED_STEP_WORK)
    assert NO_SHORTCUTS.rows_left(clip(**SIX), step_index=4) == 4
    long, short = engine.estimate_seconds(clip(**SIX)), reusing.estimate_seconds(clip(**SIX))
    assert long is not None
    assert short is not None
