"""Vector drawings made once and put into a scene: framing trees, grass, flowers, rocks, weeds."""

import math
from collections.abc import Sequence

import numpy as np

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.drawing.sheets import Area, Sheet, whole_area
from worker.engines.preview.figures.curves import Points, ellipse, moved, path, polygon, ribbon
from worker.engines.preview.figures.easel import Placement, draw
from worker.engines.preview.figures.shapes import Shape, fill, mark, shade
from worker.engines.preview.stage import Layer, Stage

Prop = tuple[list[Shape], Placement]
"""Shapes with their place in the world (pixels)."""


def baked(stage: Stage, props: Sequence[Prop], depth: float) -> Layer:
    """Drawings as one sheet."""
    area = whole_area(stage)
    picture, cover = np.zeros((3, *area.shape), np.float32), np.zeros(area.shape, np.float32)
    for shapes, placement in props:
        patch = draw(shapes, _on(area, placement), stage.mood, (area.columns, area.rows))
        if patch is None:
            continue
        patch.onto(picture)
        part = cover[
            patch.top : patch.top + patch.cover.shape[0],
            patch.left : patch.left + patch.cover.shape[1],
        ]
        part += patch.cover * (1 - part)
    return _trimmed(area, picture, cover, depth)


def _on(area: Area, at: Placement) -> Placement:
    return Placement(at.x - area.left, at.y - area.top, at.size, at.lean, at.faces_left, at.flipped)


def _trimmed(area: Area, picture: np.ndarray, cover: np.ndarray, depth: float) -> Layer:
    """The sheet without its empty rows."""
    used = np.nonzero(cover.any(axis=1) | picture.any(axis=(0, 2)))[0]
    first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
    step = (area.bottom - area.top) / area.rows
    part = Area(
        area.left,
        area.top + first * step,
        area.right,
        area.top + last * step,
        area.columns,
        last - first,
    )
    return Sheet(part, picture[:, first:last], cover[first:last], depth=depth)


def pine(green: str, *, snow: bool, luck: np.random.Generator) -> list[Shape]:
    """A conifer one unit tall, its foot at the origin."""
    tiers = 8
    shapes = [
        fill(
            polygon((-0.022, 0.02), (0.022, 0.02), (0.015, -0.3), (-0.015, -0.3)),
            "#4a3628",
            "#33261f",
        )
    ]
    for tier in range(tiers):
        up = tier / tiers
        low, wide = -0.08 - 0.8 * up**0.92, 0.21 * (1 - up) ** 0.85 + 0.02
        branch = _tier(low, low - 0.24 * (1 - 0.45 * up), wide, luck)
        shapes.append(fill(branch, tinted(green, lightness=1.15), tinted(green, lightness=0.6)))
        if snow:
            shapes.append(
                mark(
                    moved(branch * (0.78, 1.0), -0.012, -0.072 * (1 - 0.5 * up)),
                    "#f3f8fd",
                    "#c3d4e8",
                )
            )
        shapes.append(
            shade(
                polygon((0.0, low - 0.2), (wide * 1.3, low + 0.05), (0.03, low + 0.05)),
                "#0f1c38",
                0.32,
                0.02,
            )
        )
    return shapes


def _tier(low: float, high: float, wide: float, luck: np.random.Generator) -> Points:
    """One skirt of branches: hanging tips along a bowed edge."""
    edge: list[tuple[float, float]] = []
    for at in np.linspace(-1, 1, 11).tolist():
        droop = 0.03 * (1 - at * at) + (0.018 if len(edge) % 2 else -0.016) * float(
            luck.uniform(0.6, 1.4)
        )
        edge.append((wide * at * float(luck.uniform(0.94, 1.06)), low + droop))
    return polygon(
        (0.0, high),
        (wide * 0.42, high + 0.62 * (low - high)),
        *reversed(edge),
        (-wide * 0.42, high + 0.62 * (low - high)),
    )


def framing_pines(stage: Stage, green: str, *, snow: bool, base: float = 1.03) -> Layer:
    """Large conifers at both sides, nearer than the subject."""
    luck = stage.luck.of("framing pines")
    props: list[Prop] = []
    for side, count in ((-1.0, 2), (1.0, 2)):
        for index in range(count):
            x = 0.5 * stage.width + side * (
                0.5 * stage.width + stage.unit * float(luck.uniform(-0.03, 0.05) - 0.13 * index)
            )
            size = stage.unit * float(luck.uniform(0.72, 0.95)) * (1.0 - 0.34 * index)
            props.append(
                (
                    pine(green, snow=snow, luck=luck),
                    Placement(x, stage.y(base) - 0.05 * index * stage.unit, size),
                )
            )
    return baked(stage, props[::-1], depth=1.15)


def trunks(
    stage: Stage, part: str, *, count: int, wide: float, colour: str, base: float, depth: float
) -> Layer:
    """Tall trunks that leave the frame at the top, as in a high forest."""
    luck = stage.luck.of(part)
    places = ((np.arange(count) + luck.uniform(0.15, 0.85, count)) / count * 1.3 - 0.15).tolist()
    return baked(
        stage,
        [_trunk(stage, luck, place, wide=wide, look=(colour, base)) for place in places],
        depth,
    )


def near_trunks(stage: Stage) -> Layer:
    """Dark trunks at both edges, nearer than the subject."""
    luck = stage.luck.of("near trunks")
    places = (float(luck.uniform(-0.06, 0.08)), float(luck.uniform(0.92, 1.06)))
    return baked(
        stage,
        [_trunk(stage, luck, place, wide=0.055, look=("#2c2622", 1.02)) for place in places],
        depth=1.2,
    )


def _trunk(
    stage: Stage, luck: np.random.Generator, place: float, *, wide: float, look: tuple[str, float]
) -> Prop:
    colour, base = look
    x, thick = place * stage.width, stage.unit * wide * float(luck.uniform(0.7, 1.3))
    lean, y = (
        float(luck.normal(0, 0.02)),
        stage.y(base) + stage.unit * float(luck.uniform(-0.02, 0.03)),
    )
    tall = stage.height * 1.3
    line = path((x, y), (x + lean * tall * 0.3, y - tall * 0.3), (x + lean * tall, y - tall))
    shapes = [
        fill(
            ribbon(line, (thick * 1.5, thick, thick * 0.92, thick * 0.85)),
            colour,
            tinted(colour, lightness=0.8),
        ),
        shade(
            ribbon(moved(line, thick * 0.55), (thick * 0.6, thick * 0.5)),
            "#0a1018",
            0.35,
            thick * 0.3,
        ),
    ]
    return shapes, Placement(0, 0, 1)


def grass(
    stage: Stage,
    colours: tuple[str, str],
    *,
    base: float,
    tall: float,
    depth: float,
    count: int = 170,
) -> Layer:
    """Blades along the lower edge."""
    luck = stage.luck.of("grass")
    props: list[Prop] = []
    for place in luck.uniform(-0.15, 1.15, round(count * min(2.0, stage.width / stage.unit))):
        high = tall * float(luck.uniform(0.35, 1.0))
        bend = float(luck.normal(0, 0.35)) * high
        line = path((0, 0.05), (bend * 0.2, -high * 0.5), (bend, -high), finely=4)
        blade = fill(
            ribbon(line, (0.007, 0.006, 0.001)),
            colours[int(luck.integers(2))],
            tinted(colours[0], lightness=0.55),
        )
        props.append(
            (
                [blade],
                Placement(
                    stage.x(place),
                    stage.y(base) + stage.unit * float(luck.uniform(0, 0.05)),
                    stage.unit,
                ),
            )
        )
    return baked(stage, props, depth)


def blossoms(
    stage: Stage, part: str, *, top: float, bottom: float, depth: float, count: int = 90
) -> Layer:
    """Small flowers all over a meadow, larger towards us."""
    luck = stage.luck.of(part)
    colours = ("#f2728f", "#f7d04a", "#fdfaf2", "#a98ae8", "#f2954a")
    props: list[Prop] = []
    for down in np.sort(luck.random(round(count * min(2.0, stage.width / stage.unit)))):
        x, y = (
            stage.x(float(luck.uniform(-0.15, 1.15))),
            stage.y(top + (bottom - top) * float(down)),
        )
        colour, size = (
            colours[int(luck.integers(len(colours)))],
            (0.006 + 0.022 * float(down) ** 1.5) * stage.unit,
        )
        props.append((_small_flower(colour, float(luck.random())), Placement(x, y, size)))
    return baked(stage, props, depth)


def _small_flower(colour: str, turn: float) -> list[Shape]:
    petals = [
        ellipse(0.6 * math.cos(a), 0.45 * math.sin(a), 0.48, 0.38)
        for a in (turn + k * 1.2566 for k in range(5))
    ]
    stem = ribbon(path((0, 0), (0.1, 2.4)), (0.12, 0.08))
    return [
        fill(stem, "#5a8a48"),
        *(fill(petal, colour, tinted(colour, lightness=0.85)) for petal in petals),
        fill(ellipse(0, 0, 0.28, 0.22), "#f2c23a"),
    ]


def cherry_branch(stage: Stage) -> Layer:
    """A blossoming branch that reaches into the picture from an upper corner."""
    luck = stage.luck.of("branch")
    side = float(luck.choice([-1.0, 1.0]))
    limbs = [
        path((-0.1, 0.02), (0.2, 0.1), (0.42, 0.08), (0.66, 0.2)),
        path((0.2, 0.1), (0.3, 0.22), (0.44, 0.3)),
        path((0.42, 0.08), (0.5, 0.02), (0.64, 0.04)),
        path((0.0, 0.05), (0.1, 0.18), (0.14, 0.3)),
    ]  # fmt: skip
    shapes = [
        fill(ribbon(limb, (0.026 - 0.005 * i, 0.011, 0.003)), "#4a3238", "#352430")
        for i, limb in enumerate(limbs)
    ]
    flowers = [
        (point, float(luck.random())) for limb in limbs for point in limb[4:] for _ in range(3)
    ]
    for point, order in sorted(flowers, key=lambda flower: flower[1]):
        shapes += _blossom(point + luck.normal(0, 0.024, 2), 0.016 + 0.012 * order, luck)
    corner = stage.x(0.0) - 0.12 * stage.unit if side > 0 else stage.x(1.0) + 0.12 * stage.unit
    placement = Placement(corner, stage.y(0.0) - 0.02 * stage.unit, stage.unit, faces_left=side < 0)
    return baked(stage, [(shapes, placement)], depth=1.15)


def _blossom(at: Points, size: float, luck: np.random.Generator) -> list[Shape]:
    """Five petals around a dark middle, or a bud."""
    colour = ("#ffb8d0", "#ffd9e6", "#f79cbc", "#ffc9dc")[int(luck.integers(4))]
    if luck.random() < 0.2:
        return [fill(ellipse(at[0], at[1], size * 0.5), "#e8709a", "#c9507e")]
    turn = float(luck.random())
    petals = [
        ellipse(at[0] + size * 0.55 * math.cos(a), at[1] + size * 0.5 * math.sin(a), size * 0.5)
        for a in (turn + k * 1.2566 for k in range(5))
    ]
    return [
        *(fill(petal, colour, tinted(colour, lightness=0.93)) for petal in petals),
        fill(ellipse(at[0], at[1], size * 0.2), "#c9406e"),
    ]
