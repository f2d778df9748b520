"""A wanderer, an astronaut, a robot, a snowman."""

import math

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import (
    box,
    ellipse,
    path,
    polygon,
    ribbon,
    smooth,
    turned,
)
from worker.engines.preview.figures.shapes import Pose, Shape, fill, halo, light, mark, shade

_INK = "#26242c"
_SIDES = (-1.0, 1.0)


def person(pose: Pose) -> list[Shape]:
    """Someone in a hooded cloak, walking, with a lantern."""
    cloak = pose.choice("#b5443c", "#3c5f8f", "#5a7a4f", "#7a5a92")
    dark = tinted(cloak, lightness=0.6)
    step = math.sin(5 * pose.seconds + 6 * pose.phase)
    blow = 0.05 * math.sin(3.1 * pose.seconds + 6 * pose.phase)
    glow = 0.8 + 0.2 * math.sin(9 * pose.seconds)
    hem = smooth((0.06, -0.78), (-0.12, -0.7), (-0.2, -0.4), (-0.34 - blow, -0.13), (-0.1, -0.1 + blow),
        (0.12, -0.12), (0.2, -0.14), (0.19, -0.44), (0.16, -0.68))  # fmt: skip
    return [
        *(fill(ribbon(path((0, -0.28), (0.07 * step * s, -0.12), (0.12 * step * s + 0.03, -0.01)),
            (0.05, 0.045, 0.04)), _INK) for s in _SIDES),
        fill(hem, cloak, dark),
        shade(smooth((-0.1, -0.6), (-0.1, -0.3), (-0.26, -0.12), (-0.4, -0.14), (-0.26, -0.5)), _INK, 0.35, 0.04),
        fill(ribbon(path((0.08, -0.62), (0.2, -0.5), (0.31, -0.5)), (0.06, 0.05, 0.035)),
            tinted(cloak, lightness=0.85), dark),
        fill(smooth((0.05, -0.66), (-0.09, -0.72), (-0.13, -0.88), (-0.04, -1.0), (0.09, -0.98), (0.17, -0.86),
            (0.15, -0.72)), cloak, tinted(cloak, lightness=0.8)),
        mark(smooth((0.1, -0.9), (0.05, -0.82), (0.09, -0.73), (0.2, -0.72), (0.2, -0.9)), "#e8b894", "#c98f6e"),
        fill(ribbon(path((0.32, -0.5), (0.33, -0.44)), (0.008, 0.008)), _INK),
        halo(ellipse(0.33, -0.37, 0.2), "#ffc86a", soft=0.09, strength=glow * (0.32 if pose.dark else 0.15)),
        light(ellipse(0.33, -0.37, 0.045, 0.06), "#ffdf9a", glow=glow),
    ]  # fmt: skip


def astronaut(pose: Pose) -> list[Shape]:
    """An astronaut, floating and waving."""
    suit = pose.colour("#f1f0ec")
    grey, dark = tinted(suit, lightness=0.78), "#5a6272"
    wave = 0.35 * math.sin(3 * pose.seconds + 6 * pose.phase)
    kick = 0.1 * math.sin(1.5 * pose.seconds)
    arm = turned(
        ribbon(path((0.16, -0.1), (0.36, -0.2), (0.44, -0.42)), (0.08, 0.075, 0.07)),
        wave * 0.5,
        (0.16, -0.1),
    )
    return [
        fill(box(-0.26, -0.16, 0.26, 0.24, corner=0.06), dark, _INK),
        *(fill(ribbon(path((0.1 * s, 0.2), (0.14 * s + kick * s, 0.42), (0.12 * s - kick, 0.6)), (0.1, 0.09, 0.085)),
            suit, grey) for s in _SIDES),
        fill(ribbon(path((-0.16, -0.08), (-0.34, 0.06), (-0.4, 0.26)), (0.08, 0.075, 0.07)), suit, grey),
        fill(arm, suit, grey),
        fill(box(-0.21, -0.2, 0.21, 0.28, corner=0.11), suit, grey),
        fill(box(-0.1, 0.0, 0.1, 0.13, corner=0.02), "#c8ccd4", dark),
        *(light(ellipse(x, 0.04, 0.016), colour, glow=0.5) for x, colour in ((-0.05, "#ff6a5a"), (0.0, "#ffd25a"),
            (0.05, "#6ae08a"))),
        fill(ellipse(0, -0.36, 0.24, 0.23), suit, grey),
        fill(ellipse(0.03, -0.36, 0.18, 0.155), "#2b3a5e", "#101a30"),
        mark(ellipse(0.03, -0.25, 0.16, 0.05), "#e0a84a", "#b8782f"),
        shade(ellipse(-0.04, -0.42, 0.05, 0.035, turn=-0.5), "#ffffff", 0.85, 0.012),
    ]  # fmt: skip


def robot(pose: Pose) -> list[Shape]:
    """A friendly robot with glowing eyes."""
    metal = pose.choice("#8fa3b5", "#c9a25a", "#7fb0a4")
    dark = tinted(metal, lightness=0.6)
    lift = 0.015 * math.sin(3 * pose.seconds + 6 * pose.phase)
    wave = 0.4 * math.sin(4 * pose.seconds)
    blink = 0.9 if math.sin(2.3 * pose.seconds + 5 * pose.phase) < 0.95 else 0.0
    raised = turned(
        ribbon(path((0.26, -0.48), (0.4, -0.56), (0.42, -0.76)), (0.05, 0.045, 0.05)),
        wave * 0.4,
        (0.26, -0.48),
    )
    return [
        *(fill(box(0.13 * s - 0.07, -0.2, 0.13 * s + 0.07, -0.02), dark, _INK) for s in _SIDES),
        *(fill(box(0.14 * s - 0.1, -0.07, 0.14 * s + 0.1, 0.0, corner=0.03), metal, dark) for s in _SIDES),
        fill(ribbon(path((-0.26, -0.48), (-0.38, -0.36), (-0.36, -0.2)), (0.05, 0.045, 0.05)), dark),
        fill(raised, dark),
        fill(box(-0.28, -0.58, 0.28, -0.14, corner=0.07), metal, dark),
        fill(box(-0.15, -0.48, 0.15, -0.28, corner=0.03), tinted(metal, lightness=1.25), metal),
        light(ellipse(-0.06, -0.38, 0.035), "#ff7a5a", glow=0.6),
        light(ellipse(0.06, -0.38, 0.035), "#6af0c0", glow=0.5 + 0.4 * math.sin(5 * pose.seconds)),
        fill(box(-0.02, -1.08 + lift, 0.02, -0.94 + lift), dark),
        light(ellipse(0, -1.1 + lift, 0.04), "#ff8a6a", glow=0.5 + 0.5 * math.sin(4 * pose.seconds)),
        fill(box(-0.26, -0.98 + lift, 0.26, -0.62 + lift, corner=0.09), tinted(metal, lightness=1.08), dark),
        fill(box(-0.2, -0.9 + lift, 0.2, -0.7 + lift, corner=0.07), "#1f2a38"),
        *(light(ellipse(0.09 * s, -0.8 + lift, 0.045, 0.045 if blink else 0.008),
            "#7df2ff", glow=blink) for s in _SIDES),
    ]  # fmt: skip


def snowman(pose: Pose) -> list[Shape]:
    """A snowman with a hat and a scarf."""
    scarf = pose.colour("#d0403a")
    snow, blue = "#ffffff", "#c3d3e4"
    blow = 0.04 * math.sin(4 * pose.seconds + 6 * pose.phase)
    arms = [
        ribbon(path((0.2 * s, -0.5), (0.4 * s, -0.62), (0.54 * s, -0.6)), (0.016, 0.014, 0.006))
        for s in _SIDES
    ]
    return [
        *(fill(arm, "#5a4232") for arm in arms),
        fill(ellipse(0, -0.22, 0.34, 0.26), snow, blue),
        fill(ellipse(0, -0.54, 0.25, 0.22), snow, blue),
        *(fill(ellipse(0, y, 0.024), _INK) for y in (-0.58, -0.48, -0.36)),
        fill(smooth((0.1, -0.7), (0.2, -0.6), (0.27 + blow, -0.44), (0.18 + blow, -0.42), (0.08, -0.62)),
            scarf, tinted(scarf, lightness=0.75)),
        fill(ellipse(0, -0.82, 0.19, 0.18), snow, blue),
        fill(smooth((-0.19, -0.74), (0, -0.66), (0.19, -0.74), (0.2, -0.67), (0, -0.58), (-0.2, -0.67)),
            scarf, tinted(scarf, lightness=0.85)),
        *(fill(ellipse(x, -0.86, 0.022), _INK) for x in (-0.05, 0.09)),
        fill(polygon((0.02, -0.83), (0.02, -0.77), (0.26, -0.78)), "#f08a3c", "#d9702a"),
        fill(ellipse(0, -0.97, 0.24, 0.035), _INK),
        fill(box(-0.15, -1.22, 0.15, -0.96, corner=0.02), "#35323c", _INK),
        mark(box(-0.16, -1.03, 0.16, -0.98), scarf),
    ]  # fmt: skip
