"""For prompts without a known word: moving forms and colours that are the prompt's own."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, from_hue, mix, radiance
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.drawing.sheets import Area, Sheet, graded, painted, whole_area
from worker.engines.preview.nature.particles import Grain, Kind, Particles
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Canvas, Layer, Shot, Stage

_SCHEMES: Final = (
    (0.0, 0.08, 0.16),
    (0.0, 0.5, 0.58),
    (0.0, 0.12, 0.42),
    (0.0, 0.06, 0.55),
    (0.0, -0.1, 0.45),
)
"""How far around the wheel a palette's hues are from its first."""

_HARSH: Final = (0.145, 0.43)


def abstract(stage: Stage) -> Scenery:
    """The prompt decides the style and the colours, the seed the arrangement."""
    tones = _tones(stage)
    style = _STYLES[stage.luck.whatever_the_seed().below("style", len(_STYLES))]
    glints = Kind(
        Grain.SOFT,
        44,
        (0.0016, 0.006),
        (0.03, -0.02),
        (tones[-1] * np.float32(1.3),),
        sway=0.03,
        twinkle=0.5,
        adds=True,
        strength=0.7,
    )
    return Scenery(
        [*style(stage, tones), Particles(stage, "glints", glints)],
        air=0.5,
        ground=0.7,
        horizon=0.8,
        weightless=True,
        solid=False,
    )


def _tones(stage: Stage) -> list[Colour]:
    """Five colours from dark to light."""
    luck = stage.luck.whatever_the_seed().of("tones")
    hue = float(luck.random()) + stage.luck.between("hue shift", -0.03, 0.03)
    scheme = _SCHEMES[int(luck.integers(len(_SCHEMES)))]
    turns = [scheme[0], scheme[0], scheme[1], scheme[2], scheme[2]]
    vivid = float(luck.uniform(0.5, 0.76))
    names = [
        from_hue(_pleasant(hue + turn), vivid, light)
        for turn, light in zip(turns, (0.1, 0.28, 0.46, 0.62, 0.84), strict=True)
    ]
    tones = [radiance(name) for name in names]
    if stage.reading.hue is not None:
        tones = [
            mix(tone, radiance(stage.reading.hue.value) * np.float32(tone.mean() * 1.6), 0.55)
            for tone in tones
        ]
    return tones


def _pleasant(hue: float) -> float:
    """A hue in turns, moved out of the harsh greens between yellow and emerald."""
    part = (hue % 1.0) * (1 - _HARSH[1] + _HARSH[0])
    return part if part < _HARSH[0] else part + _HARSH[1] - _HARSH[0]


class Field:
    """A picture that is computed anew for every moment, on a coarse grid that a camera can look
    at."""

    def __init__(
        self,
        stage: Stage,
        look: Callable[[Plane, Plane, float], Canvas],
        *,
        coarse: float = 2.0,
        depth: float = 0.4,
    ) -> None:
        self._area = _fitting(stage, coarse)
        self._x = ((self._area.x - stage.width / 2) / np.float32(stage.unit)).astype(np.float32)
        self._y = ((self._area.y - stage.height / 2) / np.float32(stage.unit)).astype(np.float32)
        self._look = look
        self._depth = depth
        self._cover = np.ones(self._area.shape, np.float32)

    def paint(self, shot: Shot) -> None:
        Sheet(
            self._area, self._look(self._x, self._y, shot.seconds), self._cover, depth=self._depth
        ).paint(shot)


def _fitting(stage: Stage, coarse: float) -> Area:
    return whole_area(stage, coarse=max(coarse, stage.unit / 420))


def _silk(stage: Stage, tones: list[Colour]) -> list[Layer]:
    """Folds of satin in slow motion."""
    a, b, c, d = stage.luck.of("silk").uniform(0, 2 * math.pi, 4).astype(np.float32)
    turn = stage.luck.between("silk turn", 0.5, 1.1) * (
        1 if stage.luck.below("silk way", 2) else -1
    )
    stops = list(zip((0.0, 0.3, 0.55, 0.8, 1.05), tones, strict=True))

    def look(x: Plane, y: Plane, seconds: float) -> Canvas:
        t = np.float32(0.5 * seconds)
        u, v = x + np.float32(turn) * y, y - np.float32(turn) * x
        bend = 0.55 * np.sin(3.1 * u + a + t) + 0.35 * np.sin(5.3 * u - 2.1 * v + b - 0.8 * t)
        fold = 8.5 * v + 2.2 * bend + 0.9 * np.sin(4.1 * u + 3.3 * v + c + 0.6 * t)
        height = np.sin(fold) + 0.4 * np.sin(2.3 * fold + 2 * bend + d)
        facing = np.cos(fold + 0.35) + 0.55 * np.cos(2.3 * fold + 2 * bend + d)
        shine = np.exp(-((facing - 0.75) ** 2) * 9) * (0.5 + 0.5 * np.sin(2 * u + bend))
        return graded(stops, 0.45 + 0.17 * facing + 0.16 * height) + painted(
            tones[4], (shine * 0.3).astype(np.float32)
        )

    return [Field(stage, look, coarse=1.5)]


def _contours(stage: Stage, tones: list[Colour]) -> list[Layer]:
    """Lines of equal height, glowing, over rolling ground."""
    phases = stage.luck.of("contours").uniform(0, 2 * math.pi, 5).astype(np.float32)
    stops = list(zip((0.0, 0.4, 0.7, 0.9, 1.1), tones, strict=True))

    def look(x: Plane, y: Plane, seconds: float) -> Canvas:
        t = np.float32(0.4 * seconds)
        a, b, c, d, e = phases
        bend = np.sin(2.6 * x + a + t) * np.cos(2.2 * y + b - 0.7 * t)
        height = (
            bend
            + 0.6 * np.sin(3.4 * x - 2.9 * y + c + 0.5 * t + bend)
            + 0.3 * np.sin(5.7 * y + 2.4 * x + d - t)
        )
        part = np.abs((height * 5 + 0.1 * e) % 1.0 - 0.5)
        lines = np.exp(-(((0.5 - part) / 0.075) ** 2))
        glow = np.exp(-(0.5 - part) * 9)
        ground = graded(stops, 0.3 + 0.16 * height)
        return ground + painted(
            tones[4],
            (0.5 * lines + 0.1 * glow).astype(np.float32) * np.maximum(0.4 + 0.25 * height, 0.1),
        )

    return [Field(stage, look, coarse=1.0)]


def _ribbons(stage: Stage, tones: list[Colour]) -> list[Layer]:
    """Cut paper in waves, one above another."""
    ground = Field(
        stage,
        lambda x, y, _seconds: graded([(-0.6, tones[4]), (0.6, tones[3])], y + 0 * x),
        coarse=4.0,
        depth=0.0,
    )
    count = 7
    layers: list[Layer] = [ground]
    for row in range(count):
        share = (row + 1) / count
        at = share * (len(tones) - 1)
        low = min(int(at), len(tones) - 2)
        colour = mix(tones[::-1][low], tones[::-1][low + 1], at - low)
        layers.append(
            _Fold(
                stage,
                row,
                base=0.2 + 0.74 * row / count,
                colour=colour,
                depth=round(0.2 + 0.9 * share, 2),
            )
        )
    return layers


class _Fold:
    """One sheet of paper with a waving edge and its shadow on what is behind."""

    def __init__(
        self, stage: Stage, row: int, *, base: float, colour: Colour, depth: float
    ) -> None:
        luck = stage.luck.of(f"fold {row}")
        self._phases = luck.uniform(0, 2 * math.pi, 3).astype(np.float32)
        self._pitch = (luck.uniform(0.8, 1.25, 3) * (3.2, 6.1, 9.7) / stage.unit).astype(np.float32)
        self._base, self._unit, self._depth = stage.y(base), stage.unit, depth
        self._tilt = np.float32(stage.luck.between("tilt", -0.3, 0.3))
        self._middle = np.float32(stage.width / 2)
        self._colour = colour
        self._pace = float(luck.uniform(0.5, 1.0)) * (1 if row % 2 else -1)

    def paint(self, shot: Shot) -> None:
        view = shot.view(self._depth)
        x = view.columns
        height = sum(
            share * np.sin(x * pitch + phase + np.float32(self._pace * shot.seconds * speed))
            for share, pitch, phase, speed in zip(
                (0.075, 0.03, 0.012), self._pitch, self._phases, (1.0, 1.6, 2.3), strict=True
            )
        )
        crest = self._base + (x - self._middle) * self._tilt - height * self._unit
        crest = ((crest - np.float32(view.top)) * np.float32(view.scale)).astype(np.float32)[
            None, :
        ]
        below = np.arange(shot.height, dtype=np.float32)[:, None] + np.float32(0.5) - crest
        size = np.float32(self._unit * view.scale)
        shadow = (
            np.exp(np.minimum(below, 0) / (size * np.float32(0.03)))
            * np.float32(0.42)
            * (below < 0)
        )
        cover = np.clip(below + 0.5, 0, 1)
        edge = np.exp(-np.maximum(below, 0) / (size * np.float32(0.008))) * np.float32(0.22)
        fall = np.clip(below / (size * np.float32(0.5)), 0, 1) * np.float32(-0.35)
        shot.canvas *= 1 - shadow
        for channel, light in zip(shot.canvas, self._colour, strict=True):
            channel[:] += cover * (light * (1 + fall) + edge * (light + np.float32(0.2)) - channel)


def _orbs(stage: Stage, tones: list[Colour]) -> list[Layer]:
    """Glass balls of light that drift through a soft room of colour."""
    luck = stage.luck.of("orbs")
    a, b = luck.uniform(0, 2 * math.pi, 2).astype(np.float32)

    def look(x: Plane, y: Plane, seconds: float) -> Canvas:
        t = np.float32(0.3 * seconds)
        value = 0.34 + 0.22 * np.sin(2.1 * x + a + t) + 0.2 * np.sin(2.6 * y - 1.2 * x + b - t)
        return graded(list(zip((0.0, 0.3, 0.6, 0.9), tones[:4], strict=True)), value)

    sizes = np.sort(luck.uniform(0.05, 0.2, 11))
    return [
        Field(stage, look, coarse=4.0, depth=0.0),
        *(
            _Orb(stage, index, float(size), tones[2 + index % 3])
            for index, size in enumerate(sizes)
        ),
    ]


class _Orb:
    """One ball, lit from above."""

    def __init__(self, stage: Stage, index: int, size: float, colour: Colour) -> None:
        luck = stage.luck.of(f"orb {index}")
        self._place = (
            stage.x(float(luck.uniform(-0.02, 1.02))),
            stage.y(float(luck.uniform(0.02, 0.98))),
        )
        self._size, self._unit, self._colour = size * stage.unit, stage.unit, colour
        self._phase = float(luck.uniform(0, 2 * math.pi))
        self._depth = round(0.3 + 4 * size, 2)

    def paint(self, shot: Shot) -> None:
        view = shot.view(self._depth)
        swing = self._phase + 0.9 * shot.seconds
        x, y = view.screen(
            self._place[0] + 0.03 * self._unit * math.sin(swing),
            self._place[1] + 0.04 * self._unit * math.cos(0.8 * swing),
        )
        radius = self._size * view.scale
        left, top = max(0, math.floor(x - radius - 1)), max(0, math.floor(y - radius - 1))
        part = shot.canvas[
            :, top : max(0, math.ceil(y + radius + 1)), left : max(0, math.ceil(x + radius + 1))
        ]
        if not part.size:
            return
        u = (np.arange(part.shape[2], dtype=np.float32) + np.float32(left + 0.5 - x))[
            None, :
        ] / np.float32(radius)
        v = (np.arange(part.shape[1], dtype=np.float32) + np.float32(top + 0.5 - y))[
            :, None
        ] / np.float32(radius)
        far = np.sqrt(u * u + v * v)
        cover = np.clip((1 - far) * np.float32(radius) + 0.5, 0, 1)
        light = 0.5 + 0.45 * np.clip(-0.4 * u - 0.7 * v, -1, 1) + 0.4 * np.clip(far, 0, 1) ** 6
        spot = np.exp(-((u + 0.36) ** 2 + (v + 0.42) ** 2) * 22)
        part *= 1 - cover * np.float32(0.86)
        part += (
            painted(self._colour, (cover * light).astype(np.float32))
            + (cover * spot * np.float32(1.1))[None]
        )


_STYLES: Final[tuple[Callable[[Stage, list[Colour]], list[Layer]], ...]] = (
    _silk,
    _ribbons,
    _orbs,
    _contours,
)
