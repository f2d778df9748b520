"""How a clip is cut into windows of frames: one that is longer than the motion model sees at once,
and a loop.

Each window is a row of its own in a forward; where windows overlap, their predictions are averaged,
and a window's middle counts most. The windows of a loop go round it, so that its last frame is as
near to its first as any two neighbours (the context windows of ComfyUI-AnimateDiff-Evolved, with
its weights "pyramid").
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    PLAIN_FRAMES,
    GenerationRequest,
)

WINDOW: Final = 16
"""Frames of a window: what motion modules were trained on."""
OVERLAP: Final = 4
"""Frames that two windows share at least."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a clip of ``frames`` frames: each has ``length`` of them, from its start on;
    those of a loop go on at the first frame after the last."""

    frames: int
    length: int
    starts: tuple[int, ...] = (0,)

    @property
    def is_whole(self) -> bool:
        """Whether the one window is the whole clip."""
        return len(self.starts) == 1

    @property
    def indices(self) -> tuple[tuple[int, ...], ...]:
        """The frames of each window, in order."""
        return tuple(
            tuple((start + offset) % self.frames for offset in range(self.length))
            for start in self.starts
        )

    @property
    def weights(self) -> tuple[int, ...]:
        """How much each frame of a window counts: 1, 2, 3, … to the middle, and down again."""
        return tuple(min(place + 1, self.length - place) for place in range(self.length))


@lru_cache(256)  # asked for at every step
def windows_of(frames: int, *, is_closed: bool = False) -> Windows:
    """The windows of a clip of so many frames, or of a loop, which has at least twice
    :data:`OVERLAP` of them."""
    if is_closed:
        length = min(WINDOW, frames)
        count = math.ceil(frames / (length - OVERLAP))
        # evenly spaced round the ring
        return Windows(frames, length, tuple(place * frames // count for place in range(count)))
    if frames <= PLAIN_FRAMES:
        return Windows(frames, frames)
    count = math.ceil((frames - WINDOW) / (WINDOW - OVERLAP)) + 1
    # the first begins with the clip, the last one ends with it
    last = frames - WINDOW
    starts = tuple(round(place * last / (count - 1)) for place in range(count))
    return Windows(frames, WINDOW, starts)


def windows_for(request: GenerationRequest) -> Windows:
    """The windows in which a request is drawn."""
    return windows_of(request.frames, is_closed=request.loop is Loop.SEAMLESS)
