"""What a scene is built for and painted on: the stage (once per clip), the shot (once per frame),
the layer."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from worker.engines.preview.camera import Camera, View
from worker.engines.preview.luck import Luck
from worker.engines.preview.mood import Mood
from worker.engines.preview.words.reading import Reading

Canvas = NDArray[np.floating[Any]]
"""A picture as radiance, shape (3, height, width), 32 bit."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One clip's fixed facts: its size in pixels, what it shows, its palette and its chances."""

    width: int
    height: int
    reading: Reading
    mood: Mood
    luck: Luck
    lavish: float = 1.0
    """1 for the standard endpoint; less draws fewer particles (turbo)."""

    @property
    def unit(self) -> float:
        """The length that subjects are measured in, in pixels: the shorter side, a little more in
        long frames."""
        short, long = sorted((self.width, self.height))
        return float(short * min(1.25, (long / short) ** 0.25))

    def x(self, fraction: float) -> float:
        """A place across the frame in pixels: 0 left edge, 1 right edge."""
        return fraction * self.width

    def y(self, fraction: float) -> float:
        """A place down the frame in pixels: 0 top edge, 1 bottom edge."""
        return fraction * self.height


@dataclass(slots=True)
class Shot:
    """One frame: the canvas so far, its moment and the camera."""

    canvas: Canvas
    camera: Camera
    seconds: float
    progress: float
    _views: dict[float, View] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """The frame's height in pixels."""
        return int(self.canvas.shape[1])

    @property
    def width(self) -> int:
        """The frame's width in pixels."""
        return int(self.canvas.shape[2])

    def view(self, depth: float) -> View:
        """What a depth looks like in this frame."""
        if depth not in self._views:
            self._views[depth] = self.camera.view(self.progress, depth)
        return self._views[depth]


class Layer(Protocol):
    """One thing to paint, in front of all that was painted before it."""

    def paint(self, shot: Shot) -> None:
        """Paint this layer as it is at the shot's moment, onto the shot's canvas."""
        ...
