"""Clips that can be played again and again without a jump."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

MIN_LOOP_FRAMES: Final = 8
"""Frames of a seamless loop at least: with fewer there is nothing that could move and come back."""


class Loop(StrEnum):
    """How a clip can be played again and again."""

    SEAMLESS = "seamless"
    """The last frame leads to the first."""
    PING_PONG = "ping-pong"
    """After the last frame it runs back to the first."""


def shown_order(frames: int, loop: Loop | None) -> Sequence[int]:
    """The frames that are shown, in order; there and back neither end is twice."""
    there = range(frames)
    return (*there, *there[-2:0:-1]) if loop is Loop.PING_PONG else there


def drawn_frames(shown: int, loop: Loop | None) -> int:
    """How many frames are drawn so that so many are shown; at least one."""
    return shown // 2 + 1 if loop is Loop.PING_PONG else max(1, shown)
