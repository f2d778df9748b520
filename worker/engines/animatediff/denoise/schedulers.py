"""The noise schedules of both endpoints, as constants: what a base repository ships is never used.

Some bases ship schedulers with Karras sigmas or a scaled-linear beta schedule, and `from_config`
inherits them: the timesteps shift and the picture falls apart without an error. AnimateDiff was
trained with a linear beta schedule.
"""

from typing import Any, Final

from diffusers import DDIMScheduler, LCMScheduler

from generation.protocol.request import Endpoint

NOISE: Final = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
}
STEPS_AT_MOST: Final = {Endpoint.STANDARD: 1000, Endpoint.TURBO: 50}
"""AnimateLCM was distilled from 50 steps, and its scheduler takes no more."""


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
