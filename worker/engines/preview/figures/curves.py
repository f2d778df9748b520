"""Outlines for drawing: points in a figure's own units, x to the right and y down, shape (points,
2)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pair = tuple[float, float]


def polygon(*corners: Pair) -> Points:
    """Straight edges between corners."""
    return np.array(corners, np.float64)


def smooth(*knots: Pair, finely: int = 8) -> Points:
    """A closed curve through the knots (Catmull and Rom's)."""
    ring = np.array(knots, np.float64)
    return _curve(np.concatenate([ring[-1:], ring, ring[:2]]), finely)


def path(*knots: Pair, finely: int = 8) -> Points:
    """An open curve through the knots."""
    line = np.array(knots, np.float64)
    ends = 2 * line[0] - line[1], 2 * line[-1] - line[-2]
    return np.concatenate([_curve(np.concatenate([ends[:1], line, ends[1:]]), finely), line[-1:]])


def _curve(knots: Points, finely: int) -> Points:
    a, b, c, d = (knots[i : len(knots) - 3 + i, None] for i in range(4))
    t = (np.arange(finely) / finely)[None, :, None]
    bent = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return bent.reshape(-1, 2)


def ellipse(
    x: float, y: float, wide: float, tall: float | None = None, *, turn: float = 0.0
) -> Points:
    """An ellipse by centre and half axes, turned clockwise by an angle in radians."""
    at = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    ring = np.stack([wide * np.cos(at), (wide if tall is None else tall) * np.sin(at)], axis=1)
    return moved(turned(ring, turn), x, y)


def ribbon(line: Points, widths: Sequence[float]) -> Points:
    """A band around a line whose half width goes through ``widths``, evenly spaced from start to
    end."""
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    place = np.linspace(0, 1, len(line))
    half = np.interp(place, np.linspace(0, 1, len(widths)), widths)[:, None]
    return np.concatenate([line + across * half, (line - across * half)[::-1]])


def box(left: float, top: float, right: float, bottom: float, *, corner: float = 0.0) -> Points:
    """A rectangle, with rounded corners if asked."""
    if not corner:
        return polygon((left, top), (right, top), (right, bottom), (left, bottom))
    at = np.linspace(0, math.pi / 2, 7)
    centres = ((right - corner, top + corner, -0.5), (right - corner, bottom - corner, 0.0),
        (left + corner, bottom - corner, 0.5), (left + corner, top + corner, 1.0))  # fmt: skip
    arcs = [
        np.stack(
            [x + corner * np.cos(at + turn * math.pi), y + corner * np.sin(at + turn * math.pi)],
            axis=1,
        )
        for x, y, turn in centres
    ]
    return np.concatenate(arcs)


def turned(points: Points, angle: float, about: Pair = (0.0, 0.0)) -> Points:
    """Points turned clockwise on the screen by an angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray((points - about) @ np.array([[cos, sin], [-sin, cos]]) + about)


def moved(points: Points, x: float = 0.0, y: float = 0.0, *, by: float = 1.0) -> Points:
    """Points scaled about the origin and then shifted."""
    return points * by + (x, y)


def mirrored(points: Points) -> Points:
    """Points with left and right exchanged."""
    return points * (-1.0, 1.0)
