"""Cat, penguin, owl, bird, butterfly."""

import math

from worker.engines.preview.colour import turned as tinted
from worker.engines.preview.figures.curves import (
    ellipse,
    mirrored,
    moved,
    path,
    polygon,
    ribbon,
    smooth,
    turned,
)
from worker.engines.preview.figures.shapes import Pose, Shape, fill, light, mark, shifted

_INK = "#2a2126"
_SIDES = (-1.0, 1.0)


def cat(pose: Pose) -> list[Shape]:
    """A cat, sitting and looking at us; its tail curls and it blinks."""
    coat = pose.choice("#4a4550", "#d58a44", "#8d8a8c")
    dark, pale = tinted(coat, lightness=0.7), tinted(coat, lightness=1.3)
    sway = 0.1 * math.sin(1.8 * pose.seconds + 6 * pose.phase)
    tail = path(
        (0.2, -0.06), (0.42, -0.04), (0.56, -0.2), (0.5 + sway * 0.6, -0.4), (0.6 + sway, -0.54)
    )
    ear = polygon((-0.25, -0.78), (-0.235, -1.06), (-0.06, -0.9))
    return [
        fill(ribbon(tail, (0.055, 0.06, 0.055, 0.05, 0.03)), coat, dark),
        fill(smooth((-0.14, -0.64), (-0.24, -0.4), (-0.31, -0.14), (-0.22, 0.0), (0.22, 0.0), (0.31, -0.14),
            (0.24, -0.4), (0.14, -0.64)), coat, dark),
        mark(ellipse(0, -0.4, 0.12, 0.2), pale, coat),
        *(fill(ribbon(path((0.09 * s, -0.34), (0.1 * s, -0.16), (0.09 * s, -0.03)), (0.07, 0.06, 0.07)),
            coat, pale) for s in _SIDES),
        fill(ear, coat),
        fill(mirrored(ear), coat),
        fill(moved(ear, -0.03, -0.2, by=0.74), "#d9938c", coat),
        fill(mirrored(moved(ear, -0.03, -0.2, by=0.74)), "#d9938c"),
        fill(smooth((-0.29, -0.72), (-0.2, -0.89), (0, -0.92), (0.2, -0.89), (0.29, -0.72), (0.18, -0.57), (0, -0.54),
            (-0.18, -0.57)), coat, dark),
        fill(ellipse(0, -0.62, 0.1, 0.06), pale, pale),
        fill(polygon((-0.026, -0.675), (0.026, -0.675), (0, -0.64)), "#d9837c"),
        *_cat_eyes(pose),
        *(fill(ribbon(path((0.08 * s, -0.63), (0.24 * s, -0.65 + d), (0.38 * s, -0.65 + 2 * d)),
            (0.005, 0.005, 0.002)), pale) for s in _SIDES for d in (-0.012, 0.016)),
    ]  # fmt: skip


def _cat_eyes(pose: Pose) -> list[Shape]:
    blink = 1.0 if math.sin(1.9 * pose.seconds + 9 * pose.phase) < 0.96 else 0.12
    iris = "#b9d86a" if pose.variant % 2 else "#f0c75a"
    return [
        shape
        for s in _SIDES
        for shape in (
            light(ellipse(0.12 * s, -0.745, 0.052, 0.05 * blink), iris, glow=0.15),
            fill(ellipse(0.12 * s, -0.745, 0.02, 0.046 * blink), _INK),
            light(ellipse(0.105 * s, -0.762, 0.01, 0.01 * blink), "#ffffff", glow=0.4),
        )
    ]


def penguin(pose: Pose) -> list[Shape]:
    """A penguin, waddling on the spot."""
    coat = pose.colour("#2c3545")
    wave = 0.25 + 0.2 * math.sin(5 * pose.seconds + 6 * pose.phase)
    wing = smooth((-0.2, -0.68), (-0.3, -0.5), (-0.36, -0.26), (-0.3, -0.24), (-0.18, -0.4))
    return [
        *(fill(ellipse(0.13 * s, -0.02, 0.12, 0.045), "#ef9a3a", "#c8741f") for s in _SIDES),
        fill(turned(wing, wave, (-0.2, -0.64)), coat),
        fill(mirrored(turned(wing, wave, (-0.2, -0.64))), coat),
        fill(smooth((0, -1.0), (-0.2, -0.92), (-0.24, -0.7), (-0.32, -0.36), (-0.26, -0.08), (0, -0.02),
            (0.26, -0.08), (0.32, -0.36), (0.24, -0.7), (0.2, -0.92)), coat, tinted(coat, lightness=0.8)),
        mark(smooth((0, -0.68), (-0.18, -0.56), (-0.23, -0.3), (-0.16, -0.08), (0.16, -0.08), (0.23, -0.3),
            (0.18, -0.56)), "#fbf7ef", "#d9dde0"),
        *(mark(ellipse(0.09 * s, -0.78, 0.1, 0.12), "#fbf7ef") for s in _SIDES),
        *(fill(ellipse(0.09 * s, -0.81, 0.026), _INK) for s in _SIDES),
        fill(polygon((-0.06, -0.76), (0.06, -0.76), (0, -0.67)), "#f2a23d", "#d97f22"),
    ]  # fmt: skip


def owl(pose: Pose) -> list[Shape]:
    """An owl on a branch; it blinks."""
    coat = pose.choice("#8a6242", "#6d6470", "#b08f68")
    dark, pale = tinted(coat, lightness=0.7), tinted(coat, lightness=1.4)
    blink = 1.0 if math.sin(1.4 * pose.seconds + 8 * pose.phase) < 0.94 else 0.1
    tuft = polygon((-0.25, -0.84), (-0.26, -1.06), (-0.08, -0.94))
    feathers = [ellipse(x, y, 0.045, 0.03) for y, xs in ((-0.5, (-0.1, 0, 0.1)), (-0.4, (-0.15, -0.05, 0.05, 0.15)),
        (-0.3, (-0.1, 0, 0.1)), (-0.2, (-0.06, 0.06))) for x in xs]  # fmt: skip
    shapes = [
        fill(ribbon(path((-4.0, 0.3), (-0.9, 0.08), (-0.2, 0.0), (0.3, 0.0), (0.85, -0.1)),
            (0.12, 0.08, 0.05, 0.04, 0.015)), "#5a4232"),
        fill(tuft, dark),
        fill(mirrored(tuft), dark),
        fill(smooth((0, -0.98), (-0.24, -0.88), (-0.3, -0.6), (-0.28, -0.24), (-0.12, -0.03), (0.12, -0.03),
            (0.28, -0.24), (0.3, -0.6), (0.24, -0.88)), coat, dark),
        mark(ellipse(0, -0.34, 0.19, 0.28), pale, coat),
        *(mark(feather, coat) for feather in feathers),
        *(fill(smooth((0.22 * s, -0.66), (0.33 * s, -0.4), (0.24 * s, -0.1), (0.17 * s, -0.36)),
            dark) for s in _SIDES),
        *(fill(ellipse(0.12 * s, -0.75, 0.125), pale) for s in _SIDES),
        *(light(ellipse(0.12 * s, -0.75, 0.085, 0.085 * blink), "#f2b632", glow=0.15) for s in _SIDES),
        *(fill(ellipse(0.12 * s, -0.75, 0.045, 0.045 * blink), _INK) for s in _SIDES),
        fill(polygon((-0.04, -0.69), (0.04, -0.69), (0, -0.6)), "#e09a3a"),
        *(fill(ellipse(0.1 * s, -0.02, 0.05, 0.03), "#e09a3a") for s in _SIDES),
    ]  # fmt: skip
    return shifted(shapes, 0.0, 0.5)


def bird(pose: Pose) -> list[Shape]:
    """A bird in flight, wings beating."""
    coat = pose.choice("#f4f1ea", "#3b5f8f", "#c9573f")
    dark = tinted(coat, lightness=0.72)
    beat = math.sin(6.5 * pose.seconds + 6 * pose.phase)
    rise, reach = -0.34 - 0.22 * beat, 0.06 * beat
    near = smooth((0.14, -0.06), (0.12, rise * 0.6 - 0.08), (0.0 - reach, rise * 1.2 - 0.1),
        (-0.36 - reach, rise * 1.55 - 0.02), (-0.26, rise * 0.95 + 0.1), (-0.22, rise * 0.4 + 0.1), (-0.16, 0.06),
        (0.0, 0.05))  # fmt: skip
    return [
        fill(moved(near, 0.12, -0.03, by=0.92), dark),
        fill(smooth((0.48, -0.07), (0.38, -0.12), (0.24, -0.1), (0.0, -0.09), (-0.3, 0.0), (-0.55, -0.02),
            (-0.56, 0.07), (-0.3, 0.07), (0.0, 0.12), (0.26, 0.07), (0.4, 0.0)), coat, dark),
        fill(polygon((0.45, -0.09), (0.58, -0.04), (0.44, -0.02)), "#f0a53c"),
        fill(ellipse(0.39, -0.075, 0.016), _INK),
        fill(near, tinted(coat, lightness=1.05), dark),
    ]  # fmt: skip


def butterfly(pose: Pose) -> list[Shape]:
    """A butterfly, fluttering."""
    wing_colour = pose.choice("#f08a3c", "#5b8fe0", "#d06ac0")
    edge = tinted(wing_colour, lightness=0.4)
    open_part = 0.62 + 0.38 * math.sin(8 * pose.seconds + 6 * pose.phase)
    upper = smooth(
        (0.02, -0.04), (0.1, -0.32), (0.36, -0.44), (0.5, -0.3), (0.38, -0.06), (0.14, 0.02)
    )
    lower = smooth((0.02, 0.0), (0.2, 0.02), (0.36, 0.14), (0.3, 0.36), (0.16, 0.36), (0.06, 0.2))
    shapes: list[Shape] = []
    for s in _SIDES:
        for wing in (lower, upper):
            shapes.append(fill(wing * (s * open_part, 1), edge))
            shapes.append(
                mark(
                    moved(wing, 0.035, -0.01, by=0.84) * (s * open_part, 1),
                    wing_colour,
                    tinted(wing_colour, lightness=1.3),
                )
            )
        shapes.append(mark(ellipse(0.36, -0.3, 0.045) * (s * open_part, 1), "#fff6e0"))
    feelers = [
        ribbon(path((0, -0.2), (0.06 * s, -0.34), (0.14 * s, -0.4)), (0.01, 0.008, 0.012))
        for s in _SIDES
    ]
    return [
        *shapes,
        *(fill(feeler, _INK) for feeler in feelers),
        fill(ellipse(0, 0, 0.035, 0.22), _INK),
    ]
