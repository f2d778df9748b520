"""Runs the AnimateDiff engine as the worker's loop does, and diffusers' own pipeline beside it to compare with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AnimateDiffPipeline, DDIMScheduler, LCMScheduler, MotionAdapter

from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Frames, StepFailure
from worker.engines.animatediff.engine import AnimateDiffEngine
from worker.engines.animatediff.render import ClipRender

NOISE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "steps_offset": 1,
}


def clip(**fields: Any) -> GenerationRequest:
    """A request small enough for a CPU: 8 frames of 64 × 64, 3 steps, by default."""
    small = {"prompt": "a cat", "seed": 0, "num_frames": 8, "video_size": {"width": 64, "height": 64}}
    return GenerationRequest.model_validate({**small, "num_inference_steps": 3, **fields})


def turbo(**fields: Any) -> GenerationRequest:
    """The same for the turbo endpoint, with its own guidance of 1."""
    return clip(**{"endpoint": Endpoint.TURBO, "num_inference_steps": 4, **fields})


@dataclass
class Run:
    """What came of stepping some renders to their end."""

    frames: list[Frames | None]
    failures: list[StepFailure] = field(default_factory=list)


def run(engine: AnimateDiffEngine, *requests: GenerationRequest) -> Run:
    """Begin all requests at once and step until each is done or has failed."""
    renders = [engine.begin(request) for request in requests]
    failures = step_until_done(engine, renders)
    failed = [failure.render for failure in failures]
    return Run([None if render in failed else engine.finish(render) for render in renders], failures)


def frames_of(engine: AnimateDiffEngine, request: GenerationRequest) -> Frames:
    """One request rendered alone."""
    result = run(engine, request)
    assert result.failures == []
    assert result.frames[0] is not None
    return result.frames[0]


def step_until_done(engine: AnimateDiffEngine, renders: Sequence[ClipRender]) -> list[StepFailure]:
    """Step as the loop does: a render that failed is dropped."""
    active, failures = list(renders), []
    while active:
        new = engine.step(active)
        failures += new
        failed = [failure.render for failure in new]
        active = [r for r in active if r not in failed and r.steps_done < r.total_steps]
    return failures


def unet_of(engine: AnimateDiffEngine, endpoint: Endpoint = Endpoint.STANDARD) -> Any:
    """The loaded UNet, for hooks."""
    assert engine._parts is not None
    return engine._parts.runner.unets.use(endpoint)


def vae_of(engine: AnimateDiffEngine) -> Any:
    """The loaded autoencoder, for hooks."""
    assert engine._parts is not None
    return engine._parts.runner.decoder._vae


@contextmanager
def rows_seen(*unets: Any) -> Iterator[list[int]]:
    """How many rows each forward of these UNets had, in order."""
    seen: list[int] = []
    hooks = [unet.register_forward_pre_hook(lambda _, args: seen.append(len(args[0]))) for unet in unets]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def failing(module: Any, fault: Any) -> Iterator[None]:
    """Call `fault(inputs)` before every forward of a module: it may raise what torch would raise."""
    hook = module.register_forward_pre_hook(lambda _, args: fault(args))
    try:
        yield
    finally:
        hook.remove()


def stock_pipeline(root: Path, endpoint: Endpoint = Endpoint.STANDARD) -> AnimateDiffPipeline:
    """Diffusers' own pipeline over the same files, as its documentation sets it up."""
    turbo_folder = root / "animatelcm"
    folder = root / "motion-adapter" if endpoint is Endpoint.STANDARD else turbo_folder
    pipe = AnimateDiffPipeline.from_pretrained(
        root / "base", motion_adapter=MotionAdapter.from_pretrained(folder), local_files_only=True, use_safetensors=True
    )
    pipe.set_progress_bar_config(disable=True)
    if endpoint is Endpoint.STANDARD:
        pipe.scheduler = DDIMScheduler(**NOISE, clip_sample=False, set_alpha_to_one=False, timestep_spacing="linspace")
        return pipe
    pipe.scheduler = LCMScheduler(**NOISE, set_alpha_to_one=False)
    pipe.load_lora_weights(turbo_folder, weight_name="AnimateLCM_sd15_t2v_lora.safetensors", adapter_name="lcm")
    pipe.set_adapters(["lcm"], [0.8])
    return pipe


def stock_frames(pipe: AnimateDiffPipeline, request: GenerationRequest, **other: Any) -> Frames:
    """The same request through diffusers' pipeline; `other` replaces its arguments, such as the prompts."""
    return (stock_output(pipe, request, **other)[0] * 255).round().astype(np.uint8)


def stock_output(pipe: AnimateDiffPipeline, request: GenerationRequest, **other: Any) -> Any:
    """The pipeline's own output; `output_type="latent"` gives the latents before decoding."""
    width, height = request.pixels
    prompts = {"prompt": request.prompt, "negative_prompt": request.negative_prompt}
    return pipe(
        **({} if "prompt_embeds" in other else prompts),
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        num_frames=request.num_frames,
        width=width,
        height=height,
        **{"output_type": "np", **other},
    ).frames


def assert_nearly_equal(ours: Frames | None, theirs: Frames | None, *, bytes_differing: float = 1e-3) -> None:
    """Equal but for rounding: no byte differs by more than 1, and hardly any differs at all."""
    assert ours is not None
    assert theirs is not None
    assert ours.shape == theirs.shape
    difference = np.abs(ours.astype(np.int16) - theirs.astype(np.int16))
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= max(1, bytes_differing * ours.size)
