"""What a clip needs before its first step: embeddings, a scheduler and the first noise."""

from typing import Any

import torch

from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engines.animatediff.batch_key import LATENT_SCALE, uses_guidance
from worker.engines.animatediff.denoise.schedulers import scheduler_for
from worker.engines.animatediff.denoise.starting import Start, start_from
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.prompts.embeddings import TextEmbedder
from worker.engines.animatediff.prompts.scenes import prompt_embedding
from worker.engines.animatediff.render import ClipRender, DenoisingState

LATENT_CHANNELS = 4


def prepare(render: ClipRender, embedder: TextEmbedder, device: Device, vae: Any) -> None:
    """Embed the prompts, set the timesteps and draw the noise, unless that is done; `vae` encodes
    what the clip starts from."""
    if render.denoising is not None:
        return
    request, key = render.request, render.key
    scheduler = scheduler_for(request.endpoint, request.num_inference_steps)
    # what a clip starts from stands for the first steps
    scheduler.timesteps = scheduler.timesteps[len(scheduler.timesteps) - steps_taken(request) :]
    # float32 on the CPU: a seed then means the same on every device and in every dtype
    generator = torch.Generator("cpu").manual_seed(request.seed)
    height, width = key.height // LATENT_SCALE, key.width // LATENT_SCALE
    frames = render.windows.frames
    shape = (1, LATENT_CHANNELS, frames, height, width)
    start = None
    if render.given is not None:
        start = start_from(render.given, frames, vae=vae, scheduler=scheduler, generator=generator)
    # in this order: a seed means what it means to diffusers
    drawn = [
        device.pinned(torch.randn(shape, generator=generator))
        for _ in range(_draws(request) - (start is not None))
    ]
    if start is None:
        # 1 for DDIM and LCM; other schedulers start from stronger noise
        first = drawn.pop(0).to(device.name, non_blocking=True) * scheduler.init_noise_sigma
        start = Start(first, None)
    guided = uses_guidance(request)
    negative = (embedder.embed(request.negative_prompt),) if guided else ()
    render.denoising = DenoisingState(
        scheduler=scheduler,
        fresh_noise=drawn,
        latents=start.latents,
        pinned=start.pinned,
        embeddings=(*negative, prompt_embedding(request, embedder)),
        # read at every step: as numbers for the scheduler, as a tensor for the UNet
        timesteps=[int(timestep) for timestep in scheduler.timesteps],
        timesteps_on_device=scheduler.timesteps.to(device.name, torch.float32),
    )


def _draws(request: GenerationRequest) -> int:
    """How often noise is drawn: once, and for turbo after each step but the last."""
    return steps_taken(request) if request.endpoint is Endpoint.TURBO else 1
