"""The inputs of a forward of the UNet, real or of zeros."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from worker.engines.animatediff.options import ForwardShape

Tensor = Any
Forward = Callable[..., Any]
"""The UNet, or what was compiled of it."""


@dataclass(frozen=True, slots=True)
class ForwardInputs:
    """What a forward takes.

    sample: (rows, 4, frames, h, w), noisy latents. timesteps: (rows,). text: (rows × frames,
    tokens, width).
    """

    sample: Tensor
    timesteps: Tensor
    text: Tensor

    @classmethod
    def of_shape(cls, shape: ForwardShape, unet: Any, *, text_width: int) -> "ForwardInputs":
        """Zeros of that shape, on the UNet's device and in its dtype: to compile or measure
        with."""
        like = {"device": unet.device, "dtype": unet.dtype}
        return cls(
            torch.zeros(shape.rows, 4, shape.frames, shape.height // 8, shape.width // 8, **like),
            # a timestep in the middle: its value changes no shape
            torch.full((shape.rows,), 500.0, device=unet.device),
            torch.zeros(shape.rows * shape.frames, 77, text_width, **like),
        )

    def run(self, forward: Forward) -> Tensor:
        """The predicted noise, shaped as the sample."""
        # always called with the same arguments: others would be compiled again
        return forward(
            self.sample, self.timesteps, encoder_hidden_states=self.text, return_dict=False
        )[0]
