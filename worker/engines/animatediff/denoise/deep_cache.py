"""DeepCache (arXiv 2312.00858) in steps that clips share: a step may reuse deep features.

The deep layers of a UNet change slowly between timesteps. A step with cached features computes only
the first convolution, the last layer of the last up block and the output layers; the rest comes
from an earlier full step of the same clip. Features are kept with their clip, so clips of any age
and seed share forwards, and a cancelled clip leaves nothing in memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from worker.engines.animatediff.compile.inputs import ForwardInputs

Tensor = Any


@contextmanager
def captured_features(unet: Any) -> Iterator[list[Tensor]]:
    """Inside it, each forward appends its deep features: (rows × frames, channels, h, w)."""
    # a hook, and not a copy of the whole forward: diffusers may change the layers between
    shallow = unet.conv_in.out_channels
    captured: list[Tensor] = []

    def capture(_: Any, __: Any, kwargs: dict[str, Tensor]) -> None:
        # the input is the deep features and, in its last channels, the skip from the first layer
        captured.append(kwargs["input_tensor"][:, :-shallow].clone())

    hook = unet.up_blocks[-1].resnets[-1].register_forward_pre_hook(capture, with_kwargs=True)
    try:
        yield captured
    finally:
        hook.remove()


def forward_with_features(unet: Any, inputs: ForwardInputs, features: Tensor) -> Tensor:
    """The predicted noise, shaped as the sample, from the inputs and given deep features.

    features: (rows × frames, channels, h, w), as :func:`captured_features` gives them.
    """
    rows, _, frames, height, width = inputs.sample.shape
    block = unet.up_blocks[-1]
    embedding = unet.time_embedding(unet.time_proj(inputs.timesteps).to(inputs.sample.dtype))
    # the spatial layers see frames as a batch: (rows × frames, 4, h, w)
    flat = inputs.sample.permute(0, 2, 1, 3, 4).reshape(rows * frames, -1, height, width)
    hidden = torch.cat([features, unet.conv_in(flat)], dim=1)
    hidden = block.resnets[-1](input_tensor=hidden, temb=embedding.repeat_interleave(frames, dim=0))
    hidden = block.attentions[-1](hidden, encoder_hidden_states=inputs.text, return_dict=False)[0]
    # as in the last up block: resnet, attention, motion module
    hidden = block.motion_modules[-1](hidden, num_frames=frames)
    noise = unet.conv_out(unet.conv_act(unet.conv_norm_out(hidden)))
    return noise.reshape(rows, frames, -1, height, width).permute(0, 2, 1, 3, 4)
