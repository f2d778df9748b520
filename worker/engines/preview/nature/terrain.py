"""Land in layers: a rolling, jagged or wooded line with everything below it filled, lit and faded
by distance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.engines.preview.colour import Colour, mix
from worker.engines.preview.drawing.noise import Plane, Profile, clouds, hills, profile, stretched
from worker.engines.preview.drawing.sheets import Area, Sheet, graded, painted, whole_area
from worker.engines.preview.stage import Canvas, Layer, Stage

_SAMPLES = 8192
_SPAN = 2.0
"""Profiles cover this many frame widths."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """One layer of land. ``base`` is where height 0 lies (fraction of the frame), ``height`` is in
    stage units."""

    base: float
    height: float
    top: Colour
    bottom: Colour
    depth: float
    fall: float = 0.3
    """How far below its crest the colour has become ``bottom``, in stage units."""
    level: bool = False
    """Whether colours follow the height alone and not the crest, as in a wood."""

    def crest(self, stage: Stage, line: Profile, x: Plane) -> Plane:
        """The world's y of the crest above every x."""
        return stage.y(self.base) - line(x / np.float32(stage.width)) * np.float32(
            self.height * stage.unit
        )


Relief = Callable[[Area, Plane, Canvas], Canvas]
"""Light on a ridge: from its area, the depth below the crest (pixels) and its plain picture to the
lit picture."""


def ridge(
    stage: Stage, line: Profile, shape: Ridge, *, relief: Relief | None = None, until: float = 1.0
) -> Layer:
    """A layer of land down to ``until`` (a fraction of the frame), below which something nearer
    hides it."""
    everywhere = np.linspace(-0.2, 1.2, 512, dtype=np.float32) * np.float32(stage.width)
    highest = float(shape.crest(stage, line, everywhere).min()) / stage.height - 0.03
    area = whole_area(stage, highest, until)
    crest = shape.crest(stage, line, area.x)
    cover = np.clip((area.y - crest) / _steepness(crest) + 0.5, 0, 1).astype(np.float32)
    softened = _softened(crest, stage.unit / 22)
    below = (area.y - softened) / _steepness(softened)
    deep = np.broadcast_to(area.y - np.float32(area.top), below.shape) if shape.level else below
    picture = graded(
        [(0.0, shape.top), (1.0, shape.bottom)], deep / np.float32(shape.fall * stage.unit)
    )
    if relief is not None:
        picture = relief(area, below, picture)
    return Sheet(area, picture * cover, cover, depth=shape.depth)


def _steepness(crest: Plane) -> Plane:
    """How much longer a way straight down is than the shortest way from a slope, shape (1,
    columns)."""
    slope = np.gradient(crest[0])
    return np.asarray(np.sqrt(1 + np.minimum(slope * slope, 9))[None, :], np.float32)


def _softened(crest: Plane, width: float) -> Plane:
    """The crest without its small teeth, so that colours below it do not streak."""
    reach = max(1, round(width / 2))
    padded = np.pad(crest[0].astype(np.float64), reach, mode="edge")
    sums = np.cumsum(np.insert(padded, 0, 0.0))
    return np.asarray(
        ((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1))[None, :], np.float32
    )


def rolling(stage: Stage, part: str, bumps: float, roughness: float = 0.45) -> Profile:
    """Hills, ``bumps`` per stage unit."""
    return hills(stage.luck.of(part), bumps * max(1.0, stage.width / stage.unit), roughness)


def peaks(stage: Stage, part: str, bumps: float) -> Profile:
    """Mountains, about ``bumps`` great ones per stage unit: pointed summits with shoulders, on a
    broken line."""
    luck = stage.luck.of(part)
    wide = max(1.0, stage.width / stage.unit)
    at = np.linspace(-0.5, 1.5, _SAMPLES)
    line = np.full(_SAMPLES, 0.12)
    for rank, share in ((1.0, 1), (0.72, 2), (0.45, 4)):
        count = max(2, round(bumps * _SPAN * share * wide))
        for place in (np.arange(count) + luck.uniform(0.1, 0.9, count)) / count * _SPAN - 0.5:
            tall = rank * float(luck.uniform(0.68, 1.0))
            away = (
                np.abs(at - place)
                * wide
                / (tall * float(luck.uniform(0.42, 0.6)) / max(0.6, bumps))
            )
            line = np.maximum(line, tall * (1 - away**0.88))
    broken = hills(luck, 7 * wide, 0.6, 6)(at.astype(np.float32))
    return profile(np.clip(line + 0.13 * (broken - 0.5), 0.02, 1.1))


def dunes(stage: Stage, part: str, bumps: float) -> Profile:
    """Dunes: long windward backs and a short slip face."""
    luck = stage.luck.of(part)
    wide = max(1.0, stage.width / stage.unit)
    at = np.linspace(-0.5, 1.5, _SAMPLES)
    bend = hills(luck, bumps * wide, 0.3, 3)(at.astype(np.float32))
    phase = (at * bumps * wide + bend * 0.9 + luck.random()) % 1.0
    back = np.where(phase < 0.72, phase / 0.72, 1 - (phase - 0.72) / 0.28)
    return profile((0.5 - 0.5 * np.cos(np.pi * back)) * (0.45 + 0.55 * bend))


def pines(stage: Stage, part: str, height: float, *, over: Profile | None = None) -> Profile:
    """A dense line of conifers for a ridge of that height (stage units), on the ground of
    ``over``."""
    luck = stage.luck.of(part)
    at = np.linspace(-0.5, 1.5, _SAMPLES)
    line = np.full(_SAMPLES, 0.05)
    slim = height * stage.unit / stage.width
    for place in luck.uniform(-0.5, 1.5, round(_SPAN * 4.5 / slim)):
        tall = float(luck.uniform(0.3, 0.85)) * (1.18 if luck.random() < 0.1 else 1.0)
        _grow(line, at, place, tall=tall, wide=tall * slim * float(luck.uniform(0.16, 0.23)))
    if over is not None:
        line = line + over(at.astype(np.float32))
    return profile(line)


def _grow(line: np.ndarray, at: np.ndarray, place: float, *, tall: float, wide: float) -> None:
    """Raise the line to one conifer: a narrow cone of hanging tiers."""
    low, high = np.searchsorted(at, (place - wide, place + wide))
    out = np.abs(at[low:high] - place) / wide
    tiers = 0.16 * ((out * 5) % 1.0)
    line[low:high] = np.maximum(
        line[low:high], tall * np.clip(1 - out**0.85 + tiers * (1 - out) * 0.7, 0, 1)
    )


def rocky(
    stage: Stage, lit_side: float, snow: float, white: Colour, *, rugged: float = 1.0
) -> Relief:
    """Facets of rock lit from one side (-1 left, 1 right); snow lies so far (stage units) below the
    summit.

    ``rugged`` is how strong the facets are: less in the distance.
    """

    def light(area: Area, below: Plane, picture: Canvas) -> Canvas:
        luck = stage.luck.of("rock")
        per_unit = area.rows / stage.unit, area.columns / stage.unit
        folds = clouds(luck, area.shape, (per_unit[0] * 4.2, per_unit[1] * 5.5), 6)
        step = max(1, round(stage.unit / 80))
        across, down = np.roll(folds, step, 1) - folds, np.roll(folds, step, 0) - folds
        facing = (across * np.float32(lit_side) * 6.5 - down * 2.5).astype(np.float32)
        factor = np.clip(0.95 + rugged * facing, 0.5, 1.45)
        down = (area.y - np.float32(area.top)) / np.float32(snow * stage.unit) + np.maximum(
            below, 0
        ) / np.float32(stage.unit)
        reach = down + (folds - 0.5) * 2.2 + facing * 0.5
        capped = stretched(1 - reach, 0.2, 0.32)
        snowy = painted(white, capped) * np.clip(0.92 + 0.8 * rugged * facing, 0.5, 1.05)
        return np.asarray(picture * (factor * (1 - capped)) + snowy, np.float32)

    return light


def sandy(stage: Stage, line: Profile, shape: Ridge, lit_side: float) -> Relief:
    """Sand: bright on the side of the light, dark on the other, with fine ripples."""

    def light(area: Area, below: Plane, picture: Canvas) -> Canvas:
        bent = area.x + np.clip(below, 0, None) * 0.85
        gap = np.float32(stage.unit / 60)
        slope = (shape.crest(stage, line, bent + gap) - shape.crest(stage, line, bent - gap)) / (
            2 * gap
        )
        facing = stretched(np.float32(lit_side) * -slope.astype(np.float32), -0.16, 0.12)
        ripples = np.sin(below * np.float32(95 / stage.unit) + area.x * np.float32(14 / stage.unit))
        fade = np.exp(-np.clip(below, 0, None) / np.float32(shape.fall * stage.unit))
        return np.asarray(
            picture * (0.5 + 0.66 * facing * (0.6 + 0.4 * fade) + 0.025 * ripples), np.float32
        )

    return light


def fading(stage: Stage, near: str, far: str, distance: float) -> tuple[Colour, Colour]:
    """Crest and foot of a ridge at a distance: hazier at the foot, as air is thicker there."""
    mood = stage.mood
    top = mix(mood.surface(near), mood.surface(far), distance)
    return mix(top, mood.haze, distance * 0.72), mix(top, mood.haze, min(1.0, 0.18 + distance))
