"""Stable Diffusion's safety checker over a few frames of every clip, for operators who want it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPImageProcessor

from worker.engine import EngineRefusal, Frames
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.files import variant_of

FRAMES_LOOKED_AT: Final = 4
"""Spread over the clip, the first and the last among them."""


@dataclass(frozen=True, slots=True)
class Safety:
    """The checker and what makes its pictures from ours."""

    checker: Any
    processor: Any
    device: str

    def check(self, frames: Frames) -> None:
        """Raise :class:`EngineRefusal` when the checker sees what it must not in one of the frames looked at."""
        chosen = np.unique(np.linspace(0, len(frames) - 1, FRAMES_LOOKED_AT).round().astype(int))
        pictures = list(frames[chosen])
        with torch.inference_mode():
            inputs = self.processor(pictures, return_tensors="pt").pixel_values.to(self.device)
            _, seen = self.checker(images=pictures, clip_input=inputs)
        if any(seen):
            raise EngineRefusal("The safety checker saw nudity in this clip, so it is not shown. Try other words.")


def load_safety(folder: Path, *, device: Device) -> Safety:
    """Load the checker that lies in a base's `safety_checker` folder; nothing is fetched."""
    checker = StableDiffusionSafetyChecker.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, variant=variant_of(folder, "model")
    )
    size = checker.config.vision_config.image_size
    processor = CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    return Safety(checker.to(device.name).eval().requires_grad_(False), processor, device.name)
