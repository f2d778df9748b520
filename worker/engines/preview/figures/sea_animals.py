"""Fish, whale, jellyfish, turtle: what swims."""

import math
from functools import partial

import numpy as np

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import (
    Points,
    ellipse,
    moved,
    path,
    ribbon,
    smooth,
    turned,
)
from worker.engines.preview.figures.shapes import (
    Pose,
    Shape,
    dimmed,
    fill,
    halo,
    light,
    mark,
    shade,
)

_INK = "#22202a"


def _swum(pose: Pose, strength: float, pace: float, points: Points) -> Points:
    """Bend a body that faces right: the tail swings, the head hardly."""
    behind = np.clip(0.35 - points[:, 0], 0, None)
    swing = strength * np.sin(pace * pose.seconds + 6 * pose.phase + 4.0 * points[:, 0]) * behind
    return points + np.stack([np.zeros_like(swing), swing], axis=1)


def fish(pose: Pose) -> list[Shape]:
    """A goldfish with flowing fins."""
    scales = pose.choice("#f27a1a", "#f5982a", "#ee6a22")
    dark, belly, fin = (
        tinted(scales, lightness=0.6),
        tinted(scales, lightness=1.4, degrees=10),
        tinted(scales, lightness=1.15, degrees=6),
    )
    body = smooth((0.5, 0.02), (0.42, -0.11), (0.22, -0.22), (-0.04, -0.23), (-0.28, -0.1), (-0.38, 0.0),
        (-0.28, 0.1), (-0.04, 0.23), (0.22, 0.21), (0.42, 0.12))  # fmt: skip
    wave = 0.25 * math.sin(6 * pose.seconds + 6 * pose.phase)
    pectoral = turned(
        smooth((0.16, 0.06), (0.04, 0.1), (-0.12, 0.22), (-0.04, 0.26), (0.12, 0.18)),
        wave,
        (0.16, 0.08),
    )
    bend = partial(_swum, pose, 0.2, 7.0)
    scallops = [ellipse(x, y, 0.05, 0.045) for x in (-0.16, -0.05, 0.06) for y in (-0.1, 0.0, 0.1)]
    return [
        *_fins(pose, scales, fin),
        fill(bend(body), scales, belly),
        *(shade(bend(scallop), dark, 0.16, 0.008) for scallop in scallops),
        shade(bend(ellipse(0.05, -0.16, 0.34, 0.07)), "#fff2d8", 0.4, 0.04),
        shade(bend(ellipse(0.24, 0.02, 0.012, 0.15)), dark, 0.5, 0.012),
        *dimmed([fill(pectoral, fin, scales)], 0.9),
        fill(bend(ellipse(0.36, -0.04, 0.052)), "#fffaf0"),
        fill(bend(ellipse(0.37, -0.04, 0.032)), _INK),
        fill(bend(ellipse(0.38, -0.052, 0.01)), "#ffffff"),
        fill(
            bend(ribbon(path((0.5, 0.03), (0.46, 0.06), (0.42, 0.06)), (0.008, 0.008, 0.004))), dark
        ),
    ]


def _fins(pose: Pose, scales: str, fin: str) -> list[Shape]:
    """Tail, back fin and belly fin, half see-through."""
    tail = smooth((-0.3, 0.0), (-0.46, -0.13), (-0.66, -0.3), (-0.84, -0.3), (-0.72, -0.08), (-0.62, 0.02),
        (-0.76, 0.14), (-0.86, 0.34), (-0.66, 0.28), (-0.46, 0.12))  # fmt: skip
    dorsal = smooth((0.2, -0.18), (0.08, -0.36), (-0.16, -0.38), (-0.3, -0.26), (-0.18, -0.14))
    below = smooth((-0.02, 0.18), (-0.12, 0.34), (-0.26, 0.36), (-0.2, 0.14))
    bend = partial(_swum, pose, 0.2, 7.0)
    edges = [
        path((-0.36, y * 0.2), (-0.56, y * 0.6), (-0.78, y)) for y in (-0.22, -0.1, 0.12, 0.24)
    ]
    shapes = [
        fill(bend(tail), fin, scales),
        fill(bend(dorsal), fin, scales),
        fill(bend(below), scales, fin),
    ]
    return [
        *dimmed(shapes, 0.88),
        *(mark(bend(ribbon(edge, (0.008, 0.008, 0.003))), scales) for edge in edges),
    ]


def whale(pose: Pose) -> list[Shape]:
    """A whale, slowly beating its flukes."""
    back = pose.colour("#3d5f80")
    belly = "#dfe6e4"
    bend = partial(_swum, pose, 0.13, 1.7)
    body = smooth((0.56, -0.02), (0.5, -0.14), (0.3, -0.22), (0.0, -0.21), (-0.3, -0.1), (-0.56, -0.02),
        (-0.58, 0.03), (-0.3, 0.08), (0.0, 0.16), (0.3, 0.17), (0.5, 0.1))  # fmt: skip
    fluke = smooth(
        (-0.52, 0.0), (-0.68, -0.06), (-0.82, -0.18), (-0.78, 0.0), (-0.86, 0.12), (-0.66, 0.06)
    )
    fin = turned(
        smooth((0.22, 0.1), (0.1, 0.26), (-0.06, 0.34), (-0.02, 0.22), (0.06, 0.1)),
        0.2 * math.sin(1.7 * pose.seconds),
        (0.2, 0.1),
    )
    grooves = [
        ribbon(
            path((0.5, 0.03 + d), (0.3, 0.07 + d * 1.5), (0.08, 0.08 + d * 1.4)),
            (0.002, 0.005, 0.002),
        )
        for d in (0.0, 0.025, 0.05)
    ]
    return [
        fill(bend(fluke), back, tinted(back, lightness=0.75)),
        fill(bend(body), back, tinted(back, lightness=0.8)),
        mark(bend(smooth((0.6, 0.03), (0.3, 0.05), (0.0, 0.08), (-0.3, 0.07), (0.0, 0.24), (0.5, 0.24))),
            belly, "#b7c8d0"),
        *(mark(bend(groove), "#8fa8b8") for groove in grooves),
        shade(bend(ellipse(0.1, -0.17, 0.36, 0.05)), "#bcd8ea", 0.45, 0.03),
        fill(fin, tinted(back, lightness=0.85), back),
        fill(ellipse(0.38, -0.01, 0.018), _INK),
    ]  # fmt: skip


def jellyfish(pose: Pose) -> list[Shape]:
    """A glowing jellyfish; its bell pulses and its arms trail."""
    colour = pose.choice("#e58bd0", "#7fb8f2", "#a78bf0")
    pulse = 1 + 0.09 * math.sin(3 * pose.seconds + 6 * pose.phase)
    bell = smooth((0, -0.5), (-0.26, -0.42), (-0.36, -0.2), (-0.33, -0.1), (-0.2, -0.14), (0, -0.09), (0.2, -0.14),
        (0.33, -0.1), (0.36, -0.2), (0.26, -0.42)) * (pulse, 2 - pulse)  # fmt: skip
    arms = [
        _arm(x * pulse, pose, index)
        for index, x in enumerate((-0.28, -0.18, -0.08, 0.02, 0.11, 0.2, 0.29))
    ]
    return [
        halo(ellipse(0, -0.25, 0.42, 0.36), colour, soft=0.16, strength=0.3),
        *(light(arm, colour, glow=0.3, opacity=0.62) for arm in arms),
        light(bell, colour, glow=0.35, opacity=0.8),
        shade(ellipse(-0.06, -0.4, 0.2, 0.08, turn=-0.2), "#ffffff", 0.6, 0.04),
        shade(ellipse(0, -0.12, 0.3, 0.07), tinted(colour, lightness=0.6), 0.5, 0.05),
    ]


def _arm(x: float, pose: Pose, index: int) -> Points:
    at = np.linspace(0, 1, 24)
    long = 0.5 + 0.16 * math.sin(index * 2.1)
    wave = 0.07 * at * np.sin(7 * at - 3 * pose.seconds + index * 1.3 + 6 * pose.phase)
    line = np.stack([x * (1 - 0.3 * at) + wave, -0.12 + long * at], axis=1)
    return ribbon(line, (0.026, 0.018, 0.006) if index % 2 else (0.014, 0.01, 0.004))


def turtle(pose: Pose) -> list[Shape]:
    """A sea turtle, gliding."""
    shell = pose.colour("#6f7a3f")
    skin = "#8fae6e"
    beat = math.sin(2.2 * pose.seconds + 6 * pose.phase)
    front = turned(
        smooth((0.24, 0.02), (0.22, 0.2), (0.02, 0.46), (-0.04, 0.44), (0.06, 0.16)),
        0.5 * beat,
        (0.22, 0.04),
    )
    rear = turned(
        smooth((-0.3, 0.04), (-0.46, 0.18), (-0.56, 0.16), (-0.4, 0.0)), 0.3 * beat, (-0.3, 0.04)
    )
    plates = [ellipse(x, y, 0.085, 0.06) for x, y in ((-0.2, -0.08), (0.0, -0.1), (0.18, -0.06))]
    return [
        fill(moved(front, 0.08, -0.06, by=0.8), tinted(skin, lightness=0.7)),
        fill(smooth((0.28, -0.02), (0.4, -0.1), (0.54, -0.1), (0.58, -0.03), (0.5, 0.04), (0.3, 0.07)),
            skin, tinted(skin, lightness=0.8)),
        fill(rear, skin, tinted(skin, lightness=0.75)),
        fill(smooth((0.36, 0.04), (0.2, 0.12), (-0.2, 0.12), (-0.42, 0.05), (0, -0.02)), "#e0d6a8", "#b8a878"),
        fill(smooth((0.38, 0.03), (0.26, -0.14), (0.0, -0.23), (-0.26, -0.14), (-0.45, 0.06), (0.0, 0.07)),
            shell, tinted(shell, lightness=0.7)),
        *(mark(plate, tinted(shell, lightness=1.25), shell) for plate in plates),
        shade(ellipse(0, -0.18, 0.24, 0.04), "#f4f0c0", 0.35, 0.03),
        fill(front, skin, tinted(skin, lightness=0.7)),
        fill(ellipse(0.5, -0.045, 0.02), _INK),
    ]  # fmt: skip
