"""Estimates the memory that work takes: decides what shares a forward and what can never fit.

The figures are computed (benchmarks/engine_memory.py), not measured: the largest sum of live
tensors in a forward of the full-size models, with attention that does not hold its scores.
Libraries' workspaces are a fifth on top.
"""

from typing import Final

from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.device import Device

UNET_NUMBERS_PER_LATENT_PIXEL: Final = 8_400
"""Numbers alive at the peak of a UNet's forward, for each latent pixel of each frame and row."""
DECODER_NUMBERS_PER_LATENT_PIXEL: Final = 49_200
"""The same for the base's decoder, for each frame decoded at once."""
WORKSPACE: Final = 1.2
"""Factor for the libraries' workspaces."""
SHARE_OF_FREE: Final = 0.9
"""The part of the free memory that an estimate may take; the rest is for its errors."""
FRAMES_DECODED_ON_CPU: Final = 4
"""Few, because a batch cannot be cancelled half way."""


def row_bytes(key: BatchKey, *, itemsize: int) -> int:
    """Bytes that one row of a forward takes while it runs; `itemsize`: bytes of one number."""
    return round(
        WORKSPACE * UNET_NUMBERS_PER_LATENT_PIXEL * itemsize * key.frames * key.latent_pixels
    )


def frame_bytes(key: BatchKey, *, itemsize: int) -> int:
    """Bytes that decoding one frame takes while it runs."""
    return round(WORKSPACE * DECODER_NUMBERS_PER_LATENT_PIXEL * itemsize * key.latent_pixels)


def rows_in_memory(device: Device, key: BatchKey, *, itemsize: int) -> int:
    """How many rows may share a forward with the memory that is free now, at least 1."""
    # at least 1: running out is handled, and an estimate alone should stop no clip
    return max(1, int(SHARE_OF_FREE * device.free_bytes() / row_bytes(key, itemsize=itemsize)))


def fits_at_all(device: Device, key: BatchKey, *, itemsize: int) -> bool:
    """Whether a single row and a single frame fit an empty device."""
    # steps and decoding of one clip never run at the same time
    largest = max(row_bytes(key, itemsize=itemsize), frame_bytes(key, itemsize=itemsize))
    return largest <= device.total_bytes()


def frames_decoded_at_once(device: Device, key: BatchKey, *, itemsize: int) -> int:
    """How many frames to decode together: 16, or what half of the free memory holds."""
    if not device.is_cuda:
        return min(FRAMES_DECODED_ON_CPU, key.frames)
    # half, because steps of other clips run beside it
    fitting = int(device.free_bytes() / 2 / frame_bytes(key, itemsize=itemsize))
    return max(1, min(16, fitting, key.frames))
