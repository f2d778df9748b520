"""Indoors: a wall with a window, a floor, a lamp."""

import numpy as np

from worker.engines.preview.colour import mix, radiance, turned
from worker.engines.preview.drawing.sheets import Sheet, Veil, graded, whole_area
from worker.engines.preview.figures.curves import box, ellipse, path, polygon, ribbon, smooth
from worker.engines.preview.figures.easel import Placement
from worker.engines.preview.figures.shapes import Shape, fill, halo, light, mark, shade
from worker.engines.preview.mood import Mood
from worker.engines.preview.nature.weather import dust
from worker.engines.preview.scenes.props import baked
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Light, Thing

_FLOOR = 0.76
_WALLS = ("#4f6a72", "#8a5a4a", "#5a5f86", "#6f7a56", "#a8785a")


def room(stage: Stage) -> Scenery:
    """A cosy room, warm by lamplight; the window shows the time of day. A cup gets a table."""
    side = 1.0 if stage.luck.below("lamp side", 2) else -1.0
    named = dict(stage.reading.things)
    back = [
        _walls(stage, side),
        *_window(stage, side),
        _put(stage, _picture(stage), 0.06 * side, 0.28, size=0.2, depth=0.42),
    ]
    back += [_floor(stage), _put(stage, _rug(stage), 0.0, 0.92, depth=0.9)]
    if Thing.LANTERN not in named:
        back.append(_put(stage, _lamp(), 0.47 * side, 0.87, depth=0.8))
    if Thing.CUP in named:
        back.append(_put(stage, _table(), 0.0, 0.86, depth=0.96))
    front = [
        _lamplight(stage, side),
        _put(stage, _plant(), -0.5 * side, 1.0, size=0.5, depth=1.2),
        dust(stage, 50),
    ]
    ground = 0.86 if Thing.CUP in named else 0.9
    return Scenery(back, front, ground=ground, air=0.44, horizon=_FLOOR, spread=1.02)


def _put(
    stage: Stage,
    shapes: list[Shape],
    across: float,
    down: float,
    *,
    depth: float,
    size: float = 1.0,
) -> Layer:
    """A piece of furniture: ``across`` in stage units from the middle, ``down`` as a part of the
    frame's height."""
    place = Placement(stage.x(0.5) + across * stage.unit, stage.y(down), size * stage.unit)
    return baked(stage, [(shapes, place)], depth)


def _walls(stage: Stage, side: float) -> Layer:
    area = whole_area(stage, coarse=max(1.5, stage.unit / 300))
    wall = _WALLS[stage.luck.below("wall", len(_WALLS))]
    stops = [
        (0.0, radiance(turned(wall, lightness=0.42))),
        (1.0, radiance(turned(wall, lightness=0.9))),
    ]
    reach = np.hypot(
        (area.x - stage.x(0.5) - side * 0.46 * stage.unit) / 1.1, area.y - stage.y(0.42)
    ) / np.float32(stage.unit)
    stripes = 0.97 + 0.03 * np.sign(np.sin(area.x * np.float32(60 / stage.unit)))
    picture = graded(stops, np.exp(-reach * 1.5)) * stripes
    return Sheet(area, picture.astype(np.float32), np.ones(area.shape, np.float32), depth=0.4)


def _window(stage: Stage, side: float) -> list[Layer]:
    mood = stage.mood
    x, y, size = stage.x(0.5) - 0.3 * side * stage.unit, stage.y(0.32), stage.unit * 0.2
    glass = box(-0.8, -1.0, 0.8, 1.0)
    view: list[Shape] = [Shape(glass, _hex(mood, 0), _hex(mood, 1), glow=0.35), *_outside(stage)]
    bars = [
        fill(box(-0.9, -1.1, 0.9, -0.98), "#efe6d8"),
        fill(box(-0.98, 0.98, 0.98, 1.14, corner=0.03), "#efe6d8", "#c9bca8"),
    ]
    bars += [
        fill(box(x0 - 0.045, -1.05, x0 + 0.045, 1.05), "#efe6d8", "#cfc2ae")
        for x0 in (-0.84, 0.0, 0.84)
    ]
    bars.append(fill(box(-0.85, -0.13, 0.85, -0.06), "#e4d9c8"))
    curtain = smooth(
        (-1.05, -1.2),
        (-0.72, -1.2),
        (-0.74, 0.0),
        (-0.9, 1.3),
        (-1.26, 1.34),
        (-1.16, 0.0),
        finely=5,
    )
    cloth = ("#c9604a", "#d9a85a", "#7a8fb0")[stage.luck.below("curtain", 3)]
    curtains = [
        fill(curtain, cloth, turned(cloth, lightness=0.6)),
        fill(curtain * (-1, 1), cloth, turned(cloth, lightness=0.6)),
    ]
    return [baked(stage, [([*view, *bars, *curtains], Placement(x, y, size))], depth=0.38)]


def _hex(mood: Mood, end: int) -> str:
    pairs = {
        Light.NIGHT: ("#0d1a3f", "#3a5f94"),
        Light.SUNSET: ("#c4527a", "#ffb366"),
        Light.STORM: ("#2c3b47", "#6f8590"),
        Light.DAWN: ("#8fb0d8", "#ffd9c4"),
    }
    return pairs.get(mood.light, ("#7db8e8", "#dff0f5"))[end]


def _outside(stage: Stage) -> list[Shape]:
    luck = stage.luck.of("outside")
    if stage.mood.light is not Light.NIGHT:
        hill = smooth(
            (-0.9, 0.5), (-0.3, 0.3), (0.3, 0.5), (0.9, 0.35), (0.9, 1.1), (-0.9, 1.1), finely=4
        )
        return [mark(hill, "#7fa88a", "#4f7a5c")]
    dots = [
        light(ellipse(float(x), float(y), 0.014), "#eef3ff", glow=0.5)
        for x, y in luck.uniform((-0.75, -0.95), (0.75, 0.4), (16, 2))
    ]
    moon = [
        halo(ellipse(0.36, -0.48, 0.2), "#cfdcf5", soft=0.09, strength=0.4),
        light(ellipse(0.36, -0.48, 0.15), "#f4efdc", glow=0.4),
    ]
    roofs = polygon(
        (-0.8, 1.0),
        (-0.8, 0.7),
        (-0.5, 0.5),
        (-0.2, 0.72),
        (0.1, 0.6),
        (0.3, 0.76),
        (0.8, 0.62),
        (0.8, 1.0),
    )
    panes = [
        light(box(x, 0.82, x + 0.07, 0.9), "#ffd28a", glow=0.4) for x in (-0.6, -0.35, 0.2, 0.5)
    ]
    return [*dots, *moon, mark(roofs, "#101a33"), *panes]


def _picture(stage: Stage) -> list[Shape]:
    sky, hill = (("#f2b98a", "#7a4a5f"), ("#9ac4d9", "#3f6a5f"), ("#e8d0a0", "#a8583f"))[
        stage.luck.below("painting", 3)
    ]
    return [
        shade(box(-0.5, -0.4, 0.54, 0.46), "#000000", 0.3, 0.06),
        fill(box(-0.5, -0.42, 0.5, 0.4), "#b58a52", "#7a5a34"),
        fill(box(-0.43, -0.35, 0.43, 0.33), sky, turned(sky, lightness=1.15)),
        mark(ellipse(0.14, -0.08, 0.11), "#fff0cf"),
        mark(smooth((-0.5, 0.2), (-0.2, -0.04), (0.1, 0.16), (0.32, 0.04), (0.6, 0.2), (0.4, 0.33), (-0.43, 0.33),
            finely=4), hill),
        fill(box(-0.5, 0.34, 0.5, 0.4), "#8a6638"),
        fill(box(0.43, -0.42, 0.5, 0.4), "#8a6638"),
        fill(box(-0.5, -0.42, -0.43, 0.4), "#9c7644"),
    ]  # fmt: skip


def _floor(stage: Stage) -> Layer:
    area = whole_area(stage, _FLOOR, 1.0)
    down = (area.y - stage.y(_FLOOR)) / np.float32(stage.height * (1 - _FLOOR))
    near = 0.4 + 0.6 * np.clip(down, 0, 1)
    plank = np.sign(np.sin((area.x - stage.x(0.5)) / near * np.float32(26 / stage.unit)))
    gaps = np.exp(
        -np.abs(np.sin((area.x - stage.x(0.5)) / near * np.float32(13 / stage.unit))) * 40
    )
    picture = graded(
        [(0.0, radiance("#4f3526")), (1.0, radiance("#94643f"))],
        np.broadcast_to(np.clip(0.35 + 0.5 * down, 0, 1), area.shape),
    )
    picture *= (1 + 0.06 * plank) * (1 - 0.5 * gaps)
    board = np.exp(-np.clip(down, 0, 1) * 30)
    picture = (
        picture * (1 - board)
        + mix(radiance("#d9cbb4"), radiance("#4a3a30"), 0.5)[:, None, None] * board
    )
    return Sheet(area, picture.astype(np.float32), np.ones(area.shape, np.float32), depth=0.75)


def _rug(stage: Stage) -> list[Shape]:
    colour = ("#b5544a", "#4f6f94", "#c79a54")[stage.luck.below("rug", 3)]
    return [
        fill(ellipse(0, 0, 0.56, 0.085), colour, turned(colour, lightness=0.8)),
        mark(ellipse(0, 0, 0.5, 0.072), turned(colour, lightness=1.3)),
        mark(ellipse(0, 0, 0.46, 0.064), colour, turned(colour, lightness=0.85)),
    ]


def _lamp() -> list[Shape]:
    return [
        fill(ellipse(0, 0, 0.075, 0.014), "#3a3034"),
        fill(box(-0.008, -0.46, 0.008, 0.0), "#5a4a44", "#2f2628"),
        light(
            polygon((-0.06, -0.62), (0.06, -0.62), (0.11, -0.45), (-0.11, -0.45)),
            "#ffd592",
            glow=0.7,
        ),
        shade(
            polygon((-0.06, -0.62), (0.06, -0.62), (0.07, -0.58), (-0.07, -0.58)),
            "#a8642a",
            0.35,
            0.01,
        ),
    ]


def _table() -> list[Shape]:
    return [
        fill(box(-0.75, 0.02, 0.75, 0.5), "#4a2f22", "#2a1a14"),
        fill(
            polygon((-0.62, -0.06), (0.62, -0.06), (0.8, 0.05), (-0.8, 0.05)), "#8a5a3a", "#b07a4c"
        ),
        fill(box(-0.8, 0.05, 0.8, 0.085), "#7a4c30", "#5a3622"),
        shade(ellipse(0.0, 0.0, 0.36, 0.03), "#1a0f0c", 0.5, 0.02),
    ]


def _lamplight(stage: Stage, side: float) -> Layer:
    area = whole_area(stage, coarse=max(4.0, stage.unit / 60))
    reach = np.hypot(
        area.x - stage.x(0.5) - side * 0.47 * stage.unit, area.y - stage.y(0.87) + 0.52 * stage.unit
    ) / np.float32(stage.unit)
    return Veil(
        area,
        (np.exp(-reach * 4.2) * 0.5).astype(np.float32),
        radiance("#ffb866"),
        depth=0.8,
        adds=True,
    )


def _plant() -> list[Shape]:
    stems = [
        path((0, -0.3), (x * 0.5, -0.62), (x, -0.86 + 0.5 * abs(x)))
        for x in (-0.5, -0.26, 0.0, 0.24, 0.48)
    ]
    leaves = [fill(ribbon(stem, (0.02, 0.085, 0.005)), "#4f8a5a", "#24503c") for stem in stems]
    return [
        *leaves,
        fill(
            polygon((-0.2, -0.32), (0.2, -0.32), (0.15, 0.06), (-0.15, 0.06)), "#b5694a", "#7a4432"
        ),
        fill(box(-0.23, -0.36, 0.23, -0.28, corner=0.02), "#c97a56"),
    ]
