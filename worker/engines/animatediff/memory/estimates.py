"""What shares a forward, or a decoding, with the memory that is free at the moment."""

from typing import Final

from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.memory.room import frame_bytes, row_bytes

SHARE_OF_FREE: Final = 0.9
"""The part of the free memory that an estimate may take; the rest is for its errors."""
FRAMES_DECODED_ON_CPU: Final = 4
"""Few, because a batch cannot be cancelled half way."""


def rows_in_memory(device: Device, key: BatchKey, *, itemsize: int) -> int:
    """How many rows may share a forward with the memory that is free now, at least 1."""
    # at least 1: running out is handled, and an estimate alone should stop no clip
    return max(1, int(SHARE_OF_FREE * device.free_bytes() / row_bytes(key, itemsize=itemsize)))


def frames_decoded_at_once(device: Device, key: BatchKey, *, itemsize: int) -> int:
    """How many frames to decode together: 16, or what half of the free memory holds."""
    if not device.is_cuda:
        return min(FRAMES_DECODED_ON_CPU, key.frames)
    # half, because steps of other clips run beside it
    fitting = int(device.free_bytes() / 2 / frame_bytes(key, itemsize=itemsize))
    return max(1, min(16, fitting, key.frames))
