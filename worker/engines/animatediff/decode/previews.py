"""Preview frames of an unfinished clip: its latents as small colour frames, without the decoder."""

from typing import Any, Final

import torch

from worker.engine import Frames

LATENT_TO_RGB: Final = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
"""The red, green and blue of each latent channel of Stable Diffusion 1.x: keturn's fit of decoder
outputs, in the Hugging Face forum's thread 23204, "Decoding latents to RGB without upscaling"."""


def frames_of(latents: Any) -> Frames:
    """Latents of shape (1, 4, frames, h, w) as frames of (frames, h, w, 3), RGB, 0…255.

    h and w are an eighth of the clip's sides.
    """
    # a linear map, on the device: decoding would cost as much as two forwards
    factors = torch.tensor(LATENT_TO_RGB, device=latents.device)
    colours = torch.einsum("cfhw,cr->fhwr", latents[0].float(), factors)
    # latents that ran away (NaN) must not stop a preview; decoding reports them
    pixels = ((colours + 1) * 127.5).nan_to_num().clamp(0, 255).round().to(torch.uint8)
    frames: Frames = pixels.cpu().numpy()
    return frames
