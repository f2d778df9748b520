"""DeepCache (arXiv 2312.00858) in steps that clips share: a step may reuse deep features.

The deep layers of a UNet change slowly between timesteps. A step with cached features computes only
the first convolution, the last layer of the last up block and the output layers; the rest comes
from an earlier full step of the same clip. Features are kept with their clip, so clips of any age
and seed share forwards, and a cancelled clip leaves nothing in memory.
"""

from typing import Any

import torch

from worker.engines.animatediff.compile.inputs import Forward

Tensor = Any


def keeping_forward(unet: Any) -> Forward:
    """The UNet's whole forward, which also gives its deep features: (noise, features), the features
    (rows × frames, channels, h, w), a view that holds more memory than its own.

    Ask once for each UNet: it is given a hook that stays.
    """
    # a hook, and not a copy of the whole forward: diffusers may change the layers between. It is
    # there before anything is compiled, because compiled code does not notice a later one
    shallow = unet.conv_in.out_channels
    kept: dict[str, Tensor] = {}

    def keep(_: Any, __: Any, kwargs: dict[str, Tensor]) -> None:
        # the input is the deep features and, in its last channels, the skip from the first layer
        kept["deep"] = kwargs["input_tensor"][:, :-shallow]

    unet.up_blocks[-1].resnets[-1].register_forward_pre_hook(keep, with_kwargs=True)

    def forward(*inputs: Tensor, **named: Any) -> tuple[Tensor, Tensor]:
        noise = unet(*inputs, **named)[0]
        return noise, kept.pop("deep")

    return forward


def reusing_forward(unet: Any) -> Forward:
    """A forward that takes the deep features as a further argument and computes only what is
    shallow."""

    def forward(
        sample: Tensor,
        timesteps: Tensor,
        features: Tensor,
        *,
        encoder_hidden_states: Tensor,
        **_: bool,
    ) -> tuple[Tensor]:
        rows, _, frames, height, width = sample.shape
        block = unet.up_blocks[-1]
        embedding = unet.time_embedding(unet.time_proj(timesteps).to(sample.dtype))
        # the spatial layers see frames as a batch: (rows × frames, 4, h, w)
        flat = sample.permute(0, 2, 1, 3, 4).reshape(rows * frames, -1, height, width)
        hidden = torch.cat([features, unet.conv_in(flat)], dim=1)
        temb = embedding.repeat_interleave(frames, dim=0)
        # not by calling the layer, which would run a keeping forward's hook too
        hidden = block.resnets[-1].forward(input_tensor=hidden, temb=temb)
        text = encoder_hidden_states
        hidden = block.attentions[-1](hidden, encoder_hidden_states=text, return_dict=False)[0]
        # as in the last up block: resnet, attention, motion module
        hidden = block.motion_modules[-1](hidden, num_frames=frames)
        noise = unet.conv_out(unet.conv_act(unet.conv_norm_out(hidden)))
        return (noise.reshape(rows, frames, -1, height, width).permute(0, 2, 1, 3, 4),)

    return forward
