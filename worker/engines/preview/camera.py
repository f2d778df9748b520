"""The camera: six motions as zoom and shift, seen more strongly by what is near than by what is
far."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generation.protocol.request import Motion

MARGIN: Final = 0.15
"""How far, in parts of the frame, a layer must reach beyond each edge: no camera motion looks
further."""
NEAREST: Final = 1.25
"""The depth of what is closest; 1 is the subject, 0 the sky."""
_TRAVEL: Final = MARGIN / NEAREST
_FOCUS: Final = (0.5, 0.58)
"""What a zoom goes to, as a part of the frame: about where subjects are."""
_ZOOM: Final = 1.4
_FULL_SECONDS: Final = 1.6
"""A clip this long shows the whole of a motion; a shorter one proportionally less, so speed feels
the same."""
_LEAST: Final = 0.4


@dataclass(frozen=True)
class View:
    """How one depth is seen in one frame: ``world = left + screen / scale``, both in pixels of the
    frame."""

    scale: float
    left: float
    top: float
    width: int
    height: int

    @cached_property
    def columns(self) -> NDArray[np.float32]:
        """The world's x under every pixel column's centre, shape (width,)."""
        return np.float32(self.left) + (np.arange(self.width, dtype=np.float32) + 0.5) / np.float32(
            self.scale
        )

    def screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the world is on the screen."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale


class Camera:
    """Where the camera is during a clip.

    It pans and tilts as a camera does: ``pan-left`` turns it to the left, so the picture moves to
    the right; ``tilt-up`` moves the picture down. Two opposite motions together go there and back
    again.
    """

    def __init__(
        self, motions: Collection[Motion], width: int, height: int, seconds: float
    ) -> None:
        self._width, self._height = width, height
        self._reach = min(1.0, max(_LEAST, seconds / _FULL_SECONDS))
        self._pan = _Axis(Motion.PAN_RIGHT in motions, Motion.PAN_LEFT in motions)
        self._tilt = _Axis(Motion.TILT_DOWN in motions, Motion.TILT_UP in motions)
        self._zoom = _Axis(Motion.ZOOM_IN in motions, Motion.ZOOM_OUT in motions)

    def view(self, progress: float, depth: float) -> View:
        """What a depth (0 far … 1.25 near) looks like at a moment of the clip (0 first frame … 1
        last)."""
        share = 0.3 + 0.7 * depth
        scale = self._scale(progress, depth)
        across = self._pan.at(progress) * self._reach * _TRAVEL * share * self._width
        down = self._tilt.at(progress) * self._reach * _TRAVEL * share * self._height
        left = (self._width - self._width / scale) * _FOCUS[0] + across
        top = (self._height - self._height / scale) * _FOCUS[1] + down
        return View(scale, left, top, self._width, self._height)

    def _scale(self, progress: float, depth: float) -> float:
        if not self._zoom.moves:
            return 1.0
        near = (self._zoom.at(progress) + 1) / 2 * self._reach
        return math.exp(math.log(_ZOOM) * near * (0.5 + 0.5 * min(depth, 1.0)))


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction of travel, from -1 to 1 over the clip when it goes forwards."""

    forwards: bool
    backwards: bool

    @property
    def moves(self) -> bool:
        """Whether the camera travels this way at all."""
        return self.forwards or self.backwards

    def at(self, progress: float) -> float:
        """Where the camera is at a moment of the clip; it starts and stops gently."""
        if self.forwards and self.backwards:
            return math.cos(2 * math.pi * progress)
        eased = 0.75 * progress + 0.25 * progress * progress * (3 - 2 * progress)
        return (2 * eased - 1) * (int(self.forwards) - int(self.backwards))
