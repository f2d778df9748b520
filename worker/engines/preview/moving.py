"""What moves all over the picture: waves, mirroring water, small things in the air by the hundred,
and the forms and colours that are shown where a prompt names nothing that is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from worker.engines.preview import canvas
from worker.engines.preview.canvas import LIGHT, MARGIN, Frame, Layer, Plane, Stage, graded, level
from worker.engines.preview.palette import Colour, from_hue, mix, rgb, toned

_WATERS: Final = (("0c3550", "3f94a4"), ("12305e", "4a86b8"), ("0f4450", "57a89a"))
ROWS: Final = 8  # of waves
_SCHEMES: Final = ((0.08, 0.16), (0.5, 0.58), (0.12, 0.42), (0.06, 0.55), (-0.1, 0.45))
"""How far around the wheel a palette's hues are from its first."""
_Look = Callable[[Plane, Plane, float, list[float]], tuple[Plane, Plane]]
"""From a place (stage units from the middle), seconds and chances to its tone and shine, 0…1."""
_FINE: Final = 2
_SPAN: Final = 1 + 2 * MARGIN


class Waves:
    """One row of waves, from its crest down to that of the next."""

    def __init__(self, stage: Stage, row: int) -> None:
        mood, unit = stage.mood, stage.unit
        near, stormy = (row + 1) / ROWS, mood.light == "storm"
        self._depth, self._unit = round(0.1 + 0.95 * near, 2), unit
        self._base = (stage.horizon + (1.02 - stage.horizon) * (row / ROWS) ** 1.4) * stage.height
        self._until = self._base + stage.height * 0.5 * (1.1 - stage.horizon)
        calm, storm = (0.017, 0.5, 1.3, 0.1), (0.045, 0.62, 2.2, 0.45)
        tall, wide, self._speed, self._sharp = storm if stormy else calm
        self._tall, self._long = (size * unit * (0.28 + 0.72 * near) for size in (tall, wide))
        self._phases = stage.luck(f"wave {row}").uniform(0, 2 * math.pi, 4)
        names = _WATERS[int(stage.luck("water").integers(len(_WATERS)))]
        deep, shallow = (mood.surface(rgb(name)) for name in names)
        deep, shallow = mix(deep, mood.zenith, 0.25), mix(shallow, mood.middle, 0.4)
        foam = mix(shallow, mix(mood.horizon, rgb("ffffff"), 0.4), 0.9 if stormy else 0.4)
        tones, far = (foam, shallow, mix(deep, shallow, 0.4), deep), 0.7 * (1 - near) ** 1.5
        hazy = [mix(tone, mood.haze, far) for tone in tones]
        self._stops = list(zip((0.0, 0.035, 0.3, 1.0), hazy, strict=True))

    def crest(self, x: Plane, seconds: float) -> Plane:
        """The world's y of the surface above every x at a moment."""
        height = np.zeros_like(x)
        parts = ((1.0, 1.0, 1.0), (0.53, 0.42, -1.25), (0.29, 0.2, 0.55), (0.13, 0.07, -1.7))
        for start, (scale, share, pace) in zip(self._phases, parts, strict=True):
            turn = x * (2 * math.pi / self._long / scale) + start - seconds * self._speed * pace
            peaked = 1 - 2 * np.abs(np.sin(turn / 2 - math.pi / 4))
            height += share * (np.sin(turn) * (1 - self._sharp) + peaked * self._sharp)
        return np.asarray(self._base - height * self._tall, np.float32)

    def paint(self, frame: Frame) -> None:
        view, (wide, tall) = frame.view(self._depth), frame.picture.size
        x = view.left + (np.arange(wide, dtype=np.float32) + np.float32(0.5)) / view.scale
        crest = (self.crest(x, frame.seconds) - view.top) * view.scale
        top = max(0, math.floor(float(crest.min())) - 1)
        bottom = min(tall, math.ceil((self._until - view.top) * view.scale) + 1)
        if bottom > top:
            rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
            below = rows - crest.astype(np.float32)[None, :]
            picture = graded(self._stops, below * np.float32(3.2 / self._unit / view.scale))
            frame.picture.paste(picture, (0, top), level(below + np.float32(0.5)))


class Mirror:
    """A still surface from the horizon down: what is above it, upside down, broken up by ripples.
    ``clear`` is how much of it is seen, of 1."""

    def __init__(self, stage: Stage, clear: float) -> None:
        self._stage, self._clear = stage, clear
        tint = mix(stage.mood.surface(rgb("1d4a5c")), stage.mood.zenith, 0.4)
        self._tint = np.array(mix(tint, rgb("0c0d14"), 0.5 if clear > 0.8 else 0.0), np.float32)

    def paint(self, frame: Frame) -> None:
        view, (wide, tall) = frame.view(0.45), frame.picture.size
        edge = round(view.screen(0, self._stage.horizon * self._stage.height)[1])
        if not 0 < edge < tall:
            return
        unit, time = self._stage.unit * view.scale, frame.seconds
        away = (np.arange(tall - edge, dtype=np.float32) + 0.5) / unit
        far = 1 / (away + 0.03)
        bend = np.sin(far * 9 + 1.9 * time) + 0.7 * np.sin(far * 15 - 2.4 * time)
        bend = (bend + 0.5 * np.sin(far * 23 + 3 * time)) * np.clip(away * 3, 0.02, 1.1)
        rows = np.clip(edge - 1 - away * unit * 0.92 + bend * 0.012 * unit, 0, edge - 1).astype(int)
        share = (self._clear * (1 - 0.5 * np.clip(away * 1.6, 0, 1)))[:, None, None]
        glint = (1 + 0.14 * bend * np.clip(away * 2, 0, 1))[:, None, None]
        seen = np.asarray(frame.picture.crop((0, 0, wide, edge)))[rows] * share
        water = seen + self._tint * (1 - share) * glint
        frame.picture.paste(Image.fromarray(water.clip(0, 255).astype(np.uint8)), (0, edge))
        light, start = frame.light, edge // LIGHT
        shone = light.crop((0, 2 * start - light.height, light.width, start))
        flipped = shone.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        light.paste(flipped.point(lambda v: v * 0.5), (0, start))


def abstract(stage: Stage) -> Layer:
    """The prompt decides the style and the colours, the seed the arrangement."""
    style = canvas.luck(stage.prompt, 0, "style").integers(len(_STYLES))
    return _Field(stage, _STYLES[int(style)])


class _Field:
    """A picture that is computed for every moment, on a grid coarser than the frame."""

    def __init__(self, stage: Stage, look: _Look) -> None:
        self._stage, self._look = stage, look
        tones = _tones(stage)
        self._stops = list(zip((0.0, 0.28, 0.52, 0.78, 1.0), tones, strict=True))
        self._white = mix(tones[-1], rgb("ffffff"), 0.5)
        self._chances = stage.luck("field").uniform(0, 2 * math.pi, 6).tolist()

    def paint(self, frame: Frame) -> None:
        view, stage, (wide, tall) = frame.view(0.4), self._stage, frame.picture.size
        step = max(2, round(stage.unit / 260))
        x, y = (
            ((np.arange(0, side + step, step) / view.scale + edge - side / 2) / stage.unit)
            for side, edge in ((wide, view.left), (tall, view.top))
        )
        places = x[None, :].astype(np.float32), y[:, None].astype(np.float32)
        tone, shine = self._look(*places, frame.seconds, self._chances)
        picture = graded(self._stops, tone)
        picture.paste(self._white, None, level(shine))
        box = (0, 0, wide / step, tall / step)
        frame.picture.paste(picture.resize((wide, tall), Image.Resampling.BICUBIC, box))


def _tones(stage: Stage) -> list[Colour]:
    """Five colours from dark to light; light, weather or a colour that the prompt names tint
    them."""
    chances, reading, mood = canvas.luck(stage.prompt, 0, "tones"), stage.reading, stage.mood
    hue, vivid = chances.uniform((0, 0.5), (1, 0.75)).tolist()
    near, far = _SCHEMES[int(chances.integers(len(_SCHEMES)))]
    tones, others = [], None
    for turn, light in ((0, 0.13), (0, 0.31), (near, 0.48), (far, 0.64), (far, 0.86)):
        part = (hue + turn + stage.luck("hue").uniform(-0.03, 0.03)) % 1.0 * 0.715
        # the harsh greens between yellow and emerald are left out
        tones.append(from_hue(part + 0.285 * (part > 0.145), vivid, light))
    if reading.hue is not None:
        others = [toned(rgb(reading.hue), 0.35 + 0.33 * rank) for rank in range(5)]
    elif reading.light is not None or reading.weather or reading.bodies:
        others = [toned(mood.zenith, 0.6), mood.zenith, mood.middle, mood.horizon, mood.glow]
    return [mix(*pair, 0.65) for pair in zip(tones, others or tones, strict=True)]


def _silk(x: Plane, y: Plane, t: float, chances: list[float]) -> tuple[Plane, Plane]:
    """Folds of satin in slow motion."""
    a, b, c, d, turn, _ = chances
    turn = 0.5 + turn / 12
    u, v = x + turn * y, y - turn * x
    bend = 0.55 * np.sin(3.1 * u + a + 0.5 * t) + 0.35 * np.sin(5.3 * u - 2.1 * v + b - 0.4 * t)
    fold = 8.5 * v + 2.2 * bend + 0.9 * np.sin(4.1 * u + 3.3 * v + c + 0.3 * t)
    facing = np.cos(fold + 0.35) + 0.55 * np.cos(2.3 * fold + 2 * bend + d)
    height = np.sin(fold) + 0.4 * np.sin(2.3 * fold + 2 * bend + d)
    shine = np.exp(-((facing - 0.75) ** 2) * 9) * (0.5 + 0.5 * np.sin(2 * u + bend)) * 0.3
    return 0.45 + 0.17 * facing + 0.16 * height, shine


def _terraces(x: Plane, y: Plane, t: float, chances: list[float]) -> tuple[Plane, Plane]:
    """Sheets of paper cut in waves, one upon another, each with its shadow."""
    a, b, c, d, *_ = chances
    bend = np.sin(2.6 * x + a + 0.4 * t) * np.cos(2.2 * y + b - 0.3 * t)
    height = bend + 0.6 * np.sin(3.4 * x - 2.9 * y + c + 0.2 * t + bend)
    steps = (height + 0.3 * np.sin(5.7 * y + 2.4 * x + d - 0.4 * t) + 2) * 2.1
    part = steps % 1
    edge = np.clip((part - 0.94) / 0.06, 0, 1)
    tone = (np.floor(steps) + edge) / 8 + 0.05 - 0.16 * np.exp((part - 1) * 6) * (1 - edge)
    return tone, np.exp(-part * 26) * 0.3


_STYLES: Final[tuple[_Look, ...]] = (_silk, _terraces)


@dataclass(frozen=True, slots=True)
class Kind:
    """How particles of one sort look (dot, streak, leaf or ring) and move, in stage units (a
    second): radius of the farthest and of the nearest, flight right and down, flickers a second."""

    grain: str
    count: int
    size: tuple[float, float]
    flight: tuple[float, float]
    colours: str
    sway: float = 0.0
    strength: float = 1.0
    twinkle: float = 0.0
    glow: float = 0.0


KINDS: Final = {
    "dust": Kind("dot", 36, (0.001, 0.003), (0.02, -0.012), "fff4d8", 0.012, 0.5, 0.3, 0.3),
    "bubbles": Kind("ring", 30, (0.006, 0.026), (0.02, -0.13), "dff6ff", 0.02, 0.8),
    "fireflies": Kind("dot", 44, (0.003, 0.006), (0.03, -0.02), "e9ff8a", 0.06, 1.0, 0.45, 1.0),
    "embers": Kind("dot", 99, (0.0014, 0.0046), (0.06, -0.34), "ff9a3c ffcf6a", 0.04, 1, 1.6, 1),
    "sparkles": Kind("dot", 80, (0.0016, 0.005), (0.02, 0.03), "fff2b8 c8f0ff", 0.03, 1, 0.9, 1),
    "petals": Kind("leaf", 80, (0.006, 0.02), (0.16, 0.15), "ff9fc0 ffc4d8 f27fa8", 0.05),
    "leaves": Kind("leaf", 46, (0.006, 0.024), (0.13, 0.17), "e08a2e c9502a e8b545 a63f2a", 0.06),
    "snow": Kind("dot", 280, (0.0018, 0.0066), (0.05, 0.17), "ffffff", 0.03, 0.9),
    "rain": Kind("streak", 170, (0.03, 0.1), (0.3, 1.9), "dfeaf2", 0.0, 0.4),
}  # fmt: skip
"""What of a prompt's weather is made of particles, in the order in which it is painted."""


def weather(stage: Stage) -> list[Layer]:
    """The layers of particles in front of everything."""
    usual = {"underwater": "bubbles", "volcano": "embers"}.get(stage.reading.place, "dust")
    named = stage.reading.weather | {"embers" if stage.reading.matter == "fire" else ""}
    shown = named if named & KINDS.keys() else {usual}
    return [Particles(stage, kind) for name, kind in KINDS.items() if name in shown]


class Particles:
    """All particles of one sort as a layer; the lavishness of the stage scales their number."""

    def __init__(self, stage: Stage, kind: Kind) -> None:
        chances, wide = stage.luck(kind.colours), stage.width * stage.height / stage.unit**2
        count = max(6, round(kind.count * stage.lavish * min(2.0, wide)))
        self._kind, self._unit = kind, stage.unit
        self._start = chances.random((2, count))
        self._phase, self._pace = chances.uniform((0, 0.75), (2 * math.pi, 1.25), (count, 2)).T
        self._near = np.sort(chances.random(count) ** 1.6)
        bright = 1.0 if kind.glow else 0.55 + 0.45 * max(stage.mood.ambient)
        self._colours = [mix(rgb("10182c"), rgb(name), bright) for name in kind.colours.split()]

    def paint(self, frame: Frame) -> None:
        kind, unit, size, seconds = self._kind, self._unit, frame.picture.size, frame.seconds
        speed = (0.35 + 0.65 * self._near) * self._pace * unit * seconds
        x, y = (
            ((start + way * speed / side / _SPAN) % 1.0 * _SPAN - MARGIN) * side
            for start, way, side in zip(self._start, kind.flight, size, strict=True)
        )
        x = x + kind.sway * unit * np.sin(1.7 * self._pace * seconds + self._phase)
        flicker = np.sin(2 * math.pi * kind.twinkle * self._pace * seconds + self._phase)
        steady = kind.strength * (0.35 + 0.65 * self._near)
        strength = steady * (0.5 + 0.5 * flicker) if kind.twinkle else steady
        radii = (kind.size[0] + (kind.size[1] - kind.size[0]) * self._near) * unit
        views = [frame.view(0.5 + 0.14 * rank) for rank in range(6)]
        sides = size[0] * _FINE, size[1] * _FINE
        picture = Image.new("RGBA", sides, (*self._colours[-1], 0))
        brush, light = ImageDraw.Draw(picture), ImageDraw.Draw(frame.light)
        for i, part in enumerate(strength.tolist()):
            view, colour = views[round(self._near[i] * 5)], self._colours[i % len(self._colours)]
            at = view.screen(float(x[i]), float(y[i]))
            radius = max(0.5, float(radii[i]) * view.scale)
            tone, turn = (*colour, round(255 * part)), float(self._phase[i]) + 2.1 * seconds
            self._mark(brush, (at[0] * _FINE, at[1] * _FINE, radius * _FINE), tone, turn)
            if kind.glow * part > 0.15:
                left, top, far = at[0] / LIGHT, at[1] / LIGHT, max(0.6, radius / LIGHT * 1.6)
                fill = mix((0, 0, 0), colour, kind.glow * part * 0.8)
                light.ellipse((left - far, top - far, left + far, top + far), fill=fill)
        small = picture.reduce(_FINE)
        frame.picture.paste(small, None, small)

    def _mark(
        self, brush: ImageDraw.ImageDraw, at: tuple[float, ...], tone: tuple[int, ...], turn: float
    ) -> None:
        kind, (x, y, radius) = self._kind, at
        along, down = radius, radius
        if kind.grain == "leaf":
            along, down = radius * abs(math.cos(turn)), radius * (0.3 + 0.5 * abs(math.sin(turn)))
        elif kind.grain == "streak":
            along, down = (way / 2 * radius for way in kind.flight)
        box = (x - along, y - down, x + along, y + down)
        if kind.grain == "streak":
            brush.line(box, fill=tone, width=max(1, round(radius / 26)))
        elif kind.grain == "ring":
            brush.ellipse(box, (*tone[:3], tone[3] // 6), tone, max(1, round(radius / 8)))
        else:
            brush.ellipse(box, fill=tone)
