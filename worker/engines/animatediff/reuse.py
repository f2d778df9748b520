"""DeepCache's idea for steps that are shared: the deep layers of a UNet change slowly, so a step may reuse them.

Of the whole UNet a reusing step computes the first convolution, and the last layer of the last block with the output
layers after it; what comes up from below is what an earlier whole step of the same clip said. It is kept with the clip,
so clips of any age and seed go on sharing forwards, and one that is let go leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from worker.engines.animatediff.compile import ForwardInputs

Tensor = Any


@contextmanager
def deep_features_of(unet: Any) -> Iterator[list[Tensor]]:
    """While it lasts, each forward adds what came up from the deep layers: (rows × frames, channels, h, w)."""
    shallow = unet.conv_in.out_channels
    seen: list[Tensor] = []

    def keep(_: Any, __: Any, kwargs: dict[str, Tensor]) -> None:
        seen.append(kwargs["input_tensor"][:, :-shallow].clone())

    hook = unet.up_blocks[-1].resnets[-1].register_forward_pre_hook(keep, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


def reusing_forward(unet: Any, inputs: ForwardInputs, deep: Tensor) -> Tensor:
    """The predicted noise, shaped as the sample, with the deep layers' part given."""
    rows, _, frames, height, width = inputs.sample.shape
    block = unet.up_blocks[-1]
    embedding = unet.time_embedding(unet.time_proj(inputs.timesteps).to(inputs.sample.dtype))
    flat = inputs.sample.permute(0, 2, 1, 3, 4).reshape(rows * frames, -1, height, width)
    hidden = torch.cat([deep, unet.conv_in(flat)], dim=1)
    hidden = block.resnets[-1](input_tensor=hidden, temb=embedding.repeat_interleave(frames, dim=0))
    hidden = block.attentions[-1](hidden, encoder_hidden_states=inputs.text, return_dict=False)[0]
    hidden = block.motion_modules[-1](hidden, num_frames=frames)
    noise = unet.conv_out(unet.conv_act(unet.conv_norm_out(hidden)))
    return noise.reshape(rows, frames, -1, height, width).permute(0, 2, 1, 3, 4)
