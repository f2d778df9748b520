"""Layers made once and then only looked at: pictures on flat sheets in the world, seen through the
camera."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from worker.engines.preview.camera import MARGIN, View
from worker.engines.preview.colour import Colour
from worker.engines.preview.drawing.noise import Plane, raster
from worker.engines.preview.stage import Canvas, Shot, Stage

_BILINEAR: Final = Image.Resampling.BILINEAR


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the world in pixels, held as rows and columns of cells."""

    left: float
    top: float
    right: float
    bottom: float
    columns: int
    rows: int

    @property
    def x(self) -> Plane:
        """The world's x under every cell, shape (1, columns)."""
        step = (self.right - self.left) / self.columns
        return (self.left + (np.arange(self.columns, dtype=np.float32) + 0.5) * step).astype(
            np.float32
        )[None, :]

    @property
    def y(self) -> Plane:
        """The world's y under every cell, shape (rows, 1)."""
        step = (self.bottom - self.top) / self.rows
        return (self.top + (np.arange(self.rows, dtype=np.float32) + 0.5) * step).astype(
            np.float32
        )[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns


def whole_area(
    stage: Stage, top: float = 0.0, bottom: float = 1.0, *, coarse: float = 1.0, wide: float = 1.0
) -> Area:
    """Everything a camera can see between two heights (fractions of the frame), in cells of
    ``coarse`` pixels.

    ``wide`` makes it so many times wider, for what drifts across.
    """
    left, right = -MARGIN * stage.width, (1 + MARGIN) * stage.width
    right = left + (right - left) * wide
    upper = max(-MARGIN, top - (MARGIN if top == 0 else 0)) * stage.height
    lower = (bottom + (MARGIN if bottom >= 1 else 0)) * stage.height
    return Area(
        left, upper, right, lower, _cells(right - left, coarse), _cells(lower - upper, coarse)
    )


def _cells(length: float, coarse: float) -> int:
    return max(4, math.ceil(length / coarse))


@dataclass(frozen=True, slots=True)
class _Window:
    """Which pixels of the screen a sheet covers, and which cells of the sheet lie under them."""

    rows: slice
    columns: slice
    box: tuple[float, float, float, float]

    @property
    def size(self) -> tuple[int, int]:
        return self.columns.stop - self.columns.start, self.rows.stop - self.rows.start

    def look(self, image: Image.Image) -> Plane:
        """The sheet as seen, shape (rows, columns) of the screen."""
        return np.asarray(image.resize(self.size, _BILINEAR, box=self.box))


def _window(view: View, area: Area, shift: float) -> _Window | None:
    left, top = view.screen(area.left + shift, area.top)
    right, bottom = view.screen(area.right + shift, area.bottom)
    columns = slice(max(0, math.ceil(left)), min(view.width, math.floor(right)))
    rows = slice(max(0, math.ceil(top)), min(view.height, math.floor(bottom)))
    if columns.stop <= columns.start or rows.stop <= rows.start:
        return None
    across, down = area.columns / (right - left), area.rows / (bottom - top)
    box = (
        max(0.0, (columns.start - left) * across),
        max(0.0, (rows.start - top) * down),
        min(float(area.columns), (columns.stop - left) * across),
        min(float(area.rows), (rows.stop - top) * down),
    )
    return _Window(rows, columns, box)


class Sheet:
    """A picture on a sheet at one depth.

    ``picture`` is premultiplied radiance, shape (3, rows, columns); ``cover`` its opacity, shape
    (rows, columns), or ``None`` for light that is only added. A sheet with a ``drift`` (pixels a
    second) must join left to right.
    """

    def __init__(
        self,
        area: Area,
        picture: Canvas,
        cover: Plane | None,
        *,
        depth: float = 0.0,
        drift: float = 0.0,
    ) -> None:
        self._drift = drift
        self._tile = area.right - area.left
        self._area = _doubled(area) if drift else area
        self._planes = _images([*picture], repeated=bool(drift))
        self._cover = None if cover is None else _images([cover], repeated=bool(drift))[0]
        self._depth = depth

    def paint(self, shot: Shot) -> None:
        window = _window(shot.view(self._depth), self._area, self._shift(shot.seconds))
        if window is None:
            return
        under = shot.canvas[:, window.rows, window.columns]
        if self._cover is not None:
            under *= 1 - window.look(self._cover)
        for channel, plane in zip(under, self._planes, strict=True):
            channel[:] += window.look(plane)

    def _shift(self, seconds: float) -> float:
        return (self._drift * seconds) % self._tile - self._tile if self._drift else 0.0


class Veil:
    """A sheet of one colour: fog, smoke, a glow. ``cover`` is its strength, shape (rows,
    columns)."""

    def __init__(
        self,
        area: Area,
        cover: Plane,
        colour: Colour,
        *,
        depth: float,
        drift: float = 0.0,
        adds: bool = False,
    ) -> None:
        self._drift = drift
        self._tile = area.right - area.left
        self._area = _doubled(area) if drift else area
        self._cover = _images([cover], repeated=bool(drift))[0]
        self._colour = colour
        self._depth = depth
        self._adds = adds

    def paint(self, shot: Shot) -> None:
        shift = (self._drift * shot.seconds) % self._tile - self._tile if self._drift else 0.0
        window = _window(shot.view(self._depth), self._area, shift)
        if window is None:
            return
        strength = window.look(self._cover)
        for channel, light in zip(
            shot.canvas[:, window.rows, window.columns], self._colour, strict=True
        ):
            channel[:] += strength * (light if self._adds else light - channel)


def _doubled(area: Area) -> Area:
    right = area.right + (area.right - area.left)
    return Area(area.left, area.top, right, area.bottom, area.columns * 2, area.rows)


def _images(planes: Sequence[Plane], *, repeated: bool) -> list[Image.Image]:
    return [
        raster(np.concatenate([plane, plane], axis=1) if repeated else plane) for plane in planes
    ]


def painted(colour: Colour, cover: Plane) -> Canvas:
    """One colour under a cover, premultiplied: shape (3, rows, columns)."""
    return (colour[:, None, None] * cover[None]).astype(np.float32)


def graded(stops: Sequence[tuple[float, Colour]], at: Plane) -> Canvas:
    """Colours between stops (place, colour), looked up for every place: shape (3, *at.shape)."""
    places = [place for place, _ in stops]
    return np.stack(
        [np.interp(at, places, [float(colour[c]) for _, colour in stops]) for c in range(3)]
    ).astype(np.float32)
