"""Soft randomness: clouds, hills and textures out of a few random numbers, the same shape at every
resolution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.floating[Any]]
"""One channel: shape (height, width); 32 bit wherever it is a whole picture."""

Profile = Callable[[Plane], Plane]
"""A height in 0…1 for every place along a line, places given in fractions of the frame's width."""

_SAMPLES = 4096
_PROFILE_FROM, _PROFILE_TO = -0.5, 1.5


def raster(plane: Plane) -> Image.Image:
    """A plane as the one-channel float image that Pillow resizes."""
    return Image.fromarray(np.ascontiguousarray(plane, np.float32))


def clouds(
    luck: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int = 5
) -> Plane:
    """Fractal noise in 0…1, shape (height, width), ``cells`` lumps down and across; left and right
    edges join."""
    total, weight, strength = np.zeros(shape, np.float32), 0.0, 1.0
    for octave in range(octaves):
        down, across = (max(2, round(count * 2**octave)) for count in cells)
        total += np.float32(strength) * _lumps(luck, shape, (down, across))
        weight += strength
        strength *= 0.5
    return (total / np.float32(weight)).astype(np.float32)


def _lumps(luck: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Plane:
    down, across = cells
    grid = luck.random((down + 4, across), dtype=np.float32)
    joined = np.concatenate([grid[:, -2:], grid, grid[:, :2]], axis=1)
    height, width = shape
    box = (2.0, 2.0, 2.0 + across, 2.0 + down)
    grown = raster(joined).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(np.clip(np.asarray(grown), 0, 1))


def stretched(plane: Plane, low: float, high: float) -> Plane:
    """Contrast: what was ``low`` becomes 0 and what was ``high`` becomes 1, with soft ends."""
    part = np.clip((plane - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def hills(
    luck: np.random.Generator, bumps: float, roughness: float = 0.5, octaves: int = 5
) -> Profile:
    """A rolling line, ``bumps`` per frame's width; roughness 0 is smooth, 1 jagged."""
    line = np.zeros(_SAMPLES)
    places = np.linspace(0, 2, _SAMPLES)
    strength, weight = 1.0, 0.0
    for octave in range(octaves):
        count = max(2, round(2 * bumps * 2**octave))
        line += strength * _smooth_line(luck.random(count + 4), places / 2 * count)
        weight += strength
        strength *= roughness
    return profile(line / weight)


def profile(line: NDArray[np.float64]) -> Profile:
    """A line of samples, spread over the frame and half a frame on either side, as something to
    look up."""
    places = np.linspace(_PROFILE_FROM, _PROFILE_TO, len(line))
    return lambda at: np.interp(at, places, line).astype(np.float32)


def _smooth_line(knots: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve through random knots (Catmull and Rom's), looked up at places counted in knots."""
    whole = np.floor(at).astype(int)
    part = at - whole
    a, b, c, d = (knots[np.minimum(whole + i, len(knots) - 1)] for i in range(4))
    curve = b + 0.5 * part * (
        c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a))
    )
    return np.asarray(curve)
