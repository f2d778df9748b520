"""How much memory work takes, by estimate: decides what shares a forward and refuses what can never fit.

The figures are computed, not measured: the largest sum of live tensors in a forward of the full-size models, with
attention that does not hold its scores (see docs/animatediff.md). Libraries' workspaces come on top: a fifth.
"""

from typing import Final

from worker.engines.animatediff.device import Device
from worker.engines.animatediff.sharing import GroupKey

UNET_NUMBERS_PER_LATENT_PIXEL: Final = 8_400
"""Numbers alive at the peak of a UNet's forward, for each latent pixel of each frame and row."""
DECODER_NUMBERS_PER_LATENT_PIXEL: Final = 49_200
"""The same for the base's decoder, for each frame decoded at once."""
WORKSPACE: Final = 1.2
SHARE_OF_FREE: Final = 0.9
"""What of the free memory an estimate may take; the rest is for what it does not know."""
FRAMES_DECODED_ON_CPU: Final = 4
"""Small, because a step cannot be cancelled half way."""


def row_bytes(key: GroupKey, *, bytes_each: int) -> int:
    """What one row of a forward takes while it runs, in bytes."""
    return round(WORKSPACE * UNET_NUMBERS_PER_LATENT_PIXEL * bytes_each * key.frames * key.latent_pixels)


def frame_bytes(key: GroupKey, *, bytes_each: int) -> int:
    """What decoding one frame takes while it runs, in bytes."""
    return round(WORKSPACE * DECODER_NUMBERS_PER_LATENT_PIXEL * bytes_each * key.latent_pixels)


def rows_in_memory(device: Device, key: GroupKey, *, bytes_each: int) -> int:
    """How many rows may share a forward by what is free now; at least 1, because an estimate must not stop anyone."""
    return max(1, int(SHARE_OF_FREE * device.free_bytes() / row_bytes(key, bytes_each=bytes_each)))


def fits_at_all(device: Device, key: GroupKey, *, bytes_each: int) -> bool:
    """Whether a single row and a single frame can fit the device at all, however little else is in it."""
    largest = max(row_bytes(key, bytes_each=bytes_each), frame_bytes(key, bytes_each=bytes_each))
    return largest <= device.total_bytes()


def frames_decoded_at_once(device: Device, key: GroupKey, *, bytes_each: int) -> int:
    """How many frames to decode together: 16, or what half of the free memory takes."""
    if not device.is_cuda:
        return min(FRAMES_DECODED_ON_CPU, key.frames)
    fitting = int(device.free_bytes() / 2 / frame_bytes(key, bytes_each=bytes_each))
    return max(1, min(16, fitting, key.frames))
