"""Picks the renders that take the next step together: little work first, but none waits forever.

The render with the least work left goes first, so a turbo clip passes a standard one and, of two
equal clips, the older one is finished first instead of both late. Every fourth batch goes to the
render that has waited longest: with n active renders, each gets a batch at least every 4n batches.
Renders that can share the forward of the picked one join it. Needs no torch.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

from worker.engines.animatediff.batch_key import SHARED_CHUNKS_AT_MOST, BatchKey

LONGEST_WAITING_EVERY: Final = 4
"""Every how many batches the render that has waited longest goes first."""


class ForwardSharing(Protocol):
    """What grouping has to know of a render."""

    @property
    def key(self) -> BatchKey: ...
    @property
    def rows(self) -> int:
        """Rows that it adds to a forward: 2 with guidance, else 1."""
        ...

    @property
    def text_chunks(self) -> int:
        """The length of its rows' texts, in chunks of 77 tokens."""
        ...

    @property
    def work_left(self) -> float:
        """What it still costs, in latent pixels."""
        ...

    @property
    def last_batch(self) -> int:
        """The number of the batch that last advanced it, or in which it began."""
        ...

    @property
    def is_denoising(self) -> bool: ...
    @property
    def uses_cached_features(self) -> bool:
        """Whether its next step reuses features, which is another kind of forward."""
        ...


R = TypeVar("R", bound=ForwardSharing)


def pick_first(
    renders: Sequence[R],
    batch_number: int,
    *,
    switch_work: Callable[[BatchKey], float],
    longest_waiting_every: int,
) -> R:
    """The render that goes first in a batch; `renders` is not empty and given oldest first.

    switch_work: what making the models ready for a key costs, in latent pixels (0 where they are).
    longest_waiting_every: every how many batches the longest waiting render is picked; more where
        switching models is expensive.
    """
    # least work first alone would let a long clip starve under many short ones
    if batch_number % longest_waiting_every == longest_waiting_every - 1:
        return min(renders, key=lambda render: render.last_batch)
    return min(renders, key=lambda render: render.work_left + switch_work(render.key))


def fill_batch(first: R, renders: Iterable[R], *, rows_at_most: int) -> list[R]:
    """The first render and those that share its forward, the longest waiting ones before others."""
    # a forward has one shape, one set of merged motions and one kind: the key says which
    batch, rows, chunks = [first], first.rows, first.text_chunks
    alike = [
        r
        for r in renders
        if r is not first
        and r.is_denoising
        and r.key == first.key
        and r.uses_cached_features == first.uses_cached_features
    ]
    for render in sorted(alike, key=lambda r: r.last_batch):
        # texts are repeated to a common length, which must not grow far beyond what is needed
        common = math.lcm(chunks, render.text_chunks)
        fits_text = common <= max(SHARED_CHUNKS_AT_MOST, first.text_chunks)
        if rows + render.rows <= rows_at_most and fits_text:
            batch.append(render)
            rows, chunks = rows + render.rows, common
    return batch
