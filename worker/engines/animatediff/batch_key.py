"""What clips must have in common to share a forward, and what such a forward costs.

Needs no torch. Work is counted in latent pixels at 512 × 512, of all frames of one row.
"""

from dataclasses import dataclass
from typing import Final

from generation.protocol.extensions.windows import windows_for
from generation.protocol.request import Endpoint, GenerationRequest, Motion
from generation.protocol.work import DECODING_FORWARDS

LATENT_SCALE: Final = 8
"""Pixels per latent pixel, each way: the autoencoder's scale factor."""
ATTENTION_GROWTH: Final = 0.2
"""FLOPs of a step grow with the area to the power of 1.2 (35.5, 90.8, 129.8 and 188.7 TFLOP at 1,
2.25, 3 and 4 times 512 × 512, computed)."""
ATTENTION_BATCH_LIMIT: Final = 65_535
"""CUDA's attention kernels take no larger batch; the temporal layers batch over rows × latent
pixels."""
SHARED_CHUNKS_AT_MOST: Final = 12
"""The longest text of a shared forward, in chunks of 77 tokens: shorter texts are repeated up to a
common length, and 12 is the smallest that 1, 2, 3 and 4 chunks divide."""


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What renders must agree on to share a forward; ``frames`` are those of one window."""

    endpoint: Endpoint
    width: int
    height: int
    frames: int
    motions: frozenset[Motion]

    @classmethod
    def of(cls, request: GenerationRequest) -> "BatchKey":
        """The key of a request; the order in which motions are named does not matter."""
        width, height = request.pixels
        # a frozenset, so that merging the same motions is recognised in any order
        frames = windows_for(request).length
        return cls(request.endpoint, width, height, frames, frozenset(request.motions))

    @property
    def latent_pixels(self) -> int:
        """Latent pixels of one frame."""
        return (self.width // LATENT_SCALE) * (self.height // LATENT_SCALE)

    @property
    def row_work(self) -> float:
        """What one row of a forward costs; each pixel of a larger picture costs more."""
        # attention is quadratic in the area, the convolutions are linear: together about ^1.2
        growth: float = max(1.0, self.latent_pixels / 4096) ** ATTENTION_GROWTH
        return self.frames * self.latent_pixels * growth

    @property
    def frame_decode_work(self) -> float:
        """What decoding a frame costs, in the same unit."""
        return DECODING_FORWARDS * self.latent_pixels

    @property
    def rows_at_most(self) -> int:
        """How many rows one forward may have before attention's batch is too large for CUDA."""
        # at least 1: a single row cannot be split further
        return max(1, ATTENTION_BATCH_LIMIT // self.latent_pixels)


def uses_guidance(request: GenerationRequest) -> bool:
    """Whether the negative prompt has any effect: at a guidance scale of 1 or less it has none."""
    return request.guidance_scale > 1


def rows_per_step(request: GenerationRequest) -> int:
    """Rows of a forward that a step takes: a window of the clip each, and twice as many with
    classifier-free guidance."""
    return len(windows_for(request).starts) * (2 if uses_guidance(request) else 1)
