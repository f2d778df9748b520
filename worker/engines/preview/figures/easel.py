"""Filling shapes: smooth edges at any size and angle, coloured in the scene's light."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from worker.engines.preview.colour import radiance, reflected
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.figures.curves import Points, moved
from worker.engines.preview.figures.shapes import Shape
from worker.engines.preview.mood import Mood
from worker.engines.preview.stage import Canvas

_SPILL: Final = 3
"""How many times its softness a soft edge reaches outwards before nothing of it is seen."""
_FINE_BELOW: Final = 260
"""Shapes smaller than this many pixels are drawn with finer edges."""


@dataclass(frozen=True, slots=True)
class Placement:
    """From a figure's units to pixels: where its origin is, how long a unit is, how it leans, which
    way it faces."""

    x: float
    y: float
    size: float
    lean: float = 0.0
    faces_left: bool = False
    flipped: float = 1.0
    """-1 draws it upside down, as a reflection; between 0 and -1 squashed."""

    def apply(self, points: Points) -> Points:
        """The points in pixels."""
        cos, sin = math.cos(self.lean) * self.size, math.sin(self.lean) * self.size
        turned = points @ np.array([[cos, sin], [-sin, cos]])
        facing = turned * (-1.0 if self.faces_left else 1.0, self.flipped)
        return moved(facing, self.x, self.y)


@dataclass(slots=True)
class Patch:
    """A piece of picture: premultiplied radiance (3, rows, columns) and cover (rows, columns), at a
    place in pixels."""

    picture: Canvas
    cover: Plane
    left: int
    top: int

    def onto(self, canvas: Canvas) -> None:
        """Lay it over the canvas, which it must lie within."""
        rows, columns = self.cover.shape
        under = canvas[:, self.top : self.top + rows, self.left : self.left + columns]
        under *= 1 - self.cover
        under += self.picture


def draw(
    shapes: list[Shape],
    placement: Placement,
    mood: Mood,
    size: tuple[int, int],
    *,
    room: float = 0.0,
) -> Patch | None:
    """The shapes as a patch of a picture of ``size`` (width, height), or nothing where they are
    outside it.

    ``room`` is kept free around them, in the figure's units.
    """
    outlines = [placement.apply(shape.outline) for shape in shapes]
    spill = (max((shape.soft for shape in shapes), default=0.0) * _SPILL + room) * placement.size
    bounds = _bounds(outlines, spill, size)
    if bounds is None:
        return None
    left, top, right, bottom = bounds
    patch = Patch(
        np.zeros((3, bottom - top, right - left), np.float32),
        np.zeros((bottom - top, right - left), np.float32),
        left,
        top,
    )
    for shape, outline in zip(shapes, outlines, strict=True):
        _fill(patch, shape, outline, mood=mood, soft=shape.soft * placement.size)
    return patch


def _bounds(
    outlines: list[Points], spill: float, size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The pixels that the outlines touch: left, top, right, bottom."""
    if not outlines:
        return None
    corners = np.concatenate(outlines)
    low, high = corners.min(0) - spill - 1, corners.max(0) + spill + 2
    left, top = (max(0, math.floor(v)) for v in low)
    right, bottom = min(size[0], math.ceil(high[0])), min(size[1], math.ceil(high[1]))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _fill(patch: Patch, shape: Shape, outline: Points, *, mood: Mood, soft: float) -> None:
    rows, columns = patch.cover.shape
    local = outline - (patch.left, patch.top)
    bounds = _bounds([local], soft * _SPILL, (columns, rows))
    if bounds is None:
        return
    left, top, right, bottom = bounds
    mask = _mask(local - (left, top), (right - left, bottom - top), soft) * np.float32(
        shape.opacity
    )
    cover = patch.cover[top:bottom, left:right]
    if shape.inside:
        mask *= cover
    picture = patch.picture[:, top:bottom, left:right]
    extent = float(local[:, 1].min()) - top, float(local[:, 1].max()) - top
    _blend(picture, mask, shape, extent=extent, mood=mood)
    if not shape.inside and not shape.adds:
        cover += mask * (1 - cover)


def _blend(
    picture: Canvas, mask: Plane, shape: Shape, *, extent: tuple[float, float], mood: Mood
) -> None:
    """Put the shape's colours, shaded over its extent in rows, over the picture where the mask
    is."""
    upper, lower = _light(shape.top, shape.glow, mood), _light(shape.bottom, shape.glow, mood)
    down = np.arange(mask.shape[0], dtype=np.float32) + np.float32(0.5 - extent[0])
    share = np.clip(down / np.float32(max(1e-6, extent[1] - extent[0])), 0, 1)[:, None]
    for channel, first, last in zip(picture, upper, lower, strict=True):
        channel[:] += mask * (first + (last - first) * share - (0 if shape.adds else channel))


def _light(name: str, glow: float, mood: Mood) -> Canvas:
    return radiance(name) * np.float32(0.6 + glow) if glow else reflected(name, mood.ambient)


def _mask(outline: Points, size: tuple[int, int], soft: float) -> Plane:
    fine = 4 if max(size) < _FINE_BELOW / 4 else 3 if max(size) < _FINE_BELOW else 2
    image = Image.new("L", (size[0] * fine, size[1] * fine))
    ImageDraw.Draw(image).polygon((outline * fine).ravel().tolist(), fill=255)
    small = image.reduce(fine)
    if soft >= 0.4:
        small = small.filter(ImageFilter.GaussianBlur(soft))
    return np.asarray(small, np.float32) / np.float32(255)
