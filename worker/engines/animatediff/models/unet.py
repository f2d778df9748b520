"""The UNet that denoises: diffusers' own, with a quicker `dtype`."""

from typing import Any

from diffusers import UNetMotionModel


class MotionUNet(UNetMotionModel):  # type: ignore[misc]  # diffusers is Any to the type checker
    """Diffusers finds a model's dtype by walking all its modules, 2 ms in every forward; here one
    weight's dtype is taken."""

    @property
    def dtype(self) -> Any:
        """The dtype of the weights, which is the same for all of them."""
        return self.conv_in.weight.dtype
