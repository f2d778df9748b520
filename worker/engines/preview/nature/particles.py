"""Small things by the hundred: flakes, drops, petals, sparks, bubbles. Where each is follows from
the time alone."""

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np

from worker.engines.preview.camera import MARGIN
from worker.engines.preview.colour import Colour
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.stage import Canvas, Shot, Stage

_SPAN: Final = 1 + 2 * MARGIN
_LEVELS: Final = 5


class Grain(Enum):
    """What one particle looks like."""

    SOFT = auto()
    """A soft dot."""
    PETAL = auto()
    """A flat leaf that tumbles."""
    STREAK = auto()
    """A line along its flight."""
    RING = auto()
    """A bubble."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the particles of one sort look and move. Lengths and speeds are in stage units (a
    second)."""

    grain: Grain
    count: int
    size: tuple[float, float]
    """Radius of the farthest and of the nearest."""
    flight: tuple[float, float]
    """Speed to the right and down, of the nearest."""
    colours: tuple[Colour, ...]
    sway: float = 0.0
    strength: float = 1.0
    twinkle: float = 0.0
    """Flickers a second; 0 shines steadily."""
    adds: bool = False
    area: tuple[float, float] = (0.0, 1.0)
    """The part of the frame's height that they keep to."""
    dies: bool = False
    """Whether they fade along their way, as sparks do."""


class Particles:
    """All particles of one sort as a layer; the lavishness of the stage scales their number."""

    def __init__(
        self, stage: Stage, part: str, kind: Kind, *, near: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        luck = stage.luck.of(part)
        wide = (stage.width * stage.height) / stage.unit**2
        count = max(6, round(kind.count * stage.lavish * min(2.0, wide)))
        self._kind = kind
        self._size = stage.width, stage.height
        self._unit = stage.unit
        self._start = luck.random((2, count))
        self._near = np.sort(near[0] + (near[1] - near[0]) * luck.random(count) ** 1.6)
        self._pace = luck.uniform(0.75, 1.25, count)
        self._phase = luck.uniform(0, 2 * math.pi, count)
        self._colour = luck.integers(0, len(kind.colours), count)

    def paint(self, shot: Shot) -> None:
        x, y, life = self._places(shot.seconds)
        strength = self._strength(shot.seconds, life)
        for index in np.nonzero(strength > 0.01)[0]:
            near = float(self._near[index])
            view = shot.view(0.5 + 0.7 * round(near * _LEVELS) / _LEVELS)
            at = view.screen(float(x[index]), float(y[index]))
            sprite, corner = self._sprite(int(index), at, view.scale, shot.seconds)
            _stamp(
                shot.canvas,
                sprite * np.float32(strength[index]),
                corner,
                self._light(int(index)),
                adds=self._kind.adds,
            )

    def _light(self, index: int) -> Colour:
        return self._kind.colours[int(self._colour[index])]

    def _places(self, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where each is in pixels, and how far along its way, 0…1."""
        kind = self._kind
        speed = (0.35 + 0.65 * self._near) * self._pace * self._unit * seconds
        low, high = kind.area
        span = (high - low) + (2 * MARGIN if kind.area == (0.0, 1.0) else 0.0)
        top = low - (MARGIN if kind.area == (0.0, 1.0) else 0.0)
        across = (self._start[0] + kind.flight[0] * speed / (self._size[0] * _SPAN)) % 1.0
        down = (self._start[1] + kind.flight[1] * speed / (self._size[1] * span)) % 1.0
        sway = kind.sway * self._unit * np.sin(1.7 * self._pace * seconds + self._phase + 3 * down)
        x = (across * _SPAN - MARGIN) * self._size[0] + sway
        y = (top + down * span) * self._size[1]
        return x, y, (1 - down if kind.flight[1] < 0 else down)

    def _strength(self, seconds: float, life: np.ndarray) -> np.ndarray:
        kind = self._kind
        strength = kind.strength * (0.35 + 0.65 * self._near)
        if kind.twinkle:
            strength = strength * (
                0.5 + 0.5 * np.sin(2 * math.pi * kind.twinkle * self._pace * seconds + self._phase)
            )
        if kind.dies:
            strength = strength * np.clip((1 - life) * 1.6, 0, 1) * np.clip(life * 8, 0, 1)
        elif kind.area != (0.0, 1.0):
            strength = strength * np.clip(np.minimum(life, 1 - life) * 8, 0, 1)
        return np.asarray(strength if kind.adds else np.minimum(strength, 1.0))

    def _sprite(
        self, index: int, at: tuple[float, float], scale: float, seconds: float
    ) -> tuple[Plane, tuple[int, int]]:
        low, high = self._kind.size
        radius = max(0.45, (low + (high - low) * float(self._near[index])) * self._unit * scale)
        match self._kind.grain:
            case Grain.SOFT:
                return _soft(at, radius)
            case Grain.RING:
                return _ring(at, radius)
            case Grain.STREAK:
                return _streak(at, radius, self._kind.flight)
            case Grain.PETAL:
                turn = float(self._phase[index] + 2.1 * self._pace[index] * seconds)
                return _petal(at, radius, turn)


def _grid(at: tuple[float, float], reach: float) -> tuple[Plane, Plane, tuple[int, int]]:
    """Distances from a place to the pixels around it, and the upper left pixel's row and column."""
    left, top = math.floor(at[0] - reach), math.floor(at[1] - reach)
    size = math.ceil(2 * reach) + 2
    x = np.arange(size, dtype=np.float32) + np.float32(left + 0.5 - at[0])
    y = np.arange(size, dtype=np.float32) + np.float32(top + 0.5 - at[1])
    return x[None, :], y[:, None], (top, left)


def _soft(at: tuple[float, float], radius: float) -> tuple[Plane, tuple[int, int]]:
    x, y, corner = _grid(at, radius * 2.6)
    fall = np.float32(-1 / (2 * radius * radius))
    return np.exp(y * y * fall) * np.exp(x * x * fall), corner


def _ring(at: tuple[float, float], radius: float) -> tuple[Plane, tuple[int, int]]:
    x, y, corner = _grid(at, radius + 2)
    far = np.sqrt(x * x + y * y) / np.float32(radius)
    edge = np.clip((1 - far) * np.float32(radius) + 0.5, 0, 1)
    shine = np.exp(-((x / radius + 0.35) ** 2 + (y / radius + 0.38) ** 2) * 16)
    return np.asarray(edge * (0.1 + 0.75 * far**5 + 0.9 * shine), np.float32), corner


def _streak(
    at: tuple[float, float], radius: float, flight: tuple[float, float]
) -> tuple[Plane, tuple[int, int]]:
    speed = math.hypot(*flight)
    along_x, along_y = flight[0] / speed, flight[1] / speed
    x, y, corner = _grid(at, radius)
    along = (x * np.float32(along_x) + y * np.float32(along_y)) / np.float32(radius)
    across = (x * np.float32(-along_y) + y * np.float32(along_x)) / np.float32(
        max(0.55, radius * 0.02)
    )
    return np.exp(-across * across) * np.clip(1 - along * along, 0, 1) * (0.5 + 0.5 * along), corner


def _petal(at: tuple[float, float], radius: float, turn: float) -> tuple[Plane, tuple[int, int]]:
    x, y, corner = _grid(at, radius * 1.2 + 1)
    cos, sin = math.cos(turn), math.sin(turn)
    narrow = 0.28 + 0.5 * abs(math.sin(turn * 1.37 + 1))
    u, v = (
        (x * cos + y * sin) / np.float32(radius),
        (y * cos - x * sin) / np.float32(radius * narrow),
    )
    far = np.sqrt(u * u + v * v * np.maximum(1.25 + 0.5 * u, 0.3))
    return np.asarray(
        np.clip((1 - far) * np.float32(radius * narrow * 0.7) + 0.5, 0, 1) * (0.82 + 0.18 * u),
        np.float32,
    ), corner


def _stamp(
    canvas: Canvas, sprite: Plane, corner: tuple[int, int], light: Colour, *, adds: bool
) -> None:
    top, left = corner
    rows = slice(max(0, top), min(canvas.shape[1], top + sprite.shape[0]))
    columns = slice(max(0, left), min(canvas.shape[2], left + sprite.shape[1]))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    part = sprite[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    under = canvas[:, rows, columns]
    if not adds:
        under *= 1 - part
    under += light[:, None, None] * part
