"""The windows of a clip as rows of a forward, and one prediction for the clip from theirs."""

from collections.abc import Sequence
from typing import Any

import torch

from generation.protocol.extensions.windows import Windows

Tensor = Any


def parts_of(latents: Tensor, windows: Windows) -> list[Tensor]:
    """What each window sees of the latents (1, 4, frames, h, w)."""
    if windows.is_whole:
        return [latents]
    return [
        latents.index_select(2, torch.tensor(indices, device=latents.device))
        for indices in windows.indices
    ]


def texts_of(text: Tensor, windows: Windows) -> list[Tensor]:
    """What each window reads of the text (1 or frames, tokens, width)."""
    if windows.is_whole or len(text) == 1:
        return [text] * len(windows.starts)
    return [
        text.index_select(0, torch.tensor(indices, device=text.device))
        for indices in windows.indices
    ]


def fused(noises: Sequence[Tensor], windows: Windows) -> Tensor:
    """The noise in the whole clip, (1, 4, frames, h, w): of each frame the mean of what its windows
    predict, where their middles count most."""
    if windows.is_whole:
        # not even rounded: the one window is the clip
        return noises[0]
    rows, channels, _, height, width = noises[0].shape
    weights = torch.tensor(windows.weights, dtype=noises[0].dtype, device=noises[0].device)
    total = noises[0].new_zeros(rows, channels, windows.frames, height, width)
    counted = noises[0].new_zeros(windows.frames)
    for indices, noise in zip(windows.indices, noises, strict=True):
        places = torch.tensor(indices, device=noise.device)
        total.index_add_(2, places, noise * weights.view(-1, 1, 1))
        counted.index_add_(0, places, weights)
    return total / counted.view(-1, 1, 1)
