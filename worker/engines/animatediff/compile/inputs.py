"""The inputs of a forward of the UNet, real or of zeros."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from worker.engines.animatediff.options import ForwardKind, ForwardShape

Tensor = Any
Forward = Callable[..., Any]
"""The UNet, one of its partial forwards, or what was compiled of it; gives a tuple."""


@dataclass(frozen=True, slots=True)
class ForwardInputs:
    """What a forward takes.

    sample: (rows, 4, frames, h, w), noisy latents. timesteps: (rows,). text: (rows × frames,
    tokens, width). features: (rows × frames, channels, h, w), of the deep layers, where they are
    reused.
    """

    sample: Tensor
    timesteps: Tensor
    text: Tensor
    features: Tensor | None = None

    @classmethod
    def of_shape(cls, shape: ForwardShape, unet: Any, *, text_width: int) -> "ForwardInputs":
        """Zeros of that shape, on the UNet's device and in its dtype: to compile or measure
        with."""
        like = {"device": unet.device, "dtype": unet.dtype}
        height, width, pictures = shape.height // 8, shape.width // 8, shape.rows * shape.frames
        features = None
        if shape.kind is ForwardKind.REUSING:
            channels = unet.up_blocks[-1].resnets[-1].in_channels - unet.conv_in.out_channels
            features = torch.zeros(pictures, channels, height, width, **like)
        return cls(
            torch.zeros(shape.rows, 4, shape.frames, height, width, **like),
            # a timestep in the middle: its value changes no shape
            torch.full((shape.rows,), 500.0, device=unet.device),
            torch.zeros(pictures, 77, text_width, **like),
            features,
        )

    def call(self, forward: Forward) -> Any:
        """What the forward gives: the predicted noise, shaped as the sample, and what else its kind
        gives."""
        more = () if self.features is None else (self.features,)
        # always called with the same arguments: others would be compiled again
        return forward(
            self.sample, self.timesteps, *more, encoder_hidden_states=self.text, return_dict=False
        )

    def run(self, forward: Forward) -> Tensor:
        """The predicted noise, shaped as the sample."""
        return self.call(forward)[0]
