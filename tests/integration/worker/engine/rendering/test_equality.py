# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""The engine draws what diffusers' own AnimateDiffPipeline draws, and the same thing every time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    frames_of,
    run,
    step_until_done,
    stock_frames,
    stock_output,
    turbo,
)
from generation.protocol.request import Endpoint
from worker.engines.animatediff import AnimateDiffEngine, ModelSet
from worker.engines.animatediff.denoise.schedulers import lcm_step, scheduler_for

pytestmark = pytest.mark.engine

PLAIN = "bad quality"


def test_standard_latents_equal_the_stock_pipelines_bit_for_bit(engine: AnimateDiffEngine, stock: Any) -> None:
    request = clip(num_inference_steps=25, num_frames=16, negative_prompt=PLAIN)
    render = engine.begin(request)
    while render.is_denoising:
        assert engine.step([render]) == []
    assert render.denoising is not None
    assert torch.equal(render.denoising.latents, stock_output(stock, request, output_type="latent"))


def test_a_standard_clip_equals_the_stock_pipelines(engine: AnimateDiffEngine, stock: Any) -> None:
    request = clip(num_inference_steps=25, num_frames=16, negative_prompt=PLAIN)
    assert_nearly_equal(frames_of(engine, request), stock_frames(stock, request))


@pytest.mark.parametrize("guidance", [0, 1, 1.5, 20])
def test_every_guidance_equals_the_stock_pipelines(engine: AnimateDiffEngine, stock: Any, guidance: float) -> None:
    request = clip(guidance_scale=guidance, negative_prompt=PLAIN, seed=3)
    assert_nearly_equal(frames_of(engine, request), stock_frames(stock, request))


@pytest.mark.parametrize(("steps", "guidance"), [(4, 1), (5, 2), (6, 1.5), (8, 2), (12, 1), (1, 1)])
def test_turbo_equals_the_stock_pipeline_with_its_lora_unfused(
    engine: AnimateDiffEngine, stock_turbo: Any, steps: int, guidance: float
) -> None:
    request = turbo(num_inference_steps=steps, guidance_scale=guidance, negative_prompt=PLAIN, seed=11)
    assert_nearly_equal(frames_of(engine, request), stock_frames(stock_turbo, request))


def test_the_weighted_default_negative_prompt_equals_the_same_embeddings_in_the_stock_pipeline(
    engine: AnimateDiffEngine, stock: Any
) -> None:
    assert engine._parts is not None
    embed = engine._parts.runner.embedder.embed
    request = clip(prompt="a (red:1.3) cat")
    embeddings = {
        "prompt_embeds": embed(request.prompt),
        "negative_prompt_embeds": embed(request.negative_prompt),
    }
    assert_nearly_equal(frames_of(engine, request), stock_frames(stock, request, **embeddings))


def test_the_same_request_gives_the_same_bytes_and_another_seed_others(engine: AnimateDiffEngine) -> None:
    first, again, other = (frames_of(engine, clip(seed=seed)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_deterministic_engine_gives_the_same_bytes_whatever_runs_beside(
    tiny_root: Path, engine: AnimateDiffEngine
) -> None:
    alone = frames_of(engine, clip())
    strict = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", deterministic=True)
    strict.load()
    beside = run(strict, clip(seed=1), clip(), clip(seed=2, guidance_scale=1))
    assert beside.frames[1] is not None
    assert np.array_equal(alone, beside.frames[1])


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_ends_of_the_seeds_range_are_seeds(engine: AnimateDiffEngine, seed: int) -> None:
    assert frames_of(engine, clip(seed=seed, num_inference_steps=1)).shape == (8, 64, 64, 3)


@pytest.mark.parametrize("steps", [1, 4, 6])
def test_turbos_steps_with_noise_drawn_beforehand_are_the_schedulers_own_bit_for_bit(steps: int) -> None:
    ours, theirs = (scheduler_for(Endpoint.TURBO, steps) for _ in range(2))
    generators = [torch.Generator().manual_seed(5) for _ in range(2)]
    size = (1, 4, 2, 8, 8)
    latents, *fresh = [torch.randn(size, generator=generators[0]) for _ in range(steps)]
    expected = torch.randn(size, generator=generators[1])
    for index, timestep in enumerate(theirs.timesteps):
        predicted = torch.randn(size, generator=torch.Generator().manual_seed(index))
        drawn = fresh[index] if index < len(fresh) else None
        taken = lcm_step(ours, index, predicted, latents, drawn)
        stock = theirs.step(predicted, timestep, expected, generator=generators[1])
        assert torch.equal(taken.latents, stock.prev_sample)
        assert torch.equal(taken.clean, stock.denoised)
        latents, expected = taken.latents, stock.prev_sample


def test_a_turbo_clip_draws_nothing_after_its_preparation(
    engine: AnimateDiffEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = frames_of(engine, turbo())
    render = engine.begin(turbo())
    engine.step([render])
    monkeypatch.setattr(torch, "randn", None)
    step_until_done(engine, [render])
    assert np.array_equal(engine.finish(render), expected)
