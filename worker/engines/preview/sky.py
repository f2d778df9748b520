"""The sky and what stands in it: the gradient and its glow, sun, moon, planet, stars, clouds, northern lights."""

import math
from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, mix, radiance
from worker.engines.preview.concepts import Body, Light, Weather
from worker.engines.preview.lightning import Lightning
from worker.engines.preview.noise import Plane, clouds, stretched
from worker.engines.preview.sheets import Sheet, Veil, graded, painted, whole_area
from worker.engines.preview.stage import Canvas, Layer, Shot, Stage

_SKY_DEPTH: Final = 0.0
_BODY_DEPTH: Final = 0.04
_CLOUD_DEPTH: Final = 0.1
_SUN_HEIGHTS: Final = {Light.SUNSET: (0.68, 0.86), Light.DAWN: (0.5, 0.78)}
"""How far down towards the horizon the sun stands, as a part of the sky's height."""


def sky(stage: Stage, horizon: float) -> list[Layer]:
    """Everything behind the land, from the gradient to the clouds; ``horizon`` is a fraction of the frame's height."""
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
        layers += _clouds(stage, horizon)
    if light is Light.STORM:
        layers.append(Lightning(stage, horizon))
    return layers


def sun_place(stage: Stage, horizon: float) -> tuple[float, float]:
    """Where the sun or moon stands, in fractions of the frame; also where the light comes from."""
    luck = stage.luck.of("sun")
    side = float(luck.choice([-1, 1]))
    across = 0.5 + side * float(luck.uniform(0.1, 0.3))
    low, high = _SUN_HEIGHTS.get(stage.mood.light, (0.24, 0.44))
    clear = 0.15 * stage.unit / stage.height
    return across, max(clear, horizon * float(luck.uniform(low, high)))


def _body(stage: Stage) -> Body | None:
    for body in (Body.PLANET, Body.MOON, Body.SUN):
        if body in stage.reading.bodies and not (body is Body.SUN and stage.mood.light is Light.NIGHT):
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
    picture = graded([(-0.1, mood.zenith), (0.55, mood.middle), (1.0, mood.horizon), (1.4, mood.haze)], down)
    across, height = sun_place(stage, horizon)
    reach = np.hypot((area.x - stage.x(across)) / 1.5, area.y - stage.y(height)) / np.float32(stage.unit)
    strength = {Light.STORM: 0.1, Light.GREY: 0.12, Light.NIGHT: 0.1, Light.DAY: 0.2, Light.DAWN: 0.32}.get(
        mood.light, 0.5
    )
    glow = np.exp(-reach * 3.2) * strength + np.exp(-((reach * 1.4) ** 2)) * strength * 0.35
    picture += painted(mood.glow, glow.astype(np.float32))
    return Sheet(area, picture, np.ones(area.shape, np.float32), depth=_SKY_DEPTH)


def stars(stage: Stage, amount: float, down_to: float = 1.0) -> list[Layer]:
    """A field of stars, fainter towards ``down_to``, and a haze of the faintest ones."""
    luck = stage.luck.of("stars")
    area = whole_area(stage, 0.0, min(1.0, down_to))
    cover = np.zeros(area.shape, np.float32)
    count = int(900 * amount * max(0.25, area.rows * area.columns / stage.unit**2))
    rows, columns = luck.integers(1, area.rows - 1, count), luck.integers(1, area.columns - 1, count)
    bright = (luck.pareto(2.2, count) * 0.16).clip(0.04, 2.2).astype(np.float32)
    fade = 1 - 0.85 * (rows / area.rows) ** 2
    _dots(cover, rows, columns, bright * fade.astype(np.float32), spread=max(0.55, stage.unit / 900))
    return [Veil(area, cover, radiance("#eef3ff") * np.float32(1.3), depth=0.02, adds=True)]


def _dots(cover: Plane, rows: np.ndarray, columns: np.ndarray, bright: Plane, *, spread: float) -> None:
    """Add soft points of light, each a little wider the brighter it is."""
    reach = math.ceil(spread * 3)
    offsets = np.arange(-reach, reach + 1)
    for row, column, light in zip(rows, columns, bright, strict=True):
        wide = spread * (0.8 + 0.5 * min(float(light), 1.2))
        kernel = np.exp(-((offsets / wide) ** 2) / 2).astype(np.float32)
        r0, c0 = max(0, row - reach), max(0, column - reach)
        part = cover[r0 : row + reach + 1, c0 : column + reach + 1]
        k0, l0 = r0 - row + reach, c0 - column + reach
        part += light * kernel[k0 : k0 + part.shape[0], None] * kernel[None, l0 : l0 + part.shape[1]]


def _clouds(stage: Stage, horizon: float) -> list[Layer]:
    heavy = stage.mood.light is Light.STORM or stage.reading.has(Weather.CLOUDS)
    shown = {Light.STORM: 0.95, Light.GREY: 0.4}.get(stage.mood.light, 0.8 if heavy else 0.5)
    return [
        cloud_bank(stage, f"clouds {bank}", bottom, (cells, cells * 0.9), amount * shown, drift)
        for bank, bottom, cells, amount, drift in ((0, horizon * 0.72, 3.2, 1.0, 0.006), (1, horizon, 5.2, 0.85, 0.012))
    ]


def cloud_bank(
    stage: Stage, part: str, bottom: float, cells: tuple[float, float], amount: float, drift: float
) -> Layer:
    """A bank of clouds down to ``bottom``, lit from the sun's side and drifting, in frame widths a second."""
    luck = stage.luck.of(part)
    mood = stage.mood
    area = whole_area(stage, 0.0, bottom, coarse=max(1.5, stage.unit / 300), wide=1.25)
    lumps = clouds(luck, area.shape, cells, 6)
    threshold = 0.66 - 0.2 * amount
    cover = stretched(lumps, threshold, threshold + 0.24)
    lower = np.linspace(0, 1, area.rows, dtype=np.float32)[:, None]
    cover *= np.clip((1 - lower) * 3.5, 0, 1) * np.float32(min(1.0, 0.35 + amount * 0.65))
    across, _ = sun_place(stage, bottom)
    step = max(1, area.columns // 60) * (1 if across > 0.5 else -1)
    light = np.clip(0.5 + 4.0 * (lumps - np.roll(lumps, (-max(1, area.rows // 26), -step), (0, 1))), 0, 1)
    picture = _cloud_colours(mood.light, stage, light) * cover
    return Sheet(area, picture.astype(np.float32), cover, depth=_CLOUD_DEPTH, drift=drift * stage.width)


def _cloud_colours(light: Light, stage: Stage, lit_part: Plane) -> Canvas:
    mood = stage.mood
    match light:
        case Light.STORM:
            dark, bright = mix(mood.zenith, mood.middle, 0.45), mix(mood.middle, mood.horizon, 0.75)
        case Light.NIGHT:
            dark, bright = mix(mood.zenith, mood.middle, 0.6), mix(mood.middle, mood.horizon, 0.5)
        case Light.DAY | Light.GREY:
            dark, bright = mix(mood.middle, mood.horizon, 0.65), radiance("#fffdf7")
        case _:
            dark, bright = mix(mood.middle, mood.zenith, 0.25), mix(mood.horizon, mood.glow, 0.5)
    return graded([(0.0, dark), (1.0, bright)], lit_part)


class Disc:
    """Sun, moon or planet: a disc with its halo."""

    def __init__(self, stage: Stage, body: Body, place: tuple[float, float], size: float | None = None) -> None:
        usual = {Body.SUN: 0.075, Body.MOON: 0.085, Body.PLANET: 0.15}[body]
        named = 1.5 if body in stage.reading.bodies else 1.0
        self._radius = (size if size is not None else usual * named) * stage.unit
        self._x, self._y = stage.x(place[0]), stage.y(place[1])
        self._body = body
        self._light = stage.mood.glow
        self._luck = stage.luck.of("disc")
        self._mottle = clouds(stage.luck.of("mottle"), (96, 96), (5, 5), 4)
        self._hue = _planet_colours(stage)
        self._ringed = stage.luck.below("ring", 3) > 0

    def paint(self, shot: Shot) -> None:
        view = shot.view(_BODY_DEPTH)
        x, y = view.screen(self._x, self._y)
        radius = self._radius * view.scale
        across = (np.arange(shot.width, dtype=np.float32) + 0.5 - x) / np.float32(radius)
        down = (np.arange(shot.height, dtype=np.float32) + 0.5 - y) / np.float32(radius)
        columns, rows = np.nonzero(np.abs(across) < 5)[0], np.nonzero(np.abs(down) < 5)[0]
        if not len(columns) or not len(rows):
            return
        u, v = across[columns[0] : columns[-1] + 1][None], down[rows[0] : rows[-1] + 1][:, None]
        part = shot.canvas[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self._draw(part, u, v, radius)

    def _draw(self, part: Canvas, u: Plane, v: Plane, radius: float) -> None:
        far = np.sqrt(u * u + v * v)
        edge = np.clip((1 - far) * np.float32(radius) + 0.5, 0, 1)
        halo = np.exp(-np.maximum(far - 1, 0) * 1.6) * np.clip((5 - far) / 4, 0, 1) * (1 - edge)
        match self._body:
            case Body.SUN:
                part += painted(self._light, (halo * 0.4 + edge * 1.9).astype(np.float32))
            case Body.MOON:
                face = self._face(u, v)
                part *= 1 - edge * np.float32(0.9)
                part += painted(self._light, (halo * 0.16 + edge * face * 1.15).astype(np.float32))
            case Body.PLANET:
                self._planet(part, u, v, edge, halo)

    def _face(self, u: Plane, v: Plane) -> Plane:
        return 0.68 + 0.5 * self._spot(u, v) + 0.1 * np.clip(-v, -1, 1)

    def _spot(self, u: Plane, v: Plane) -> Plane:
        rows = np.clip((v * 40 + 48).astype(int), 0, 95)
        columns = np.clip((u * 40 + 48).astype(int), 0, 95)
        return self._mottle[rows, columns] - np.float32(0.35)

    def _planet(self, part: Canvas, u: Plane, v: Plane, edge: Plane, halo: Plane) -> None:
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        bands = 0.5 + 0.32 * np.sin(v * 13 + 1.1 + 5 * self._spot(u * 0.35, v)) + 0.5 * self._spot(u * 0.22, v)
        light = np.clip(-0.55 * u - 0.5 * v + 0.62 * depth, 0.02, 1.2)
        body = graded([(0.0, self._hue[0]), (1.0, self._hue[1])], bands)
        rim = np.exp(-((1 - np.sqrt(u * u + v * v)) ** 2) * 60) * np.clip(light + 0.2, 0, 1)
        band, before = self._ring(u, v, self._radius)
        self._lay(part, band * (1 - before), light * 0 + 0.75)
        part *= 1 - edge
        part += body * (light * edge)
        self._lay(part, band * before, light * 0 + 0.9)
        part += painted(self._hue[1], (rim * edge * 0.5 + halo * 0.16 * np.clip(0.4 - 0.4 * u - 0.4 * v, 0, 1)))

    def _lay(self, part: Canvas, cover: Plane, light: Plane) -> None:
        part += (self._hue[1][:, None, None] * light - part) * (cover * np.float32(0.8))

    def _ring(self, u: Plane, v: Plane, radius: float) -> tuple[Plane, Plane]:
        """The planet's ring, and which part of it is before the planet."""
        if not self._ringed:
            return np.zeros(np.broadcast_shapes(u.shape, v.shape), np.float32), np.float32(0) * v
        along, across = u * 0.94 + v * 0.34, (v * 0.94 - u * 0.34) / 0.26
        far = np.sqrt(along * along + across * across)
        soft = np.float32(radius * 0.3)
        edges = np.clip((far - 1.4) * soft, 0, 1) * np.clip((2.25 - far) * soft, 0, 1)
        grooves = 0.72 + 0.2 * np.sin(far * 26) - 0.5 * np.exp(-((far - 1.93) ** 2) * 900)
        return (edges * grooves).astype(np.float32), (across > 0).astype(np.float32)


def _planet_colours(stage: Stage) -> tuple[Colour, Colour]:
    pairs = (("#b5562f", "#f0c08a"), ("#2a4f9c", "#a8d4f0"), ("#6b3f8f", "#f0a8b8"), ("#1f7a74", "#d8e8a8"))
    dark, bright = pairs[stage.luck.below("planet", len(pairs))]
    return radiance(dark), radiance(bright)


class Aurora:
    """Curtains of northern lights that wander along the sky."""

    def __init__(self, stage: Stage, horizon: float) -> None:
        self._area = whole_area(stage, 0.0, horizon, coarse=max(3.0, stage.unit / 110))
        self._size = stage.width, stage.height * horizon
        luck = stage.luck.of("aurora")
        self._phases = luck.uniform(0, 2 * math.pi, (3, 3))
        self._colours = [radiance(name) for name in ("#3df2a0", "#38d6c8", "#9a6bff")]

    def paint(self, shot: Shot) -> None:
        light = np.zeros((3, *self._area.shape), np.float32)
        x, y = self._area.x / self._size[0], self._area.y / self._size[1]
        for index, (phase, colour) in enumerate(zip(self._phases, self._colours, strict=True)):
            light += painted(colour, self._curtain(x, y, phase, shot.seconds * 0.5, index))
        Sheet(self._area, light, None, depth=0.05).paint(shot)

    def _curtain(self, x: Plane, y: Plane, phase: np.ndarray, time: float, index: int) -> Plane:
        foot = 0.62 - 0.13 * index + 0.1 * np.sin(5 * x + phase[0] + time) + 0.05 * np.sin(13 * x + phase[1] - time)
        rays = 0.62 + 0.38 * np.sin(60 * x + 6 * np.sin(7 * x + phase[2]) + 1.6 * time)
        above = foot - y
        body = np.where(above > 0, np.exp(-above * 3.4), np.exp(above * 26))
        return (body * rays * (0.5 + 0.3 * np.sin(3 * x + phase[1] + 0.7 * time))).astype(np.float32)
