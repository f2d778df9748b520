"""A cheap look at a clip while it appears: its latents as small colour frames, without the decoder."""

from typing import Any, Final

import torch

from worker.engine import Frames

LATENT_TO_RGB: Final = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
"""How much red, green and blue each latent channel of Stable Diffusion 1.x means: keturn's fit of decoder outputs, in
the Hugging Face forum's thread 23204, "Decoding latents to RGB without upscaling"."""


def frames_of(latents: Any) -> Frames:
    """Latents of shape (1, 4, frames, h, w) as pictures of h × w: an eighth of the clip's sides."""
    factors = torch.tensor(LATENT_TO_RGB, device=latents.device)
    colours = torch.einsum("cfhw,cr->fhwr", latents[0].float(), factors)
    pixels = ((colours + 1) * 127.5).nan_to_num().clamp(0, 255).round().to(torch.uint8)
    frames: Frames = pixels.cpu().numpy()
    return frames
