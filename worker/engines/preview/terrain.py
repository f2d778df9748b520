"""Land in layers: a rolling, jagged or wooded line with everything below it filled, lit and faded by distance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.engines.preview.colour import Colour, mix
from worker.engines.preview.noise import Plane, Profile, clouds, hills, profile, stretched
from worker.engines.preview.sheets import Area, Sheet, graded, painted, whole_area
from worker.engines.preview.stage import Canvas, Layer, Stage

_SAMPLES = 8192
_SPAN = 2.0
"""Profiles cover this many frame widths."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """One layer of land. ``base`` is where height 0 lies (fraction of the frame), ``height`` is in stage units."""

    base: float
    height: float
    top: Colour
    bottom: Colour
    depth: float
    fall: float = 0.3
    """How far below its crest the colour has become ``bottom``, in stage units."""

    def crest(self, stage: Stage, line: Profile, x: Plane) -> Plane:
        """The world's y of the crest above every x."""
        return stage.y(self.base) - line(x / np.float32(stage.width)) * np.float32(self.height * stage.unit)


Relief = Callable[[Stage, Area, Plane], Canvas]
"""Light on a ridge: from the area and the depth below the crest (pixels) to a factor, shape (3 or 1, rows, columns)."""


def ridge(stage: Stage, line: Profile, shape: Ridge, *, relief: Relief | None = None, until: float = 1.0) -> Layer:
    """A layer of land down to ``until`` (a fraction of the frame), below which something nearer hides it."""
    highest = shape.base - shape.height * stage.unit / stage.height - 0.02
    area = whole_area(stage, max(-0.14, highest) or -0.01, until)
    crest = shape.crest(stage, line, area.x)
    slope = np.gradient(crest[0])[None, :]
    below = (area.y - crest) / np.sqrt(1 + np.minimum(slope * slope, 9)).astype(np.float32)
    cover = np.clip(below + 0.5, 0, 1).astype(np.float32)
    picture = graded([(0.0, shape.top), (1.0, shape.bottom)], below / np.float32(shape.fall * stage.unit))
    if relief is not None:
        picture *= relief(stage, area, below)
    return Sheet(area, picture * cover, cover, depth=shape.depth)


def rolling(stage: Stage, part: str, bumps: float, roughness: float = 0.45) -> Profile:
    """Hills, ``bumps`` per stage unit."""
    return hills(stage.luck.of(part), bumps * max(1.0, stage.width / stage.unit), roughness)


def peaks(stage: Stage, part: str, bumps: float) -> Profile:
    """Mountains: sharp summits, where hills are round."""
    luck = stage.luck.of(part)
    wide = max(1.0, stage.width / stage.unit)
    shape, broken = hills(luck, bumps * wide, 0.5, 6), hills(luck, bumps * 4 * wide, 0.62, 5)
    at = np.linspace(-0.5, 1.5, _SAMPLES).astype(np.float32)
    folded = 1 - np.abs(2 * shape(at) - 1) * 1.35
    return profile(np.clip(folded + 0.24 * (broken(at) - 0.5), 0.02, 1.1).astype(np.float64))


def dunes(stage: Stage, part: str, bumps: float) -> Profile:
    """Dunes: long windward backs and a short slip face."""
    luck = stage.luck.of(part)
    wide = max(1.0, stage.width / stage.unit)
    at = np.linspace(-0.5, 1.5, _SAMPLES)
    bend = hills(luck, bumps * wide, 0.3, 3)(at.astype(np.float32))
    phase = (at * bumps * wide + bend * 0.9 + luck.random()) % 1.0
    back = np.where(phase < 0.72, phase / 0.72, 1 - (phase - 0.72) / 0.28)
    return profile((0.5 - 0.5 * np.cos(np.pi * back)) * (0.45 + 0.55 * bend))


def pines(stage: Stage, part: str, count: float, *, over: Profile | None = None) -> Profile:
    """A line of conifers, ``count`` per stage unit, on the ground of ``over``; the tallest reach about 1."""
    luck = stage.luck.of(part)
    at = np.linspace(-0.5, 1.5, _SAMPLES)
    line = np.full(_SAMPLES, 0.06)
    trees = round(count * _SPAN * max(1.0, stage.width / stage.unit))
    for place in luck.uniform(-0.5, 1.5, trees):
        tall = float(luck.uniform(0.35, 1.0))
        _grow(line, at, place, tall, tall * float(luck.uniform(0.24, 0.34)) / count * 3.2)
    if over is not None:
        line = line + over(at.astype(np.float32))
    return profile(line)


def _grow(line: np.ndarray, at: np.ndarray, place: float, tall: float, wide: float) -> None:
    """Raise the line to one conifer: a narrow cone of hanging tiers."""
    low, high = np.searchsorted(at, (place - wide, place + wide))
    out = np.abs(at[low:high] - place) / wide
    tiers = 0.1 * ((out * 6) % 1.0)
    line[low:high] = np.maximum(line[low:high], tall * np.clip(1 - out**0.8 - tiers * out**0.5, 0, 1))


def rocky(lit_side: float, snow: float = 0.0, snow_colour: Colour | None = None) -> Relief:
    """Facets of rock lit from one side (-1 left, 1 right); ``snow`` caps reach so far down, in stage units."""

    def light(stage: Stage, area: Area, below: Plane) -> Canvas:
        luck = stage.luck.of("rock")
        tall = max(3.0, area.rows / stage.unit * 9)
        folds = clouds(luck, area.shape, (tall * 0.55, area.columns / stage.unit * 9), 5)
        step = max(1, round(stage.unit / 110))
        facing = (np.roll(folds, step, 1) - folds) * np.float32(lit_side * 9)
        factor = np.clip(0.94 + facing, 0.62, 1.42)[None]
        if snow_colour is None or not snow:
            return factor.astype(np.float32)
        reach = below / np.float32(snow * stage.unit) + (folds - 0.5) * 2.4
        capped = stretched(1 - reach, 0.25, 0.5)[None]
        return (factor * (1 - capped) + painted(snow_colour, capped[0]) * np.clip(factor, 0.75, 1.15)).astype(np.float32)

    return light


def sandy(stage: Stage, line: Profile, shape: Ridge, lit_side: float) -> Relief:
    """Sand: bright on the side of the light, dark on the other, with fine ripples."""

    def light(_stage: Stage, area: Area, below: Plane) -> Canvas:
        bent = area.x + np.clip(below, 0, None) * 0.85
        gap = np.float32(stage.unit / 60)
        slope = (shape.crest(stage, line, bent + gap) - shape.crest(stage, line, bent - gap)) / (2 * gap)
        facing = stretched(np.float32(lit_side) * -slope.astype(np.float32), -0.16, 0.12)
        ripples = np.sin(below * np.float32(95 / stage.unit) + area.x * np.float32(14 / stage.unit))
        fade = np.exp(-np.clip(below, 0, None) / np.float32(shape.fall * stage.unit))
        return (0.55 + 0.6 * facing * (0.6 + 0.4 * fade) + 0.025 * ripples)[None].astype(np.float32)

    return light


def fading(stage: Stage, near: str, far: str, distance: float) -> tuple[Colour, Colour]:
    """Crest and foot of a ridge at a distance: hazier at the foot, as air is thicker there."""
    mood = stage.mood
    top = mix(mood.surface(near), mood.surface(far), distance)
    return mix(top, mood.haze, distance * 0.72), mix(top, mood.haze, min(1.0, 0.18 + distance))
