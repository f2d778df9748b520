"""Tree, flower, mushroom, cactus."""

import math

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
from worker.engines.preview.figures.shapes import Pose, Shape, fill, mark, shade, shifted


def tree(pose: Pose) -> list[Shape]:
    """A broad tree, its crown stirring."""
    leaf = pose.choice("#5f9a4a", "#7aa84c", "#4a8a5a")
    dark, pale = tinted(leaf, lightness=0.6), tinted(leaf, lightness=1.22)
    bark = "#6b4a34"
    crown = (
        (-0.3, -0.62, 0.25),
        (0.3, -0.6, 0.25),
        (-0.12, -0.82, 0.29),
        (0.16, -0.84, 0.27),
        (0.0, -0.6, 0.28),
    )
    sway = [
        0.015 * math.sin(1.6 * pose.seconds + 2 * index + 6 * pose.phase)
        for index in range(len(crown))
    ]
    branches = [
        path((0, -0.3), (-0.1, -0.44), (-0.28, -0.56)),
        path((0, -0.32), (0.12, -0.46), (0.28, -0.56)),
    ]
    trunk = smooth(
        (-0.13, 0.0), (-0.06, -0.14), (-0.05, -0.5), (0.05, -0.5), (0.06, -0.14), (0.14, 0.0)
    )
    return [
        fill(trunk, bark, tinted(bark, lightness=0.6)),
        *(fill(ribbon(branch, (0.045, 0.03, 0.01)), bark) for branch in branches),
        *(fill(_leafy(x + s, y + 0.05, r), dark) for (x, y, r), s in zip(crown, sway, strict=True)),
        *(
            fill(_leafy(x + s, y, r * 0.96), leaf, dark)
            for (x, y, r), s in zip(crown, sway, strict=True)
        ),
        *(
            shade(_leafy(x + s - 0.05, y - 0.07, r * 0.6), pale, 0.75, 0.035)
            for (x, y, r), s in zip(crown, sway, strict=True)
        ),
    ]


def _leafy(x: float, y: float, radius: float) -> Points:
    knots = [
        (
            radius * (1 + 0.09 * (k % 2)) * math.cos(k * math.pi / 9),
            radius * 0.88 * (1 + 0.09 * (k % 2)) * math.sin(k * math.pi / 9),
        )
        for k in range(18)
    ]
    return moved(smooth(*knots, finely=4), x, y)


def flower(pose: Pose) -> list[Shape]:
    """A flower on its stem, nodding."""
    petal = pose.choice("#f0728f", "#f4c542", "#b58ae0", "#f2f0ea")
    dark = tinted(petal, lightness=0.78)
    nod = 0.07 * math.sin(1.7 * pose.seconds + 6 * pose.phase)
    head_x, head_y = 0.5 * nod, -0.78
    stem = path((0, 0), (0.03, -0.28), (0.02 + nod * 0.2, -0.55), (head_x, head_y))
    leaf = smooth((0.02, -0.22), (0.16, -0.36), (0.34, -0.4), (0.26, -0.26), (0.1, -0.2))
    outer = [
        turned(ellipse(head_x, head_y - 0.17, 0.085, 0.16), k * math.pi / 5 + 0.3, (head_x, head_y))
        for k in range(10)
    ]
    inner = [
        turned(ellipse(head_x, head_y - 0.13, 0.06, 0.12), k * math.pi / 4, (head_x, head_y))
        for k in range(8)
    ]
    return [
        fill(ribbon(stem, (0.026, 0.02, 0.018)), "#6fa857", "#3f6e3c"),
        fill(leaf, "#7ab85f", "#4a7d44"),
        fill(moved(leaf * (-1, 1), 0.02, -0.08, by=0.9), "#6aa854", "#44743e"),
        *(fill(shape, petal, dark) for shape in outer),
        *(fill(shape, tinted(petal, lightness=1.08), petal) for shape in inner),
        fill(ellipse(head_x, head_y, 0.085), "#f7d24a", "#d99a2a"),
        shade(ellipse(head_x - 0.02, head_y - 0.03, 0.03), "#fff6c0", 0.7, 0.02),
    ]


def mushroom(pose: Pose) -> list[Shape]:
    """A toadstool with white spots and a little one beside it."""
    cap = pose.colour("#d0403a")
    breathe = 1 + 0.015 * math.sin(2 * pose.seconds + 6 * pose.phase)
    big = _toadstool(cap, breathe)
    small = shifted(big, 0.46, 0.0, by=0.45)
    return [*small, *big]


def _toadstool(cap: str, breathe: float) -> list[Shape]:
    spots = (
        (-0.26, -0.62, 0.07),
        (0.02, -0.76, 0.08),
        (0.27, -0.62, 0.06),
        (-0.1, -0.56, 0.045),
        (0.14, -0.54, 0.05),
    )
    return [
        fill(smooth((-0.12, -0.5), (-0.13, -0.2), (-0.19, -0.02), (0, 0.02), (0.19, -0.02), (0.13, -0.2),
            (0.12, -0.5)), "#efe4cf", "#cbb99a"),
        shade(ellipse(0, -0.42, 0.2, 0.07), "#5a4636", 0.5, 0.04),
        fill(smooth((-0.48, -0.46), (-0.4, -0.68), (-0.2, -0.86), (0, -0.9), (0.2, -0.86), (0.4, -0.68),
            (0.48, -0.46), (0.2, -0.4), (-0.2, -0.4)) * (breathe, 1.0), cap, tinted(cap, lightness=0.62)),
        *(mark(ellipse(x, y, r, r * 0.8), "#fbf4e6") for x, y, r in spots),
        shade(ellipse(-0.16, -0.76, 0.14, 0.06, turn=-0.5), "#ffffff", 0.4, 0.05),
    ]  # fmt: skip


def cactus(pose: Pose) -> list[Shape]:
    """A saguaro with two arms and a flower."""
    green = pose.colour("#5a8f55")
    dark = tinted(green, lightness=0.62)
    arms = (
        path((0.0, -0.3), (-0.3, -0.3), (-0.34, -0.42), (-0.34, -0.62)),
        path((0.0, -0.42), (0.28, -0.42), (0.32, -0.52), (0.32, -0.78)),
    )
    trunk = path((0, 0.02), (0, -0.5), (0, -0.94))
    caps = (ellipse(-0.34, -0.62, 0.075), ellipse(0.32, -0.78, 0.075))
    ribs = [path((x, 0.0), (x, -0.5), (x * 0.8, -0.96)) for x in (-0.06, 0.0, 0.06)]
    return [
        *(fill(ribbon(arm, (0.06, 0.085, 0.08, 0.075)), green, dark) for arm in arms),
        *(fill(cap, green) for cap in caps),
        fill(ribbon(trunk, (0.12, 0.13, 0.12)), green, dark),
        fill(ellipse(0, -0.94, 0.12), green),
        shade(ribbon(path((0.1, 0.0), (0.1, -1.0)), (0.06, 0.06)), "#1f3530", 0.45, 0.04),
        *(mark(ribbon(rib, (0.006, 0.006, 0.003)), tinted(green, lightness=0.8)) for rib in ribs),
        *(
            fill(
                turned(ellipse(0, -1.09, 0.035, 0.06), k * 0.7 - 1.4, (0, -1.04)),
                "#f28aa8",
                "#d9567f",
            )
            for k in range(5)
        ),
    ]
