"""A motion UNet of two levels with random weights: what is compiled of the real one, in a tenth of the time."""

from typing import Any

import torch

from worker.engines.animatediff.models.unet import MotionUNet


def small_unet(seed: int = 0) -> Any:
    """Ready for inference; the width of its texts is 8."""
    torch.manual_seed(seed)
    unet = MotionUNet(
        block_out_channels=(8, 8),
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"),
        up_block_types=("UpBlockMotion", "CrossAttnUpBlockMotion"),
        layers_per_block=1,
        cross_attention_dim=8,
        norm_num_groups=4,
        num_attention_heads=2,
        motion_num_attention_heads=2,
        use_motion_mid_block=False,
    )
    return unet.eval().requires_grad_(False)
