"""What a clip starts from, a picture or a video, as noisy latents: what diffusers'
`AnimateDiffVideoToVideoPipeline` computes, bit for bit, for a video.

A picture is put into every frame, and the first frame is pinned to it at every step.
"""

from dataclasses import dataclass
from typing import Any, Final

import torch

from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.render import PinnedPicture

Tensor = Any
FRAMES_ENCODED_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Start:
    """The first latents, (1, 4, frames, height / 8, width / 8), and the picture that stays."""

    latents: Tensor
    pinned: PinnedPicture | None


def start_from(given: Any, frames: int, *, vae: Any, scheduler: Any, generator: Any) -> Start:
    """The latents of a clip of so many frames that starts from `given`: (1 or frames, height,
    width, 3), uint8. `generator` draws first for the encoder, then the noise, as diffusers does."""
    latents = _encoded(given, vae, generator) * vae.config.scaling_factor
    is_picture = len(given) == 1
    clean = latents.expand(frames, -1, -1, -1).unsqueeze(0)
    noise = torch.randn(clean.shape, generator=generator).to(clean.device)
    noisy = scheduler.add_noise(clean, noise, scheduler.timesteps[:1]).transpose(1, 2)
    pinned = None
    if is_picture:
        first, its_noise = clean[:, :1].transpose(1, 2), noise[:, :1].transpose(1, 2)
        pinned = PinnedPicture(first.clone(), its_noise.clone())
    return Start(noisy.contiguous(), pinned)


def _encoded(given: Any, vae: Any, generator: Any) -> Tensor:
    """(frames, 4, height / 8, width / 8), float32, some frames at a time; one where memory is
    short."""
    moments: list[tuple[Tensor, Tensor]] = []
    at_once = FRAMES_ENCODED_AT_ONCE
    while len(moments) < len(given):
        part = torch.from_numpy(given[len(moments) : len(moments) + at_once].copy())
        try:
            found = _moments(part, vae)
        except Exception as error:
            if at_once == 1 or not is_out_of_memory(error):
                raise
            found = []
        moments += found
        if not found:
            # after the except block: there the error still holds the failed part's tensors
            free_device_memory()
            at_once = 1
    means, deviations = (torch.stack(each) for each in zip(*moments, strict=True))
    # drawn on the CPU, for all frames at once: a seed means the same on every device
    drawn = torch.randn(means.shape, generator=generator).to(means.device)
    return means + deviations * drawn


def _moments(part: Tensor, vae: Any) -> list[tuple[Tensor, Tensor]]:
    """Mean and deviation of each frame's latents."""
    pixels = part.permute(0, 3, 1, 2).float().div(255).mul(2).sub(1)
    encoded = vae.encode(pixels.to(vae.device, vae.dtype))
    if hasattr(encoded, "latents"):
        # TAESD knows no deviation
        means = encoded.latents.float()
        return [(mean, torch.zeros_like(mean)) for mean in means]
    found = encoded.latent_dist
    return list(zip(found.mean.float(), found.std.float(), strict=True))
