"""Boats, rocket, balloon, plane, flying saucer, car."""

import math

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import (
    Points,
    box,
    ellipse,
    moved,
    path,
    polygon,
    ribbon,
    smooth,
)
from worker.engines.preview.figures.shapes import Pose, Shape, fill, halo, light, mark, shade

_INK = "#26242c"
_SIDES = (-1.0, 1.0)
_CLOTHS = (
    ("#e2503f", "#fbe9c6"),
    ("#3a78b8", "#f7d76a"),
    ("#e88a2e", "#f6efe2"),
    ("#5aa469", "#f9e3b4"),
    ("#8a5ab0", "#f7cdd6"),
)
"""A balloon's two colours."""


def boat(pose: Pose) -> list[Shape]:
    """A folded paper boat."""
    paper = pose.colour("#fdfaf3")
    fold, crease = (
        tinted(paper, lightness=0.92, vividness=0.4),
        tinted(paper, lightness=0.82, vividness=0.3),
    )
    shadow = tinted(paper, lightness=0.68, vividness=0.25)
    return [
        fill(polygon((0, -0.92), (-0.46, -0.12), (0, 0.1)), paper, fold),
        fill(polygon((0, -0.92), (0.46, -0.12), (0, 0.1)), crease, shadow),
        fill(polygon((-0.96, -0.42), (0, -0.04), (0, 0.3), (-0.58, 0.3)), paper, fold),
        fill(polygon((0.96, -0.42), (0, -0.04), (0, 0.3), (0.58, 0.3)), fold, crease),
        mark(polygon((-0.96, -0.42), (-0.58, 0.3), (-0.5, 0.3)), crease),
        mark(polygon((0.96, -0.42), (0.58, 0.3), (0.48, 0.3)), shadow),
        shade(polygon((-0.5, -0.24), (0, -0.05), (0.5, -0.24), (0, -0.14)), "#5a6070", 0.35, 0.03),
    ]


def sailboat(pose: Pose) -> list[Shape]:
    """A sailing boat with two sails and a pennant."""
    hull = pose.choice("#8a4a2f", "#2f4a6b", "#6b2f35")
    sail, shadow = "#fbf4e4", "#d8c9ac"
    wave = 0.03 * math.sin(5 * pose.seconds + 6 * pose.phase)
    return [
        fill(box(-0.025, -1.2, 0.02, -0.1), "#6b4a34"),
        fill(polygon((0.02, -1.1), (0.06, -0.26), (0.54, -0.22), (0.36, -0.62)), sail, shadow),
        mark(smooth((0.0, -1.12), (0.02, -0.3), (0.44, -0.24), (0.36, -0.62), finely=6), sail, "#eadcc0"),
        fill(polygon((-0.05, -1.04), (-0.08, -0.24), (-0.56, -0.22)), tinted(sail, lightness=0.95), shadow),
        fill(polygon((0.0, -1.2), (0.0, -1.1), (-0.22, -1.14 + wave)), "#d8443c"),
        fill(smooth((-0.64, -0.2), (-0.3, -0.14), (0.3, -0.14), (0.68, -0.22), (0.5, 0.16), (0.2, 0.24), (-0.3, 0.24),
            (-0.54, 0.12)), hull, tinted(hull, lightness=0.6)),
        mark(polygon((-0.7, -0.16), (0.7, -0.16), (0.7, -0.1), (-0.7, -0.1)), "#f2e6cc"),
    ]  # fmt: skip


def rocket(pose: Pose) -> list[Shape]:
    """A rocket climbing on its flame."""
    body = pose.choice("#f2efe9", "#e9eef2")
    accent = "#d8443c" if pose.tint is None else tinted(pose.tint, lightness=0.6)
    fin = smooth((-0.13, 0.12), (-0.3, 0.32), (-0.32, 0.54), (-0.12, 0.4), finely=5)
    return [
        *_flame(pose),
        fill(fin, accent, tinted(accent, lightness=0.65)),
        fill(fin * (-1, 1), tinted(accent, lightness=0.8), tinted(accent, lightness=0.5)),
        fill(polygon((-0.1, 0.38), (0.1, 0.38), (0.13, 0.48), (-0.13, 0.48)), "#4a4d58", _INK),
        fill(smooth((0, -0.62), (-0.13, -0.36), (-0.18, 0.0), (-0.14, 0.36), (0, 0.4), (0.14, 0.36), (0.18, 0.0),
            (0.13, -0.36)), body, "#b9bfca"),
        mark(smooth((0, -0.66), (-0.17, -0.3), (0, -0.34), (0.17, -0.3)), accent, tinted(accent, lightness=0.9)),
        shade(smooth((0.05, -0.6), (0.08, 0.0), (0.06, 0.42), (0.3, 0.42), (0.3, -0.4)), "#3a4258", 0.4, 0.05),
        shade(ellipse(-0.1, -0.05, 0.025, 0.3), "#ffffff", 0.8, 0.02),
        fill(ellipse(0, -0.1, 0.085), "#5a6475", "#3a4150"),
        light(ellipse(0, -0.1, 0.06), "#8fd8f2", glow=0.25),
        mark(polygon((-0.3, 0.24), (0.3, 0.24), (0.3, 0.29), (-0.3, 0.29)), accent),
        fill(ellipse(0, 0.36, 0.025, 0.16), tinted(accent, lightness=0.7), accent),
    ]  # fmt: skip


def _flame(pose: Pose) -> list[Shape]:
    flicker = 0.12 * math.sin(31 * pose.seconds) + 0.08 * math.sin(47 * pose.seconds + 1)
    long = 1.12 + flicker
    outer = smooth(
        (-0.12, 0.46),
        (-0.16, 0.62),
        (-0.08, 0.84),
        (0, long),
        (0.08, 0.84),
        (0.16, 0.62),
        (0.12, 0.46),
    )
    inner = smooth(
        (-0.07, 0.47), (-0.09, 0.6), (0, 0.86 + flicker * 0.6), (0.09, 0.6), (0.07, 0.47)
    )
    return [
        halo(ellipse(0, 0.7, 0.3, 0.44), "#ff9a3c", soft=0.13),
        light(outer, "#ff8a2a", glow=1.2, soft=0.02, opacity=0.9),
        light(inner, "#fff0b0", glow=1.6, soft=0.015),
    ]


def balloon(pose: Pose) -> list[Shape]:
    """A hot air balloon in stripes, its burner flaring now and then."""
    cloth, stripe = _CLOTHS[pose.variant % len(_CLOTHS)]
    cloth = pose.colour(cloth)
    skin = smooth((0, -0.58), (-0.26, -0.5), (-0.4, -0.26), (-0.36, 0.0), (-0.18, 0.24), (-0.09, 0.36), (0.09, 0.36),
        (0.18, 0.24), (0.36, 0.0), (0.4, -0.26), (0.26, -0.5))  # fmt: skip
    flare = max(0.0, math.sin(1.7 * pose.seconds + 6 * pose.phase)) ** 4
    burner = ellipse(0, 0.4, 0.05 + 0.05 * flare, 0.07)
    return [
        *(
            fill(ribbon(path((0.085 * s, 0.35), (0.06 * s, 0.5)), (0.006, 0.006)), "#5a4636")
            for s in _SIDES
        ),
        fill(skin, cloth, tinted(cloth, lightness=0.62)),
        mark(_gore(0.74), stripe, tinted(stripe, lightness=0.75)),
        mark(_gore(0.42), cloth, tinted(cloth, lightness=0.66)),
        mark(_gore(0.12), stripe, tinted(stripe, lightness=0.78)),
        shade(smooth((0.5, -0.5), (0.2, 0.0), (0.06, 0.4), (0.5, 0.4)), "#2c2f55", 0.38, 0.1),
        shade(ellipse(-0.17, -0.33, 0.1, 0.16, turn=0.5), "#ffffff", 0.42, 0.06),
        halo(burner, "#ffb84a", soft=0.03, strength=0.25 + 1.2 * flare),
        fill(box(-0.08, 0.48, 0.08, 0.6, corner=0.02), "#9a6a3c", "#6b4526"),
        mark(box(-0.09, 0.48, 0.09, 0.505), "#c4935a"),
    ]


def _gore(wide: float) -> Points:
    """The panel of a balloon's cloth that is so wide at the middle."""
    side = path(
        (0, -0.58),
        (0.34 * wide, -0.44),
        (0.4 * wide, -0.22),
        (0.33 * wide, 0.04),
        (0.085 * wide, 0.37),
    )
    return polygon(*((-x, y) for x, y in side.tolist()), *((x, y) for x, y in side[::-1].tolist()))


def plane(pose: Pose) -> list[Shape]:
    """A small aeroplane with a spinning propeller."""
    paint = pose.choice("#d8443c", "#3a78b8", "#e8b33a")
    dark = tinted(paint, lightness=0.68)
    spin = abs(math.cos(23 * pose.seconds)) * 0.2 + 0.04
    return [
        fill(polygon((-0.02, -0.02), (-0.14, -0.3), (-0.02, -0.3), (0.14, -0.04)), dark),
        fill(polygon((-0.44, -0.06), (-0.62, -0.28), (-0.5, -0.28), (-0.3, -0.06)), paint, dark),
        fill(smooth((0.46, -0.02), (0.4, -0.11), (0.1, -0.13), (-0.3, -0.09), (-0.58, -0.06), (-0.56, 0.0),
            (-0.2, 0.09), (0.2, 0.11), (0.42, 0.08)), paint, dark),
        mark(polygon((-0.7, 0.0), (0.6, 0.0), (0.6, 0.04), (-0.7, 0.035)), "#f7f1e4"),
        fill(smooth((0.26, -0.11), (0.18, -0.21), (0.04, -0.21), (-0.06, -0.12), finely=6), "#bfe4f2", "#7fb4cc"),
        fill(polygon((0.14, 0.02), (-0.12, 0.3), (-0.3, 0.32), (-0.12, 0.03)), tinted(paint, lightness=1.1), dark),
        fill(polygon((-0.44, 0.0), (-0.6, 0.1), (-0.66, 0.1), (-0.56, -0.02)), paint, dark),
        fill(ellipse(0.47, 0.02, 0.03, 0.04), _INK),
        Shape(ellipse(0.495, 0.02, 0.014, spin), "#e8e8ea", "#e8e8ea", opacity=0.7),
    ]  # fmt: skip


def ufo(pose: Pose) -> list[Shape]:
    """A flying saucer with its beam."""
    metal = pose.colour("#9aa6b4")
    saucer = smooth(
        (0.58, 0.03), (0.3, -0.08), (-0.3, -0.08), (-0.58, 0.03), (-0.3, 0.13), (0.3, 0.13)
    )
    dome = smooth((0, -0.28), (-0.2, -0.2), (-0.24, -0.04), (0.24, -0.04), (0.2, -0.2))
    return [
        halo(
            polygon((-0.16, 0.06), (0.16, 0.06), (0.56, 1.15), (-0.56, 1.15)),
            "#8affc0",
            soft=0.05,
            strength=0.15,
        ),
        halo(
            polygon((-0.1, 0.06), (0.1, 0.06), (0.34, 1.15), (-0.34, 1.15)),
            "#c0ffe0",
            soft=0.05,
            strength=0.15,
        ),
        light(dome, "#9ff0e0", glow=0.15, opacity=0.9),
        shade(ellipse(-0.09, -0.18, 0.05, 0.06), "#ffffff", 0.7, 0.02),
        fill(saucer, tinted(metal, lightness=1.25), tinted(metal, lightness=0.55)),
        *(_saucer_lamp(x, pose.seconds) for x in (-0.38, -0.2, 0.0, 0.2, 0.38)),
    ]


def _saucer_lamp(x: float, seconds: float) -> Shape:
    shine = 0.5 + 0.9 * max(0.0, math.sin(5 * seconds + 4 * x))
    return light(ellipse(x, 0.07 - 0.05 * x * x, 0.03), "#7dffb0", glow=shine)


def car(pose: Pose) -> list[Shape]:
    """A car, driving."""
    paint = pose.choice("#d8443c", "#3a78b8", "#e8b33a", "#4f9d84")
    dark = tinted(paint, lightness=0.55)
    body = smooth(
        (-0.86, -0.18),
        (-0.84, -0.36),
        (-0.56, -0.42),
        (-0.36, -0.62),
        (-0.1, -0.68),
        (0.16, -0.64),
        (0.4, -0.44),
        (0.78, -0.38),
        (0.88, -0.24),
        (0.86, -0.12),
        (0, -0.1),
        (-0.84, -0.1),
    )
    beam = halo(
        polygon((0.8, -0.28), (2.2, -0.5), (2.2, 0.1), (0.8, -0.2)),
        "#fff0b8",
        soft=0.06,
        strength=0.14,
    )
    return [
        *([beam] if pose.dark else []),
        fill(moved(body, y=0.006 * math.sin(13 * pose.seconds)), paint, dark),
        mark(smooth((-0.4, -0.42), (-0.3, -0.58), (-0.1, -0.63), (0.0, -0.63), (0.0, -0.42), finely=5),
            "#cfe8f2", "#7fa0b4"),
        mark(smooth((0.05, -0.42), (0.05, -0.63), (0.15, -0.6), (0.32, -0.43), finely=5), "#cfe8f2", "#7fa0b4"),
        shade(ellipse(0, -0.36, 0.8, 0.03), "#ffffff", 0.4, 0.02),
        mark(box(-0.9, -0.2, 0.9, -0.17), dark),
        *_wheel(-0.42, pose.seconds),
        *_wheel(0.44, pose.seconds),
        light(ellipse(0.82, -0.25, 0.045, 0.04), "#fff3c0", glow=1.0 if pose.dark else 0.2),
        light(ellipse(-0.84, -0.3, 0.03, 0.045), "#ff5a4a", glow=0.7 if pose.dark else 0.1),
    ]  # fmt: skip


def _wheel(x: float, seconds: float) -> list[Shape]:
    turns = [9 * seconds + k * 2.09 for k in range(3)]
    return [
        fill(ellipse(x, -0.15, 0.155), _INK),
        fill(ellipse(x, -0.15, 0.095), "#c8ccd2", "#8a8f98"),
        *(
            fill(ellipse(x + 0.07 * math.cos(a), -0.15 + 0.07 * math.sin(a), 0.018), "#4a4d55")
            for a in turns
        ),
    ]
