"""The noise schedules of both endpoints, as constants: what a base repository ships is never used.

Some bases ship schedulers with Karras sigmas or a scaled-linear beta schedule, and `from_config`
inherits them: the timesteps shift and the picture falls apart without an error. AnimateDiff was
trained with a linear beta schedule.
"""

from dataclasses import dataclass
from typing import Any, Final

from diffusers import DDIMScheduler, LCMScheduler

from generation.protocol.request import Endpoint

Tensor = Any
NOISE: Final = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
}
STEPS_AT_MOST: Final = {Endpoint.STANDARD: 1000, Endpoint.TURBO: 50}
"""AnimateLCM was distilled from 50 steps, and its scheduler takes no more."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gives: the latents for the next one, and an estimate of the clean ones."""

    latents: Tensor
    clean: Tensor


def scheduler_for(endpoint: Endpoint, steps: int) -> Any:
    """A fresh scheduler with `steps` timesteps set: each render needs its own, because a scheduler
    counts its steps.
    """
    scheduler = _standard() if endpoint is Endpoint.STANDARD else _turbo()
    # no device: reading timesteps that are on the CPU never waits for the GPU
    scheduler.set_timesteps(steps)
    return scheduler


def _standard() -> Any:
    return DDIMScheduler(
        **NOISE,
        steps_offset=1,
        clip_sample=False,
        set_alpha_to_one=False,
        timestep_spacing="linspace",
    )


def _turbo() -> Any:
    return LCMScheduler(**NOISE, steps_offset=1, set_alpha_to_one=False)


def lcm_step(scheduler: Any, index: int, predicted: Tensor, latents: Tensor, fresh: Tensor) -> Step:
    """What `LCMScheduler.step` computes, bit for bit, with noise that was drawn beforehand: its own
    step draws on the CPU and makes the device wait for it.

    fresh: (1, 4, frames, h, w), what is added after the step; None after the last one.
    """
    timestep = scheduler.timesteps[index]
    c_skip, c_out = scheduler.get_scalings_for_boundary_condition_discrete(timestep)
    kept = scheduler.alphas_cumprod[timestep]
    clean = (latents - (1 - kept).sqrt() * predicted) / kept.sqrt()
    denoised = c_out * clean + c_skip * latents
    if fresh is None:
        return Step(denoised, denoised)
    kept = scheduler.alphas_cumprod[scheduler.timesteps[index + 1]]
    return Step(kept.sqrt() * denoised + (1 - kept).sqrt() * fresh, denoised)
