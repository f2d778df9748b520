"""Stable Diffusion's safety checker over a few frames of every clip, for operators who want it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPImageProcessor

from worker.engine import Frames, UnsafeClip
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.models.files import variant_of

FRAMES_CHECKED: Final = 4
"""Spread over the clip, with its first and its last frame."""


@dataclass(frozen=True, slots=True)
class SafetyChecker:
    """The checker's model and what prepares frames for it."""

    checker: Any
    processor: Any
    device: str

    def check(self, frames: Frames) -> None:
        """Raise :class:`UnsafeClip` when the model flags one of the checked frames.

        frames: (frames, height, width, 3), RGB, 0…255.
        """
        # unique: a clip of one or two frames has fewer to check
        indices = np.unique(np.linspace(0, len(frames) - 1, FRAMES_CHECKED).round().astype(int))
        images = list(frames[indices])
        with torch.inference_mode():
            inputs = self.processor(images, return_tensors="pt").pixel_values.to(self.device)
            _, flagged = self.checker(images=images, clip_input=inputs)
        if any(flagged):
            raise UnsafeClip(
                "The safety checker saw nudity in this clip, so it is not shown. Try other words."
            )


def load_safety_checker(folder: Path, *, device: Device) -> SafetyChecker:
    """Load the checker from a base's `safety_checker` folder; nothing is downloaded."""
    checker = StableDiffusionSafetyChecker.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, variant=variant_of(folder, "model")
    )
    size = checker.config.vision_config.image_size
    processor = CLIPImageProcessor(
        size={"shortest_edge": size}, crop_size={"height": size, "width": size}
    )
    return SafetyChecker(
        checker.to(device.name).eval().requires_grad_(False), processor, device.name
    )
