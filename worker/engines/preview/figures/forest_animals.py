"""Fox, dog, deer, horse, bear, rabbit: four-legged animals, seen from the side."""

import math

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import (
    Points,
    ellipse,
    moved,
    path,
    polygon,
    ribbon,
    smooth,
    turned,
)
from worker.engines.preview.figures.shapes import Pose, Shape, fill, mark, shade

_INK = "#2a2126"
_CREAM = "#fbf3e6"


def fox(pose: Pose) -> list[Shape]:
    """A fox, sitting; its tail sways."""
    coat = pose.colour("#d8622a")
    under = tinted(coat, lightness=0.74)
    sway = 0.1 * math.sin(2 * pose.seconds + 6 * pose.phase)
    brush = path(
        (-0.1, -0.06),
        (-0.36, -0.03),
        (-0.58, -0.14),
        (-0.66 - sway * 0.4, -0.34),
        (-0.58 + sway, -0.56),
    )
    ear = smooth((0.0, -0.8), (-0.01, -0.97), (0.02, -1.04), (0.1, -0.95), (0.17, -0.84))
    return [
        fill(ribbon(brush, (0.05, 0.11, 0.15, 0.14, 0.02)), coat, under),
        mark(ribbon(brush[24:], (0.2, 0.2, 0.1)), _CREAM, "#e4d5c4"),
        fill(
            ribbon(path((0.16, -0.4), (0.24, -0.2), (0.22, 0.0)), (0.1, 0.06, 0.045)), under, _INK
        ),
        fill(_sitting(), coat, under),
        shade(ellipse(-0.14, -0.02, 0.26, 0.12), _INK, 0.35, 0.06),
        mark(
            smooth(
                (0.12, -0.66), (0.3, -0.56), (0.3, -0.36), (0.2, -0.2), (0.12, -0.3), (0.08, -0.5)
            ),
            _CREAM,
            "#ecdcca",
        ),
        fill(ellipse(-0.1, -0.15, 0.19, 0.16, turn=-0.3), tinted(coat, lightness=1.06), under),
        fill(
            ribbon(path((0.14, -0.36), (0.17, -0.18), (0.16, -0.02)), (0.09, 0.055, 0.05)),
            coat,
            _INK,
        ),
        fill(smooth((0.1, -0.02), (0.16, -0.06), (0.26, -0.03), (0.27, 0.0), (0.12, 0.0)), _INK),
        fill(
            smooth((-0.16, -0.02), (-0.02, -0.06), (0.07, -0.03), (0.08, 0.0), (-0.14, 0.0)),
            under,
            _INK,
        ),
        fill(moved(ear, 0.17, 0.01), under, coat),
        *_fox_head(coat, under),
        fill(ear, coat, coat),
        mark(moved(ear, 0.028, -0.13, by=0.84), under, coat),
        mark(polygon((-0.03, -1.08), (0.09, -1.08), (0.07, -0.97), (-0.03, -0.96)), _INK),
    ]


def _sitting() -> Points:
    return smooth((0.02, -0.72), (-0.12, -0.56), (-0.25, -0.36), (-0.3, -0.14), (-0.24, 0.0), (0.0, 0.0),
        (0.18, -0.06), (0.25, -0.24), (0.29, -0.46), (0.24, -0.64))  # fmt: skip


def _fox_head(coat: str, under: str) -> list[Shape]:
    return [
        fill(smooth((-0.06, -0.68), (0.0, -0.82), (0.13, -0.89), (0.28, -0.84), (0.36, -0.73), (0.53, -0.63),
            (0.52, -0.59), (0.34, -0.56), (0.14, -0.52), (0.0, -0.58)), coat, under),
        mark(smooth((-0.08, -0.62), (0.1, -0.68), (0.22, -0.66), (0.34, -0.68), (0.56, -0.6), (0.5, -0.5),
            (0.1, -0.46)), _CREAM, "#e9d9c8"),
        fill(ellipse(0.52, -0.63, 0.03, 0.026), _INK),
        fill(ellipse(0.25, -0.735, 0.03, 0.036), _INK),
        fill(ellipse(0.26, -0.748, 0.009), "#ffffff"),
    ]  # fmt: skip


def dog(pose: Pose) -> list[Shape]:
    """A dog or wolf, standing; its tail wags."""
    coat = pose.choice("#b9854f", "#8d8f98", "#5c4a3f")
    dark, pale = tinted(coat, lightness=0.68), tinted(coat, lightness=1.35)
    wag = 0.16 * math.sin(9 * pose.seconds + 6 * pose.phase)
    tail = path((-0.44, -0.56), (-0.58, -0.68), (-0.62 + wag * 0.5, -0.86), (-0.5 + wag, -0.97))
    legs = [
        _leg(x, lean, dark if x in {-0.3, 0.2} else coat, dark)
        for x, lean in ((-0.3, 0.03), (0.2, 0.0))
    ]
    near = [
        _leg(x, lean, coat, tinted(coat, lightness=0.85)) for x, lean in ((-0.4, 0.03), (0.3, 0.0))
    ]
    ear = smooth((0.34, -0.92), (0.31, -1.06), (0.36, -1.08), (0.46, -0.95), (0.46, -0.88))
    return [
        fill(ribbon(tail, (0.05, 0.06, 0.06, 0.02)), coat, dark),
        *legs,
        fill(smooth((-0.46, -0.58), (-0.3, -0.66), (0.05, -0.63), (0.3, -0.72), (0.42, -0.62), (0.42, -0.42),
            (0.26, -0.3), (-0.1, -0.34), (-0.32, -0.3), (-0.5, -0.4)), coat, dark),
        *near,
        fill(smooth((0.14, -0.62), (0.26, -0.92), (0.42, -0.98), (0.54, -0.92), (0.6, -0.84), (0.76, -0.79),
            (0.78, -0.73), (0.72, -0.69), (0.56, -0.68), (0.48, -0.62), (0.4, -0.48)), coat, dark),
        mark(smooth((0.5, -0.72), (0.8, -0.78), (0.76, -0.64), (0.5, -0.6), (0.44, -0.4), (0.34, -0.36), (0.4, -0.6)),
            pale),
        fill(ear, dark, coat),
        fill(ellipse(0.765, -0.775, 0.036, 0.03), _INK),
        fill(ellipse(0.55, -0.85, 0.026), _INK),
    ]  # fmt: skip


def _leg(x: float, lean: float, top: str, foot: str) -> Shape:
    tall = 0.4
    return fill(ribbon(path((x, -tall), (x + lean, -tall * 0.5), (x - lean * 0.4, -0.03), (x + 0.05, -0.02)),
        (0.09, 0.05, 0.042, 0.03)), top, foot)  # fmt: skip


def deer(pose: Pose) -> list[Shape]:
    """A stag with antlers; it turns its head a little."""
    coat = pose.choice("#a5683a", "#8c5f42")
    nod = 0.05 * math.sin(1.3 * pose.seconds + 6 * pose.phase)
    shapes = _hoofed(coat, tinted(coat, lightness=0.7), tail="#f4ead9", nod=nod)
    antlers = [turned(line, nod, (0.2, -0.6)) for line in _antlers()]
    return [
        *(fill(ribbon(line, (0.022, 0.016, 0.006)), "#d9c3a0", "#7a5a3c") for line in antlers),
        *shapes,
    ]


def _antlers() -> list[Points]:
    beam = path((0.36, -0.98), (0.26, -1.12), (0.28, -1.28), (0.42, -1.36))
    other = path((0.4, -0.98), (0.5, -1.1), (0.52, -1.24), (0.46, -1.34))
    tines = [
        path((0.27, -1.12), (0.18, -1.18), (0.16, -1.26)),
        path((0.28, -1.24), (0.2, -1.32), (0.22, -1.4)),
        path((0.5, -1.1), (0.58, -1.14), (0.62, -1.22)),
        path((0.52, -1.22), (0.6, -1.28), (0.6, -1.36)),
    ]  # fmt: skip
    return [beam, other, *tines]


def horse(pose: Pose) -> list[Shape]:
    """A horse; its mane and tail blow in the wind."""
    coat = pose.choice("#7d5438", "#5a4034", "#d9d2c6")
    mane = tinted(coat, lightness=0.45)
    blow = 0.05 * math.sin(4 * pose.seconds + 6 * pose.phase)
    tail = path((-0.44, -0.6), (-0.6, -0.54), (-0.68 - blow, -0.34), (-0.62 - 2 * blow, -0.12))
    crest = path((0.42, -1.02), (0.26, -0.96 + blow), (0.14, -0.8 + blow), (0.08, -0.62))
    return [
        fill(ribbon(tail, (0.04, 0.08, 0.08, 0.01)), mane),
        *_hoofed(coat, tinted(coat, lightness=0.7), tail=None, nod=0.3 * blow),
        fill(ribbon(crest, (0.03, 0.07, 0.08, 0.03)), mane),
    ]


def _hoofed(coat: str, dark: str, *, tail: str | None, nod: float) -> list[Shape]:
    neck = smooth((0.1, -0.56), (0.2, -0.8), (0.3, -0.99), (0.42, -1.02), (0.5, -0.95), (0.66, -0.83), (0.65, -0.77),
        (0.56, -0.77), (0.46, -0.8), (0.42, -0.62), (0.38, -0.44))  # fmt: skip
    ear = smooth((0.36, -0.98), (0.3, -1.08), (0.34, -1.12), (0.42, -1.0))
    shapes = [
        *(_slender(x, dark, _INK) for x in (-0.28, 0.24)),
        fill(smooth((-0.46, -0.6), (-0.2, -0.64), (0.1, -0.62), (0.34, -0.66), (0.42, -0.52), (0.34, -0.38),
            (0.0, -0.36), (-0.26, -0.34), (-0.48, -0.44)), coat, dark),
        *(_slender(x, coat, _INK) for x in (-0.38, 0.31)),
        fill(turned(neck, nod, (0.2, -0.6)), coat, dark),
        fill(turned(ear, nod, (0.2, -0.6)), coat, dark),
        fill(turned(ellipse(0.46, -0.93, 0.02), nod, (0.2, -0.6)), _INK),
    ]  # fmt: skip
    return (
        shapes
        if tail is None
        else [fill(ellipse(-0.47, -0.55, 0.06, 0.1, turn=0.4), tail), *shapes]
    )


def _slender(x: float, top: str, foot: str) -> Shape:
    line = path((x, -0.46), (x + 0.02, -0.26), (x - 0.01, -0.05), (x + 0.02, 0.0))
    return fill(ribbon(line, (0.09, 0.04, 0.03, 0.035)), top, foot)


def bear(pose: Pose) -> list[Shape]:
    """A bear, sitting and facing us."""
    coat = pose.choice("#7d5438", "#5d4a40", "#e9e6df")
    dark, pale = tinted(coat, lightness=0.7), tinted(coat, lightness=1.35)
    lift = 0.012 * math.sin(2 * pose.seconds + 6 * pose.phase)
    sides = (-1.0, 1.0)
    return [
        *(fill(ellipse(0.2 * s, -0.95 + lift, 0.085), dark) for s in sides),
        fill(smooth((-0.24, -0.6), (-0.38, -0.3), (-0.36, -0.05), (-0.15, 0.0), (0.15, 0.0), (0.36, -0.05),
            (0.38, -0.3), (0.24, -0.6)), coat, dark),
        fill(ellipse(0, -0.3, 0.2, 0.22), pale, coat),
        *(fill(ellipse(0.25 * s, -0.06, 0.14, 0.09), dark, dark) for s in sides),
        *(fill(ribbon(path((0.26 * s, -0.54), (0.34 * s, -0.36), (0.24 * s, -0.22)), (0.08, 0.09, 0.07)),
            coat, dark) for s in sides),
        fill(ellipse(0, -0.76 + lift, 0.27, 0.24), coat, coat),
        fill(ellipse(0, -0.69 + lift, 0.13, 0.1), pale, pale),
        fill(ellipse(0, -0.74 + lift, 0.05, 0.035), _INK),
        *(fill(ellipse(0.11 * s, -0.82 + lift, 0.026), _INK) for s in sides),
    ]  # fmt: skip


def rabbit(pose: Pose) -> list[Shape]:
    """A rabbit; its ears twitch."""
    coat = pose.choice("#cdb59b", "#e9e4dc", "#9c8b7e")
    dark = tinted(coat, lightness=0.76)
    twitch = 0.08 * max(0.0, math.sin(3.1 * pose.seconds + 6 * pose.phase)) ** 3
    ear = ellipse(0.2, -0.86, 0.055, 0.22, turn=-0.15)
    return [
        fill(ellipse(-0.38, -0.16, 0.09), "#fffaf2", "#e6ddd0"),
        fill(turned(ear, 0.28 + twitch, (0.22, -0.66)), dark, dark),
        fill(smooth((-0.4, -0.16), (-0.32, -0.38), (-0.1, -0.48), (0.14, -0.46), (0.26, -0.3), (0.24, -0.06),
            (0.1, 0.0), (-0.24, 0.0), (-0.38, -0.04)), coat, dark),
        fill(ellipse(-0.16, -0.17, 0.2, 0.18), tinted(coat, lightness=1.06), dark),
        fill(smooth((-0.22, -0.02), (-0.04, -0.06), (0.06, -0.02), (0.04, 0.0), (-0.2, 0.0)), coat),
        fill(smooth((0.12, -0.02), (0.2, -0.1), (0.32, -0.03), (0.32, 0.0), (0.14, 0.0)), coat),
        fill(turned(ear, -0.1 - twitch, (0.2, -0.66)), coat, coat),
        mark(turned(moved(ear, 0.05, -0.16, by=0.78), -0.1 - twitch, (0.2, -0.66)), "#eab6ae"),
        fill(smooth((0.04, -0.56), (0.14, -0.72), (0.32, -0.7), (0.44, -0.56), (0.42, -0.46), (0.28, -0.4),
            (0.1, -0.42)), coat, dark),
        fill(ellipse(0.43, -0.54, 0.025, 0.02), "#d98b86"),
        fill(ellipse(0.29, -0.6, 0.03, 0.036), _INK),
        fill(ellipse(0.3, -0.612, 0.01), "#ffffff"),
    ]  # fmt: skip
