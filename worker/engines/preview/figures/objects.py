"""Sofa, lantern, cup, heart, dragon."""

import math

import numpy as np

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


def sofa(pose: Pose) -> list[Shape]:
    """A wide sofa with cushions."""
    cloth = pose.choice("#4f7f7a", "#b5654f", "#5a6a9a", "#c79a4a")
    dark, pale = tinted(cloth, lightness=0.62), tinted(cloth, lightness=1.15)
    return [
        *(
            fill(
                polygon((x - 0.03, -0.1), (x + 0.03, -0.1), (x + 0.015, 0.0), (x - 0.015, 0.0)),
                "#5a3f2c",
            )
            for x in (-0.82, 0.82)
        ),
        fill(box(-0.92, -0.82, 0.92, -0.14, corner=0.14), cloth, dark),
        *(fill(box(x - 0.4, -0.74, x + 0.4, -0.3, corner=0.1), pale, cloth) for x in (-0.4, 0.4)),
        shade(box(-0.85, -0.42, 0.85, -0.32), _INK, 0.4, 0.05),
        *(
            fill(box(x - 0.41, -0.38, x + 0.41, -0.16, corner=0.07), pale, dark)
            for x in (-0.4, 0.4)
        ),
        *(
            fill(box(x - 0.14, -0.56, x + 0.14, -0.08, corner=0.1), pale, dark)
            for x in (-0.94, 0.94)
        ),
        fill(box(-0.92, -0.17, 0.92, -0.08, corner=0.03), dark, tinted(cloth, lightness=0.45)),
        fill(
            smooth((-0.72, -0.36), (-0.76, -0.66), (-0.48, -0.7), (-0.44, -0.4), finely=6),
            "#e8c06a",
            "#b98a3c",
        ),
    ]


def lantern(pose: Pose) -> list[Shape]:
    """A paper lantern, glowing and swinging a little."""
    paper = pose.colour("#f2703c")
    flicker = 0.55 + 0.1 * math.sin(7 * pose.seconds + 6 * pose.phase)
    ribs = [
        ellipse(0, y, 0.3 * math.sqrt(max(0.0, 1 - (y / 0.36) ** 2)) + 0.02, 0.012)
        for y in (-0.2, -0.1, 0.0, 0.1, 0.2)
    ]
    return [
        halo(ellipse(0, 0, 0.5, 0.54), paper, soft=0.2, strength=0.35),
        light(ellipse(0, 0, 0.32, 0.36), paper, glow=flicker),
        light(ellipse(0, 0.02, 0.17, 0.22), "#ffe6a0", glow=flicker, soft=0.08, opacity=0.85),
        *(shade(rib, "#7a2a1a", 0.4, 0.005) for rib in ribs),
        fill(box(-0.14, -0.4, 0.14, -0.33, corner=0.02), "#3c2a24"),
        fill(box(-0.12, 0.33, 0.12, 0.39, corner=0.02), "#3c2a24"),
        fill(ribbon(path((0, -0.4), (0, -0.56)), (0.008, 0.008)), "#3c2a24"),
        *(
            fill(ribbon(path((x, 0.38), (x * 1.2, 0.56)), (0.012, 0.006)), paper)
            for x in (-0.03, 0.0, 0.03)
        ),
    ]


def cup(pose: Pose) -> list[Shape]:
    """A cup of something hot, steaming."""
    china = pose.choice("#f4efe6", "#5a8f9a", "#d9785a")
    dark = tinted(china, lightness=0.72)
    steam = [_steam(x, pose.seconds + 0.35 * index) for index, x in enumerate((-0.15, 0.0, 0.15))]
    return [
        fill(ellipse(0, -0.03, 0.62, 0.07), tinted(china, lightness=0.92), dark),
        fill(
            ribbon(
                path((0.32, -0.56), (0.58, -0.54), (0.56, -0.3), (0.28, -0.22)),
                (0.05, 0.05, 0.05, 0.04),
            ),
            china,
            dark,
        ),
        fill(
            smooth(
                (-0.42, -0.66),
                (-0.4, -0.36),
                (-0.24, -0.08),
                (0.24, -0.08),
                (0.4, -0.36),
                (0.42, -0.66),
            ),
            china,
            dark,
        ),
        shade(
            smooth((0.18, -0.66), (0.2, -0.3), (0.06, -0.08), (0.5, -0.08), (0.5, -0.66)),
            "#3a3550",
            0.28,
            0.07,
        ),
        fill(ellipse(0, -0.65, 0.415, 0.1), tinted(china, lightness=1.05)),
        fill(ellipse(0, -0.64, 0.37, 0.078), "#6b4028", "#3f2416"),
        shade(ellipse(-0.1, -0.65, 0.18, 0.025), "#d9a878", 0.7, 0.015),
        *steam,
    ]


def _steam(x: float, seconds: float) -> Shape:
    at = np.linspace(0, 1, 20)
    line = np.stack(
        [x + 0.09 * np.sqrt(at) * np.sin(5 * at - 2.2 * seconds), -0.72 - 0.5 * at], axis=1
    )
    return Shape(
        ribbon(line, (0.012, 0.035, 0.045, 0.01)), "#ffffff", "#ffffff", opacity=0.3, soft=0.035
    )


def heart(pose: Pose) -> list[Shape]:
    """A heart, beating."""
    red = pose.colour("#e0445a")
    beat = 1 + 0.07 * max(0.0, math.sin(6 * pose.seconds)) ** 2
    at = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    curve = np.stack(
        [
            16 * np.sin(at) ** 3,
            -(13 * np.cos(at) - 5 * np.cos(2 * at) - 2 * np.cos(3 * at) - np.cos(4 * at)),
        ],
        axis=1,
    )
    outline = curve / 34 * beat
    return [
        halo(outline * 1.1, red, soft=0.16, strength=0.3),
        fill(outline, tinted(red, lightness=1.12), tinted(red, lightness=0.62)),
        shade(ellipse(-0.2, -0.19, 0.13, 0.08, turn=-0.7), "#ffffff", 0.65, 0.05),
        shade(ellipse(0.18, 0.16, 0.26, 0.2, turn=0.7), tinted(red, lightness=0.45), 0.3, 0.1),
    ]


def dragon(pose: Pose) -> list[Shape]:
    """A winged dragon, its long body winding."""
    scales = pose.choice("#b5392f", "#3f8a5c", "#4f5f9e")
    dark, pale = tinted(scales, lightness=0.6), tinted(scales, lightness=1.5)
    spine = _spine(pose)
    beat = math.sin(3.2 * pose.seconds + 6 * pose.phase)
    shoulder = spine[42]
    return [
        *_wing(
            moved(shoulder, 0.1),
            beat * 0.8,
            tinted(scales, lightness=0.72),
            tinted(scales, lightness=0.42),
        ),
        fill(
            ribbon(path((0, -0.01), (-0.1, -0.05), (-0.2, 0.03)), (0.02, 0.07, 0.0)) + spine[0],
            dark,
        ),
        *_spikes(spine, dark),
        *(
            fill(moved(_claw(spine[at]), 0.05), dark, tinted(scales, lightness=0.4))
            for at in (24, 43)
        ),
        fill(ribbon(spine, (0.004, 0.03, 0.06, 0.09, 0.1, 0.085, 0.058, 0.05)), scales, dark),
        mark(
            ribbon(moved(spine, 0.0, 0.06), (0.0, 0.016, 0.03, 0.042, 0.05, 0.045, 0.035, 0.03)),
            pale,
            scales,
        ),
        *(fill(_claw(spine[at]), scales, dark) for at in (27, 46)),
        *_wing(shoulder, beat, tinted(scales, lightness=1.2), tinted(scales, lightness=0.8)),
        *_dragon_head(moved(spine[-1], 0.02), scales, dark, pale),
    ]


def _spine(pose: Pose) -> Points:
    """The dragon's back line from tail tip to neck, 64 points."""
    curve = path((-0.95, -0.1), (-0.78, 0.14), (-0.52, 0.2), (-0.3, 0.02), (-0.05, -0.02), (0.2, 0.1), (0.4, 0.04),
        (0.46, -0.2), (0.58, -0.36), finely=16)  # fmt: skip
    at = np.linspace(0, 1, 64)
    line = np.stack(
        [
            np.interp(at * (len(curve) - 1), np.arange(len(curve)), curve[:, axis])
            for axis in (0, 1)
        ],
        axis=1,
    )
    line[:, 1] += 0.045 * np.sin(2.6 * pose.seconds - 7 * at + 6 * pose.phase) * (1.15 - at)
    return line


def _wing(root: Points, beat: float, top: str, bottom: str) -> list[Shape]:
    """A bat's wing from the shoulder: fingers spread from the wrist, skin between them."""
    lift = 0.95 + 0.3 * beat
    wrist = (-0.04, -0.52)
    tips = [(-0.3, -0.86), (-0.66, -0.7), (-0.78, -0.42), (-0.58, -0.18)]
    edge: list[tuple[float, float]] = [(0.1, 0.0), (0.1, -0.3), wrist, tips[0]]
    for (x, y), (u, v) in zip(tips, [*tips[1:], (-0.1, 0.02)], strict=True):
        edge += [((x + u) / 2 * 0.84, (y + v) / 2 * 0.82 - 0.02), (u, v)]
    outline = polygon(*edge) * (1.0, lift) + root
    bones = [polygon(wrist, tip) * (1.0, lift) + root for tip in tips[1:]]
    arm = path((0.06, 0.0), (0.08, -0.3), wrist, (-0.14, -0.7), tips[0]) * (1.0, lift) + root
    return [
        fill(outline, top, bottom),
        *(mark(ribbon(bone, (0.016, 0.004)), bottom) for bone in bones),
        fill(ribbon(arm, (0.045, 0.034, 0.024, 0.016, 0.004)), bottom, bottom),
    ]


def _spikes(spine: Points, colour: str) -> list[Shape]:
    places = range(6, 60, 3)
    return [
        fill(
            spine[i]
            + polygon((-0.035, 0.0), (-0.04, -0.07 - 0.07 * math.sin(i / 20)), (0.03, 0.0)),
            colour,
        )
        for i in places
    ]


def _claw(at: Points) -> Points:
    leg = path((0.0, 0.02), (0.06, 0.14), (-0.02, 0.22), (0.07, 0.27))
    return ribbon(leg, (0.065, 0.05, 0.028, 0.01)) + at


def _dragon_head(neck: Points, scales: str, dark: str, pale: str) -> list[Shape]:
    skull = smooth((-0.1, 0.04), (-0.06, -0.09), (0.04, -0.14), (0.14, -0.11), (0.28, -0.07), (0.35, -0.05),
        (0.36, 0.0), (0.24, 0.02), (0.1, 0.03), (0.02, 0.09), (-0.07, 0.1))  # fmt: skip
    jaw = smooth(
        (-0.02, 0.06), (0.12, 0.06), (0.3, 0.11), (0.29, 0.14), (0.1, 0.13), (-0.02, 0.11), finely=5
    )
    horn = path((0.02, -0.1), (-0.1, -0.18), (-0.24, -0.17), (-0.34, -0.24))
    return [
        *(
            fill(
                ribbon(moved(horn, 0.07 * k, 0.01 - 0.03 * k), (0.034, 0.026, 0.016, 0.003)) + neck,
                pale,
                dark,
            )
            for k in (1, 0)
        ),
        fill(jaw + neck, dark, dark),
        fill(skull + neck, scales, dark),
        light(ellipse(0.1, -0.06, 0.026, 0.018) + neck, "#ffe27a", glow=0.6),
        fill(ellipse(0.31, -0.03, 0.013) + neck, _INK),
    ]
