"""Lighthouse, house, castle: what stands and has windows."""

import math

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import Points, box, ellipse, polygon, smooth
from worker.engines.preview.figures.shapes import Pose, Shape, fill, halo, light, mark, shade

_LAMP = "#ffd98a"


def lighthouse(pose: Pose) -> list[Shape]:
    """A lighthouse on its rock, its beam turning."""
    stripe = pose.colour("#c8463c")
    tower = polygon((-0.17, 0.0), (-0.11, -0.98), (0.11, -0.98), (0.17, 0.0))
    bands = [box(-0.2, top, 0.2, top + 0.16) for top in (-0.9, -0.56, -0.22)]
    return [
        *_beams(pose),
        fill(tower, "#faf4e8", "#d9d0c4"),
        *(mark(band, stripe, tinted(stripe, lightness=0.9)) for band in bands),
        shade(polygon((0.04, -1.0), (0.2, -1.0), (0.24, 0.0), (0.06, 0.0)), "#2c3350", 0.42, 0.035),
        *(_window(0.0, y, 0.028, tall=0.045, pose=pose) for y in (-0.66, -0.34)),
        fill(box(-0.16, -1.01, 0.16, -0.97), "#3c3a44"),
        light(box(-0.08, -1.15, 0.08, -1.01), _LAMP, glow=0.8),
        *(fill(box(x - 0.006, -1.15, x + 0.006, -1.01), "#3c3a44") for x in (-0.07, 0.0, 0.07)),
        fill(
            smooth((-0.12, -1.14), (0, -1.27), (0.12, -1.14), finely=4),
            stripe,
            tinted(stripe, lightness=0.7),
        ),
        halo(ellipse(0, -1.08, 0.17), _LAMP, soft=0.08, strength=0.6),
        *_rock(),
    ]


def _rock() -> list[Shape]:
    stone = smooth((-0.78, 0.36), (-0.62, 0.14), (-0.42, 0.08), (-0.3, -0.03), (-0.08, -0.05), (0.18, -0.03),
        (0.34, 0.02), (0.46, 0.14), (0.7, 0.18), (0.84, 0.36), finely=4)  # fmt: skip
    return [
        fill(stone, "#6b6862", "#34343c"),
        mark(
            polygon((-0.42, 0.08), (-0.3, -0.03), (-0.1, -0.03), (-0.22, 0.12), (-0.34, 0.2)),
            "#8a8478",
            "#5a5852",
        ),
        mark(polygon((0.3, 0.0), (0.46, 0.14), (0.3, 0.3), (0.18, 0.1)), "#4a4a4e", "#34343c"),
    ]


def _beams(pose: Pose) -> list[Shape]:
    turn = math.cos(1.3 * pose.seconds + 6 * pose.phase)
    strength = 0.2 + 0.2 * abs(turn)
    return [
        halo(_cone(side * (0.5 + 2.4 * abs(turn)), wide), "#fff0c4", soft=0.05, strength=strength)
        for side, wide in ((math.copysign(1, turn), 0.32), (-math.copysign(1, turn), 0.2))
    ]


def _cone(reach: float, wide: float) -> Points:
    return polygon((0, -1.1), (reach, -1.1 - wide), (reach, -1.1 + wide * 0.7), (0, -1.06))


def _window(x: float, y: float, wide: float, *, tall: float, pose: Pose) -> Shape:
    pane = box(x - wide, y - tall, x + wide, y + tall, corner=min(wide, tall) * 0.5)
    return light(pane, _LAMP, glow=0.5) if pose.dark else fill(pane, "#4a5870", "#6b7a90")


def house(pose: Pose) -> list[Shape]:
    """A cottage with a smoking chimney and lit windows."""
    wall = pose.choice("#e8d8bc", "#c9785a", "#d9e0da")
    roof = ("#8a4434", "#4a5568", "#6b4a3a")[pose.variant % 3]
    smoke = [_puff(index, pose) for index in range(5)]
    return [
        *smoke,
        fill(box(0.2, -0.98, 0.34, -0.6), "#7a5548", "#5e4038"),
        fill(box(-0.5, -0.54, 0.5, 0.0), wall, tinted(wall, lightness=0.82)),
        shade(box(-0.55, -0.56, 0.55, -0.42), "#2c2440", 0.4, 0.05),
        fill(
            polygon((-0.64, -0.5), (-0.36, -0.94), (0.36, -0.94), (0.64, -0.5)),
            roof,
            tinted(roof, lightness=0.72),
        ),
        *(
            mark(box(-0.7, y, 0.7, y + 0.014), tinted(roof, lightness=0.8))
            for y in (-0.84, -0.74, -0.64, -0.55)
        ),
        fill(box(-0.1, -0.34, 0.1, 0.0, corner=0.04), "#6b4630", "#4e3222"),
        fill(ellipse(0.06, -0.16, 0.014), "#e8c56a"),
        *(part for x in (-0.31, 0.31) for part in _cross_window(x, pose)),
        *(
            fill(ellipse(x, -0.02, 0.1, 0.07), "#6f9a58", "#4a6e44")
            for x in (-0.5, -0.36, 0.38, 0.52)
        ),
    ]


def _cross_window(x: float, pose: Pose) -> list[Shape]:
    return [
        fill(box(x - 0.12, -0.38, x + 0.12, -0.14), "#fbf3e2"),
        light(box(x - 0.1, -0.36, x + 0.1, -0.16), _LAMP, glow=0.5 if pose.dark else 0.02),
        fill(box(x - 0.01, -0.36, x + 0.01, -0.16), "#fbf3e2"),
        fill(box(x - 0.1, -0.27, x + 0.1, -0.25), "#fbf3e2"),
    ]


def _puff(index: int, pose: Pose) -> Shape:
    age = (index / 5 + 0.22 * pose.seconds) % 1.0
    outline = ellipse(
        0.27 + 0.22 * age * age + 0.03 * math.sin(5 * age), -1.0 - 0.55 * age, 0.04 + 0.1 * age
    )
    return Shape(
        outline, "#e9e6e2", "#e9e6e2", opacity=0.5 * (1 - age) * min(1.0, age * 6), soft=0.04
    )


def castle(pose: Pose) -> list[Shape]:
    """A castle with towers, pennants and lit windows."""
    stone = pose.choice("#b9aea0", "#a3a4b4", "#c2b49a")
    roof = ("#5a6f9e", "#8a4a5c", "#4f7a74")[pose.variant % 3]
    towers = ((-0.46, 0.13, -0.66), (0.46, 0.13, -0.62), (-0.16, 0.11, -0.86), (0.2, 0.12, -0.96))
    shapes = [
        part
        for x, wide, top in towers[2:]
        for part in _tower(x, wide, top, stone=stone, roof=roof, pose=pose)
    ]
    shapes += [
        fill(_battlement(-0.46, 0.46, -0.44), stone, tinted(stone, lightness=0.72)),
        shade(box(0.1, -0.46, 0.5, 0.0), "#2c2a50", 0.25, 0.12),
        fill(
            smooth((-0.1, 0.0), (-0.1, -0.18), (0, -0.27), (0.1, -0.18), (0.1, 0.0), finely=5),
            "#3a2f38",
            "#2a222c",
        ),
    ]
    shapes += [_window(x, -0.3, 0.02, tall=0.04, pose=pose) for x in (-0.26, 0.26)]
    return shapes + [
        part
        for x, wide, top in towers[:2]
        for part in _tower(x, wide, top, stone=stone, roof=roof, pose=pose)
    ]


def _tower(x: float, wide: float, top: float, *, stone: str, roof: str, pose: Pose) -> list[Shape]:
    wave = 0.025 * math.sin(4 * pose.seconds + 9 * x)
    peak = top - wide * 2.5
    return [
        fill(
            box(x - wide, top, x + wide, 0.0),
            tinted(stone, lightness=1.06),
            tinted(stone, lightness=0.7),
        ),
        shade(box(x + wide * 0.3, top, x + wide * 1.3, 0.0), "#2c2a50", 0.3, 0.04),
        fill(
            polygon((x - wide * 1.25, top + 0.015), (x, peak), (x + wide * 1.25, top + 0.015)),
            roof,
            tinted(roof, lightness=0.7),
        ),
        fill(
            polygon((x, peak - 0.12), (x, peak - 0.04), (x + 0.13, peak - 0.08 + wave)), "#e0564a"
        ),
        fill(box(x - 0.005, peak - 0.12, x + 0.005, peak + 0.02), "#4a4048"),
        _window(x, top + 0.14, 0.022, tall=0.045, pose=pose),
    ]


def _battlement(left: float, right: float, top: float) -> Points:
    count, step = 11, (right - left) / 11
    corners = [(left, 0.0)]
    for index in range(count):
        level = top - (0.06 if index % 2 == 0 else 0.0)
        corners += [(left + index * step, level), (left + (index + 1) * step, level)]
    return polygon(*corners, (right, 0.0))
