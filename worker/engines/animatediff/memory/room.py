"""What a device of a given size has room for: one arithmetic for admission and documentation.

The figures are computed (benchmarks/engine_memory.py), not measured: the largest sum of live
tensors in a forward of the full-size models, with attention that does not hold its scores.
Libraries' workspaces are a fifth on top. Needs no torch.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from generation.protocol.request import Endpoint, VideoSizePreset
from worker.engines.animatediff.batch_key import BatchKey

GIB: Final = 2**30
UNET_NUMBERS_PER_LATENT_PIXEL: Final = 8_400
"""Numbers alive at the peak of a UNet's forward, for each latent pixel of each frame and row."""
DECODER_NUMBERS_PER_LATENT_PIXEL: Final = 49_200
"""The same for the base's decoder, for each frame decoded at once."""
WORKSPACE: Final = 1.2
"""Factor for the libraries' workspaces."""
CONTEXT_BYTES: Final = round(0.8 * GIB)
"""What CUDA and its libraries take beside torch's own memory."""
HEADROOM_BYTES: Final = 4_000_000_000
"""Bytes that must stay free besides both models for the work itself (16 × 512 × 512, guided)."""
HALF: Final = 2
"""Bytes of a number in float16 or bfloat16."""

UNET_BYTES: Final = 2_625_400_000
"""Weights of a UNet with its motion modules in half precision, for one endpoint."""
ORIGINALS_BYTES: Final = 329_000_000
"""The copies from which its camera motions are undone."""
ENCODERS_BYTES: Final = 420_000_000
"""The decoder and the text encoder."""

DOCUMENTED_GB: Final = (6, 8, 12, 16, 24)
"""The sizes of GPUs in the table."""
DOCUMENTED_FRAMES: Final = (16, 32)


class Fit(StrEnum):
    """How a guided clip fits."""

    WHOLE = "yes"
    ROW_BY_ROW = "slower"
    """One row of a forward at a time."""
    NOT = "no"


def row_bytes(key: BatchKey, *, itemsize: int) -> int:
    """Bytes that one row of a forward takes while it runs; `itemsize`: bytes of one number."""
    return round(
        WORKSPACE * UNET_NUMBERS_PER_LATENT_PIXEL * itemsize * key.frames * key.latent_pixels
    )


def frame_bytes(key: BatchKey, *, itemsize: int) -> int:
    """Bytes that decoding one frame takes while it runs."""
    return round(WORKSPACE * DECODER_NUMBERS_PER_LATENT_PIXEL * itemsize * key.latent_pixels)


def room_for_work(total: int, *, weights: int, others: int = 0) -> int:
    """Bytes that work can take on a device: all but the weights that stay on it, the context of
    its libraries and what other programs hold."""
    return max(0, total - weights - others - CONTEXT_BYTES)


def fit_of(room: int, key: BatchKey, *, itemsize: int, decoder_itemsize: int) -> Fit:
    """How a guided clip of that key fits into the room for work."""
    # steps and decoding of one clip never run at the same time
    row = row_bytes(key, itemsize=itemsize)
    if max(row, frame_bytes(key, itemsize=decoder_itemsize)) > room:
        return Fit.NOT
    return Fit.WHOLE if 2 * row <= room else Fit.ROW_BY_ROW


def both_fit(free: int, *, unets: int) -> bool:
    """Whether both endpoints' UNets stay on a device beside the work. `free`: bytes before either
    is on it; `unets`: what both take."""
    return unets + HEADROOM_BYTES <= free


def helper_fits(free: int, *, model: int, work: int) -> bool:
    """Whether a process that compiles fits beside a worker with that much free. `model`: bytes of
    its weights; `work`: what the run of it takes."""
    return model + work + CONTEXT_BYTES + HEADROOM_BYTES <= free


def memory_table() -> str:
    """What fits GPUs of several sizes, as Markdown: the table of the documentation."""
    head = "| guided clip | " + " | ".join(f"{size} GB" for size in DOCUMENTED_GB) + " |"
    return "\n".join((head, "|---" * (1 + len(DOCUMENTED_GB)) + "|", *_rows()))


def _rows() -> Iterator[str]:
    for frames in DOCUMENTED_FRAMES:
        # upright and lying pictures of the same sides need the same
        for width, height in sorted({max(p.pixels, p.pixels[::-1]) for p in VideoSizePreset}):
            key = BatchKey(Endpoint.STANDARD, width, height, frames, frozenset())
            cells = " | ".join(_documented_fit(size * GIB, key) for size in DOCUMENTED_GB)
            yield f"| {frames} frames of {width} × {height} | {cells} |"
    kept = " | ".join("yes" if _keeps_both(size * GIB) else "no" for size in DOCUMENTED_GB)
    yield f"| both endpoints' models stay on the GPU | {kept} |"


def _documented_fit(total: int, key: BatchKey) -> Fit:
    room = room_for_work(total, weights=UNET_BYTES + ORIGINALS_BYTES + ENCODERS_BYTES)
    return fit_of(room, key, itemsize=HALF, decoder_itemsize=HALF)


def _keeps_both(total: int) -> bool:
    free = room_for_work(total, weights=ENCODERS_BYTES)
    return both_fit(free, unets=2 * (UNET_BYTES + ORIGINALS_BYTES))
