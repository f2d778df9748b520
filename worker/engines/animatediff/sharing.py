"""Decides which renders take the next step together: short work first, nobody forgotten. Pure; needs no torch.

Whoever has least left to compute goes first, so a turbo clip passes a standard one and, of two equal clips, the older
one is finished first instead of both late. Every fourth turn belongs to whoever has waited longest for a step: with n
renders under way, none waits for more than 4n turns. Whoever can share the forward of the chosen one joins it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from generation.request import Endpoint, GenerationRequest, Motion

LONGEST_WAITING_EVERY: Final = 4
"""Which turns belong to whoever has waited longest."""
LATENT_SCALE: Final = 8
"""Pixels per latent pixel, each way."""
DECODE_WORK: Final = 2.26
"""Decoding a frame costs as much as this many forwards of it (40.2 against 17.75 TFLOP at 512 × 512, computed)."""
ATTENTION_GROWTH: Final = 0.2
"""FLOPs of a step grow with the area to the power of 1.2 (35.5, 90.8, 129.8 and 188.7 TFLOP at 1, 2.25, 3 and 4 times
512 × 512, computed)."""
ATTENTION_BATCH_LIMIT: Final = 65_535
"""CUDA's attention kernels take no larger batch; the temporal layers batch over rows × latent pixels."""
CHUNKS_SHARED: Final = 12
"""The longest text, in chunks of 77 tokens, that sharing may lay out: what 1, 2, 3 or 4 chunks divide."""


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What renders must agree on to share a forward."""

    endpoint: Endpoint
    width: int
    height: int
    frames: int
    motions: frozenset[Motion]

    @classmethod
    def of(cls, request: GenerationRequest) -> "GroupKey":
        """The key of a request; the order in which motions are named does not matter."""
        width, height = request.pixels
        return cls(request.endpoint, width, height, request.num_frames, frozenset(request.motions))

    @property
    def latent_pixels(self) -> int:
        """Latent pixels of one frame."""
        return (self.width // LATENT_SCALE) * (self.height // LATENT_SCALE)

    @property
    def row_work(self) -> float:
        """What one row of a forward costs, in latent pixels at 512 × 512; larger pictures cost more for each pixel."""
        growth: float = max(1.0, self.latent_pixels / 4096) ** ATTENTION_GROWTH
        return self.frames * self.latent_pixels * growth

    @property
    def decode_work(self) -> float:
        """What decoding the clip costs, in the same measure."""
        return DECODE_WORK * self.frames * self.latent_pixels

    @property
    def rows_at_most(self) -> int:
        """How many rows one forward may have before attention's batch is too large for CUDA."""
        return max(1, ATTENTION_BATCH_LIMIT // self.latent_pixels)


class Sharing(Protocol):
    """What the choice has to know of a render."""

    @property
    def key(self) -> GroupKey: ...
    @property
    def rows(self) -> int:
        """Rows it brings to a forward: 2 with guidance, else 1."""
        ...

    @property
    def text_chunks(self) -> int: ...
    @property
    def work_left(self) -> float:
        """What it still costs, in latent pixels."""
        ...

    @property
    def last_turn(self) -> int:
        """The turn in which it was last advanced, or in which it began."""
        ...

    @property
    def is_denoising(self) -> bool: ...
    @property
    def is_reusing(self) -> bool:
        """Whether its next step is one of the cheap ones, which are a forward of another kind."""
        ...


R = TypeVar("R", bound=Sharing)


def choose(renders: Sequence[R], turn: int, *, switch_work: Callable[[GroupKey], float], waiting_every: int) -> R:
    """The render whose turn it is; `renders` is not empty and given oldest first.

    switch_work: what it costs to make the models ready for a key, in latent pixels (0 where they are).
    waiting_every: every how many turns the longest waiting one is chosen; more where switching models is dear.
    """
    if turn % waiting_every == waiting_every - 1:
        return min(renders, key=lambda render: render.last_turn)
    return min(renders, key=lambda render: render.work_left + switch_work(render.key))


def companions(chosen: R, renders: Iterable[R], *, rows_at_most: int) -> list[R]:
    """The chosen render and whoever may share its forward, longest waiting first."""
    group, rows, chunks = [chosen], chosen.rows, chosen.text_chunks
    alike = [r for r in renders if r.is_denoising and r.key == chosen.key and r.is_reusing == chosen.is_reusing]
    fitting = [r for r in alike if r is not chosen]
    for render in sorted(fitting, key=lambda r: r.last_turn):
        together = math.lcm(chunks, render.text_chunks)
        if rows + render.rows <= rows_at_most and together <= max(CHUNKS_SHARED, chosen.text_chunks):
            group.append(render)
            rows, chunks = rows + render.rows, together
    return group
