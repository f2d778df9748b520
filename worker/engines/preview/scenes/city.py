"""A city: towers with lit windows behind one another, and a street that mirrors them when it is
wet."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from worker.engines.preview.colour import Colour, mix, radiance
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.drawing.sheets import Sheet, painted, whole_area
from worker.engines.preview.figures.curves import box, ellipse, path, polygon, ribbon
from worker.engines.preview.figures.easel import Placement
from worker.engines.preview.figures.shapes import Shape, fill, halo, light
from worker.engines.preview.nature.particles import Grain, Kind, Particles
from worker.engines.preview.nature.sky import sky
from worker.engines.preview.nature.water import Mirror
from worker.engines.preview.nature.weather import fog
from worker.engines.preview.scenes.props import Prop, baked
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Canvas, Layer, Stage
from worker.engines.preview.words.concepts import Light, Matter, Weather

_STREET: Final = 0.78
_NEON: Final = ("#ff3f94", "#27d8ff", "#a45bff", "#ffb02e", "#3dffa8", "#ff5a4a")
_LIT: Final = {Light.NIGHT: 0.5, Light.STORM: 0.45, Light.SUNSET: 0.34, Light.GREY: 0.2}
"""The share of windows with light."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One row of towers: how many per stage unit, how tall (stage units), how far in the haze, how
    near."""

    count: float
    tall: tuple[float, float]
    distance: float
    depth: float


_BLOCKS: Final = (
    _Block(11, (0.16, 0.5), 0.72, 0.2),
    _Block(7, (0.2, 0.56), 0.45, 0.38),
    _Block(4.4, (0.16, 0.46), 0.16, 0.58),
)


def city(stage: Stage) -> Scenery:
    """A street front at the lower edge and the skyline behind it."""
    dark = stage.mood.light in {Light.NIGHT, Light.STORM}
    wet = stage.reading.has(Weather.RAIN) or stage.reading.matter is Matter.NEON
    layers: list[Layer] = [*sky(stage, _STREET)]
    for row, block in enumerate(_BLOCKS):
        layers.append(_towers(stage, row, block))
        if row < 2:
            layers.append(
                fog(
                    stage,
                    f"smog {row}",
                    top=0.5,
                    bottom=_STREET + 0.06,
                    strength=0.4,
                    depth=block.depth,
                )
            )
    if dark:
        layers.append(_signs(stage))
    asphalt = mix(stage.mood.surface("#3a3c46"), stage.mood.haze, 0.06)
    layers.append(
        Mirror(
            stage,
            _STREET,
            tint=asphalt,
            clear=0.7 if wet else 0.1,
            ripple=0.8 if wet else 0.2,
            depth=0.6,
        )
    )
    layers.append(_street(stage, lit=dark))
    if dark:
        layers.append(_bokeh(stage))
    return Scenery(
        layers, [], ground=0.9, air=0.34, horizon=_STREET, mirror=0.5 if wet else 0.12, spread=0.94
    )


def _towers(stage: Stage, row: int, block: _Block) -> Layer:
    luck = stage.luck.of(f"towers {row}")
    area = whole_area(
        stage, max(0.0, _STREET - block.tall[1] * 1.35 * stage.unit / stage.height), _STREET + 0.02
    )
    picture, cover = np.zeros((3, *area.shape), np.float32), np.zeros(area.shape, np.float32)
    wall = mix(
        stage.mood.surface(
            "#77809a" if stage.mood.light in {Light.DAY, Light.DAWN, Light.GREY} else "#4a5270"
        ),
        stage.mood.haze,
        block.distance,
    )
    street = round(stage.y(_STREET) - area.top)
    for left, wide in _plots(luck, area.columns, stage.unit / block.count):
        tall = round(
            stage.unit * float(luck.uniform(*block.tall)) * (1.3 if luck.random() < 0.12 else 1.0)
        )
        top = max(0, street - tall)
        _tower(picture[:, top:, left : left + wide], luck, wall, stage=stage, block=block)
        cover[top:, left : left + wide] = 1
    return Sheet(area, picture, cover, depth=block.depth)


def _plots(luck: np.random.Generator, columns: int, usual: float) -> list[tuple[int, int]]:
    plots, left = [], 0
    while left < columns:
        wide = max(4, round(usual * float(luck.uniform(0.55, 1.35))))
        plots.append((left, wide))
        left += wide - round(usual * float(luck.uniform(-0.1, 0.22)))
    return plots


def _tower(
    part: Canvas, luck: np.random.Generator, wall: Colour, *, stage: Stage, block: _Block
) -> None:
    rows, columns = part.shape[1:]
    tone = np.float32(luck.uniform(0.8, 1.15))
    down = np.linspace(1.1, 0.85, rows, dtype=np.float32)[:, None]
    side = np.where(np.arange(columns) > columns * 0.62, np.float32(0.8), np.float32(1.0))[None, :]
    part[:] = painted(wall * tone, down * side)
    cell = stage.unit * (0.011 + 0.011 * (1 - block.distance))
    share = _LIT.get(stage.mood.light, 0.0)
    across, shape = max(1, int((columns - 0.4 * cell) / cell)), (max(1, int(rows / (cell * 1.25))),)
    lit = luck.random((*shape, across)) < share * float(luck.uniform(0.5, 1.3))
    warmth = luck.random((*shape, across)).astype(np.float32)
    _windows(part, lit, warmth, cell=cell, strength=1 - 0.6 * block.distance)
    if not share:
        _windows(part, luck.random((*shape, across)) < 0.8, warmth * 0, cell=cell, strength=-0.22)


def _windows(part: Canvas, lit: np.ndarray, warmth: Plane, *, cell: float, strength: float) -> None:
    """Paint a grid of windows; a negative strength darkens them, as by day."""
    rows, columns = part.shape[1:]
    row_place = (np.arange(rows, dtype=np.float32) - 0.5 * cell) / np.float32(cell * 1.25)
    column_place = (
        np.arange(columns, dtype=np.float32) - (columns - lit.shape[1] * cell) / 2
    ) / np.float32(cell)
    row, column = np.floor(row_place).astype(int), np.floor(column_place).astype(int)
    inside = ((row_place % 1 < 0.62) & (row >= 0) & (row < lit.shape[0]))[:, None]
    inside = (
        inside
        & (
            (column_place % 1 > 0.2)
            & (column_place % 1 < 0.8)
            & (column >= 0)
            & (column < lit.shape[1])
        )[None, :]
    )
    at = np.ix_(row.clip(0, lit.shape[0] - 1), column.clip(0, lit.shape[1] - 1))
    shown = (lit[at] & inside).astype(np.float32)
    if strength < 0:
        part *= 1 + shown * np.float32(strength)
        return
    warm, cool = radiance("#ffcf87"), radiance("#bfe0ff")
    tones = warm[:, None, None] + (cool - warm)[:, None, None] * (warmth[at] > 0.8)
    part += tones * (shown * (0.35 + 0.65 * warmth[at]) * np.float32(strength))


def _signs(stage: Stage) -> Layer:
    """Neon signs on the nearest towers: upright tubes, bars and frames."""
    luck = stage.luck.of("signs")
    many = 15 if stage.reading.matter is Matter.NEON else 6
    props: list[Prop] = []
    for place in (np.arange(many) + luck.uniform(0.1, 0.9, many)) / many * 1.2 - 0.1:
        colour = _NEON[int(luck.integers(len(_NEON)))]
        tall, wide = float(luck.uniform(0.06, 0.2)), float(luck.uniform(0.016, 0.03))
        y = stage.y(_STREET) - stage.unit * float(luck.uniform(0.02, 0.2))
        props.append((_sign(luck, colour, tall, wide), Placement(stage.x(place), y, stage.unit)))
    return baked(stage, props, depth=0.58)


def _sign(luck: np.random.Generator, colour: str, tall: float, wide: float) -> list[Shape]:
    glow = halo(box(-wide, -tall, wide, 0), colour, soft=0.035, strength=0.5)
    kind = int(luck.integers(3))
    if kind == 0:
        return [
            glow,
            light(box(-wide * 0.3, -tall, wide * 0.3, 0, corner=wide * 0.3), colour, glow=1.0),
        ]
    if kind == 1:
        bars = [
            light(box(-wide * 1.6, -y - 0.008, wide * 1.6, -y, corner=0.004), colour, glow=0.9)
            for y in (0.01, 0.03, 0.05)
        ]
        return [
            halo(box(-wide * 1.6, -0.06, wide * 1.6, 0), colour, soft=0.035, strength=0.5),
            *bars,
        ]
    count = max(2, int(tall / 0.034))
    glyphs = [
        shape
        for k in range(count)
        for shape in _glyph(
            luck, colour, wide, top=-tall + (k + 0.1) * tall / count, tall=tall / count * 0.78
        )
    ]
    return [glow, fill(box(-wide, -tall - 0.006, wide, 0.006, corner=0.006), "#14121f"), *glyphs]


def _glyph(
    luck: np.random.Generator, colour: str, wide: float, *, top: float, tall: float
) -> list[Shape]:
    """Something that reads as a letter from afar."""
    w, t = wide * 0.62, max(0.0022, tall * 0.13)
    strokes = [
        box(-w, top, w, top + t),
        box(-w, top + tall - t, w, top + tall),
        box(-w, top + tall / 2 - t / 2, w, top + tall / 2 + t / 2),
        box(-w, top, -w + t, top + tall),
        box(w - t, top, w, top + tall),
        box(-t / 2, top, t / 2, top + tall),
    ]  # fmt: skip
    chosen = luck.permutation(len(strokes))[: int(luck.integers(3, 5))]
    return [light(strokes[int(index)], colour, glow=1.1) for index in chosen]


def _street(stage: Stage, *, lit: bool) -> Layer:
    """Kerb, lane marks in perspective, and lamp posts along both sides."""
    middle, far, near = stage.width / 2, stage.y(_STREET), stage.height * 1.15
    kerb = fill(
        box(-0.7 * stage.width, -0.012 * stage.unit, 0.7 * stage.width, 0.004 * stage.unit),
        "#2c2e38",
    )
    props: list[Prop] = [([kerb], Placement(middle, far, 1))]
    for start, end in ((0.05, 0.12), (0.2, 0.34), (0.48, 0.7), (0.88, 1.2)):
        rows = [far + (near - far) * share for share in (start, end)]
        wide = [0.028 * stage.unit * share for share in (start, end)]
        dash = polygon(
            (-wide[0], rows[0]), (wide[0], rows[0]), (wide[1], rows[1]), (-wide[1], rows[1])
        )
        props.append(([Shape(dash, "#d9d2b8", "#d9d2b8", opacity=0.5)], Placement(middle, 0, 1)))
    for reach, size in ((0.16, 0.2), (0.28, 0.34), (0.47, 0.58)):
        for side in (-1.0, 1.0):
            place = Placement(
                middle + side * reach * stage.unit,
                far + 0.16 * (size - 0.14) * stage.unit,
                size * stage.unit,
                faces_left=side > 0,
            )
            props.append((_lamp_post(lit=lit), place))
    return baked(stage, props, depth=0.7)


def _lamp_post(*, lit: bool) -> list[Shape]:
    """A street lamp one unit tall whose arm reaches to the right."""
    pole = path((0, 0), (0, -0.6), (0.01, -0.92), (0.1, -1.0), (0.2, -0.98))
    shapes = [fill(ribbon(pole, (0.018, 0.014, 0.011, 0.009)), "#23252f")]
    if lit:
        shapes.append(halo(ellipse(0.2, -0.95, 0.12), "#ffd9a0", soft=0.07, strength=0.5))
    return [*shapes, light(ellipse(0.2, -0.965, 0.05, 0.022), "#ffe3b0", glow=1.0 if lit else 0.05)]


def _bokeh(stage: Stage) -> Layer:
    """Lights of the traffic, out of focus, passing along the street."""
    colours = tuple(radiance(name) * np.float32(0.9) for name in ("#ffd9a0", "#ff6a5a", *_NEON[:3]))
    kind = Kind(
        Grain.SOFT,
        26,
        (0.004, 0.016),
        (0.12, 0.0),
        colours,
        strength=0.7,
        adds=True,
        area=(_STREET - 0.035, _STREET + 0.05),
    )
    return Particles(stage, "traffic", kind)
