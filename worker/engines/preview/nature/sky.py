"""The sky: its gradient and glow, its stars, and which of sun, moon, clouds and lights are in
it."""

import math
from typing import Final

import numpy as np

from worker.engines.preview.colour import radiance
from worker.engines.preview.drawing.disc import Disc
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.drawing.sheets import Sheet, Veil, graded, painted, whole_area
from worker.engines.preview.nature.aurora import Aurora
from worker.engines.preview.nature.cloud_banks import cloud_banks
from worker.engines.preview.nature.lightning import Lightning
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Body, Light, Weather

_SKY_DEPTH: Final = 0.0


def sky(stage: Stage, horizon: float) -> list[Layer]:
    """Everything behind the land, from the gradient to the clouds; ``horizon`` is a fraction of the
    frame's height."""
    layers: list[Layer] = [_gradient(stage, horizon)]
    reading, light = stage.reading, stage.mood.light
    starry = max(stage.mood.stars, 1.0 if reading.has(Weather.STARS) else 0.0)
    if starry and light not in {Light.STORM, Light.GREY, Light.DAY}:
        layers += stars(stage, starry, down_to=horizon)
    if reading.has(Weather.AURORA):
        layers.append(Aurora(stage, horizon))
    body = _body(stage)
    if body is not None:
        layers.append(Disc(stage, body, sun_place(stage, horizon)))
    if light is not Light.NIGHT or reading.has(Weather.CLOUDS, Weather.RAIN, Weather.SNOW):
        layers += cloud_banks(stage, horizon)
    if light is Light.STORM:
        layers.append(Lightning(stage, horizon))
    return layers


def _body(stage: Stage) -> Body | None:
    for body in (Body.PLANET, Body.MOON, Body.SUN):
        if body in stage.reading.bodies and not (
            body is Body.SUN and stage.mood.light is Light.NIGHT
        ):
            return body
    match stage.mood.light:
        case Light.STORM | Light.GREY:
            return None
        case Light.NIGHT:
            return Body.MOON
        case _:
            return Body.SUN


def _gradient(stage: Stage, horizon: float) -> Layer:
    mood = stage.mood
    area = whole_area(stage, coarse=max(2.0, stage.unit / 160))
    down = np.broadcast_to(area.y / (horizon * stage.height), area.shape)
    picture = graded(
        [(-0.1, mood.zenith), (0.55, mood.middle), (1.0, mood.horizon), (1.4, mood.haze)], down
    )
    across, height = sun_place(stage, horizon)
    reach = np.hypot((area.x - stage.x(across)) / 1.5, area.y - stage.y(height)) / np.float32(
        stage.unit
    )
    strength = {
        Light.STORM: 0.1,
        Light.GREY: 0.12,
        Light.NIGHT: 0.1,
        Light.DAY: 0.2,
        Light.DAWN: 0.32,
    }.get(mood.light, 0.5)
    glow = np.exp(-reach * 3.2) * strength + np.exp(-((reach * 1.4) ** 2)) * strength * 0.35
    picture += painted(mood.glow, glow.astype(np.float32))
    return Sheet(area, picture, np.ones(area.shape, np.float32), depth=_SKY_DEPTH)


def stars(stage: Stage, amount: float, down_to: float = 1.0) -> list[Layer]:
    """A field of stars, fainter towards ``down_to``, and a haze of the faintest ones."""
    luck = stage.luck.of("stars")
    area = whole_area(stage, 0.0, min(1.0, down_to))
    cover = np.zeros(area.shape, np.float32)
    count = int(900 * amount * max(0.25, area.rows * area.columns / stage.unit**2))
    rows, columns = (
        luck.integers(1, area.rows - 1, count),
        luck.integers(1, area.columns - 1, count),
    )
    bright = (luck.pareto(2.2, count) * 0.16).clip(0.04, 2.2).astype(np.float32)
    fade = 1 - 0.85 * (rows / area.rows) ** 2
    _dots(
        cover, rows, columns, bright * fade.astype(np.float32), spread=max(0.55, stage.unit / 900)
    )
    return [Veil(area, cover, radiance("#eef3ff") * np.float32(1.3), depth=0.02, adds=True)]


def _dots(
    cover: Plane, rows: np.ndarray, columns: np.ndarray, bright: Plane, *, spread: float
) -> None:
    """Add soft points of light, each a little wider the brighter it is."""
    reach = math.ceil(spread * 3)
    offsets = np.arange(-reach, reach + 1)
    for row, column, light in zip(rows, columns, bright, strict=True):
        wide = spread * (0.8 + 0.5 * min(float(light), 1.2))
        kernel = np.exp(-((offsets / wide) ** 2) / 2).astype(np.float32)
        r0, c0 = max(0, row - reach), max(0, column - reach)
        part = cover[r0 : row + reach + 1, c0 : column + reach + 1]
        k0, l0 = r0 - row + reach, c0 - column + reach
        part += (
            light * kernel[k0 : k0 + part.shape[0], None] * kernel[None, l0 : l0 + part.shape[1]]
        )
