"""Figures: how their tables are read, moved and drawn in the light of a scene.

A figure is a list of shapes from back to front, separated by ``;``. A shape is its colour, how it
is filled, one letter for the kind of its outline, and that outline's numbers in hundredths of the
figure's unit, x to the right and y down:

* colour ``top`` or ``top/bottom``: six hex digits, ``ink``, ``cream``, ``white``, ``lamp`` (lit in
  the dark), ``frost`` (only in snow), ``c`` for the coat, ``c70`` at 70 % of its lightness;
* ``*50`` shines by so many per cent, ``+`` is only light; ``%50`` opacity, ``~3`` a soft edge;
  ``^`` seen only on what is below it, ``|`` mirrored too, ``x5,X,Y`` five copies around a point;
* ``@r,X,Y,A,S`` swings by A degrees around a point at a pace S; ``@h`` and ``@v`` stretch across
  and up instead, by A per cent (from 95 it is a blink);
* ``p`` straight edges, ``s`` a smooth closed curve, ``e`` an ellipse (x y wide tall turn), ``r`` a
  ribbon (x y half width, …).

What stands or floats has its foot or waterline at y = 0 and reaches up to about -100; what flies or
swims is about 100 long around (0, 0). All face right.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from worker.engines.preview.canvas import LIGHT
from worker.engines.preview.palette import Colour, Mood, lit, mix, rgb, toned

_Points = NDArray[np.floating[Any]]
_NAMES: Final = {"ink": "2a2126", "cream": "fbf3e6", "white": "ffffff", "frost": "f2f7ff"}
_DARK: Final = frozenset({"night", "storm", "sunset", "grey"})
_RIM: Final = {"sunset": 0.7, "night": 0.4, "dawn": 0.5, "day": 0.3, "storm": 0.25, "grey": 0.2}


@dataclass(frozen=True, slots=True)
class Figure:
    """How a thing is shown: its coats, the length of its unit in stage units, its shapes, what
    carries it (ground, water, air, deep), whether it must not be mirrored, and how far and at what
    pace its body winds."""

    coats: str
    size: float
    shapes: str
    element: str = "ground"
    upright: bool = False
    bend: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pose:
    """A moment of a figure: pixels of the screen, ``size`` to its unit, ``lean`` in radians."""

    x: float
    y: float
    size: float
    seconds: float = 0.0
    lean: float = 0.0
    faces_left: bool = False
    phase: float = 0.0


@dataclass(frozen=True, slots=True)
class Dress:
    """What a figure looks like here. ``haze`` is how much distance takes away, ``shine`` how much
    it shines as a whole, ``lit_from`` the side of the light: -1 left, 1 right."""

    coat: Colour
    mood: Mood
    frosted: bool = False
    haze: float = 0.0
    shine: float = 0.0
    opacity: float = 1.0
    lit_from: float = -1.0


Patch = tuple[Image.Image, Image.Image, tuple[int, int]]
"""A drawn figure: its picture, where it covers, its upper left corner in pixels."""


@dataclass(frozen=True, slots=True)
class _Shape:
    colours: tuple[str, str]
    marks: frozenset[str]
    glow: float
    opacity: float
    soft: float
    move: tuple[str, float, float, float, float] | None
    outline: _Points


@cache
def _read(shapes: str) -> tuple[_Shape, ...]:
    return tuple(shape for text in shapes.split(";") for shape in _with_copies(text))


def _with_copies(text: str) -> list[_Shape]:
    colour, *words = text.split()
    kind = next(i for i, word in enumerate(words) if word in set("pser"))
    top, _, bottom = colour.partition("/")
    given = {word[0]: word[1:].split(",") for word in words[:kind]}
    glow, opacity, soft = (float(given[m][0]) / 100 if m in given else m == "%" for m in "*%~")
    move, turn = None, None
    if "@" in given:
        way, (x, y, amount, pace) = given["@"][0], (float(word) for word in given["@"][1:])
        move = way, x / 100, y / 100, amount, pace
        turn = way, -x / 100, y / 100, -amount if way == "r" else amount, pace
    outline = _outline(words[kind], [float(word) / 100 for word in words[kind + 1 :]])
    copies = [(outline, move)]
    if "|" in given:
        copies.append((outline * (-1, 1), turn))
    if "x" in given:
        count, x, y = (float(word) for word in given["x"])
        angles = np.arange(count) * 2 * math.pi / count
        copies = [(_turned(outline, angle, (x / 100, y / 100)), move) for angle in angles]
    facts = (top, bottom or top), frozenset(given), glow, opacity, soft
    return [_Shape(*facts, way, points) for points, way in copies]


def _outline(kind: str, numbers: list[float]) -> _Points:
    if kind == "e":
        x, y, wide, tall, *turn = numbers
        at = np.linspace(0, 2 * math.pi, 36, endpoint=False)
        ring = np.stack([x + wide * np.cos(at), y + tall * np.sin(at)], axis=1)
        return _turned(ring, math.radians(sum(turn) * 100), (x, y))
    if kind == "r":
        return _ribbon(np.array(numbers).reshape(-1, 3))
    points = np.array(numbers).reshape(-1, 2)
    return points if kind == "p" else _smooth(np.concatenate([points[-1:], points, points[:2]]))


def _smooth(knots: _Points, finely: int = 7) -> _Points:
    """A curve through all knots but the first and the last (Catmull and Rom's)."""
    a, b, c, d = (knots[i : len(knots) - 3 + i, None] for i in range(4))
    t = (np.arange(finely) / finely)[None, :, None]
    bent = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(bent.reshape(-1, knots.shape[1]))


def _ribbon(line: _Points) -> _Points:
    """A band around a line of (x, y, half width)."""
    ends = 2 * line[:1] - line[1:2], 2 * line[-1:] - line[-2:-1]
    curve = np.concatenate([_smooth(np.concatenate([ends[0], line, ends[1]])), line[-1:]])
    along = np.gradient(curve[:, :2], axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across *= curve[:, 2:] / np.maximum(np.hypot(*across.T), 1e-9)[:, None]
    return np.concatenate([curve[:, :2] + across, (curve[:, :2] - across)[::-1]])


def _turned(points: _Points, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> _Points:
    """Points turned clockwise on the screen by an angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray((points - about) @ np.array([[cos, sin], [-sin, cos]]) + about)


def _placed(figure: Figure, shape: _Shape, pose: Pose) -> _Points:
    """The outline at this moment, in pixels of the screen."""
    points, beat = shape.outline, 6 * pose.phase
    if shape.move is not None:
        way, x, y, amount, pace = shape.move
        swing = math.sin(pace * pose.seconds + beat)
        blink = -max(0.0, 20 * swing - 19)
        factor = 1 + amount / 100 * (blink if amount >= 95 else swing / 2 - (amount > 50) / 2)
        if way == "r":
            points = _turned(points, math.radians(amount * swing), (x, y))
        else:
            points = (points - (x, y)) * ((factor, 1) if way == "h" else (1, factor)) + (x, y)
    strength, pace = figure.bend
    if strength:
        # what is upright sways at its top, what swims bends behind its head
        along, loose = points[:, 1], -points[:, 1]
        if not figure.upright:
            along, loose = points[:, 0], 0.35 - points[:, 0]
        swings = strength * np.sin(pace * pose.seconds + beat + 4 * along) * np.clip(loose, 0, None)
        points = points + swings[:, None] * ((1, 0) if figure.upright else (0, 1))
    points = _turned(points, pose.lean) * ((-1, 1) if pose.faces_left else (1, 1))
    return np.asarray(points * pose.size + (pose.x, pose.y))


def draw(figure: Figure, pose: Pose, dress: Dress) -> Patch:
    """The figure as a patch."""
    shapes = [
        (shape, _placed(figure, shape, pose))
        for shape in _read(figure.shapes)
        if "+" not in shape.marks and (dress.frosted or shape.colours[0] != "frost")
    ]
    corners = np.concatenate([outline for _, outline in shapes])
    left, top = (math.floor(low) - 6 for low in corners.min(0))
    wide, tall = (math.ceil(span) + 12 for span in np.ptp(corners, axis=0))
    fine = 3 if max(wide, tall) < 180 else 2
    picture = Image.new("RGB", (wide * fine, tall * fine), lit(dress.coat, dress.mood.ambient))
    cover = Image.new("L", picture.size)
    for shape, outline in shapes:
        upper, lower = (_colour(name, dress, shape.glow) for name in shape.colours)
        soft = shape.soft * pose.size * fine
        strength, spill = round(255 * shape.opacity), math.ceil(2 * soft) + 1
        corner, mask = _mask((outline - (left, top)) * fine, strength, spill)
        mask = mask.filter(ImageFilter.BoxBlur(soft * 0.8)) if soft >= 1 else mask
        ramp = np.linspace(upper, lower, mask.height)[:, None].round().astype(np.uint8)
        tones = upper if upper == lower else Image.fromarray(ramp).resize(mask.size)
        where = (*corner, corner[0] + mask.width, corner[1] + mask.height)
        picture.paste(tones, where, mask)
        if "^" not in shape.marks:
            cover.paste(255, where, mask)
    small = picture.reduce(fine), cover.reduce(fine), (left, top)
    return _in_light(small, dress, pose.size)


def shine(figure: Figure, pose: Pose, dress: Dress, light: Image.Image) -> None:
    """Let the light of what shines of a figure spill over the frame."""
    dark = dress.mood.light not in {"day", "dawn"}
    for shape in _read(figure.shapes):
        glow = shape.glow * (1.0 if dark or "+" not in shape.marks else 0.5)
        if shape.colours[0] == "lamp" and dress.mood.light in _DARK:
            glow = 0.5
        glow = max(glow, dress.shine * 0.6) * (1 - dress.haze)
        if glow > 0.05:
            outline = _placed(figure, shape, pose) / LIGHT
            corner, mask = _mask(outline, min(255, round(190 * glow)), 1)
            light.paste(_colour(shape.colours[0], dress, 1.0), corner, mask)


def _mask(outline: _Points, strength: int, spill: int) -> tuple[tuple[int, int], Image.Image]:
    """An outline filled, with room around it, and where its upper left corner is."""
    left, top = (math.floor(low) - spill for low in outline.min(0))
    wide, tall = (max(1, math.ceil(span) + 2 * spill) for span in np.ptp(outline, axis=0))
    mask = Image.new("L", (wide, tall))
    ImageDraw.Draw(mask).polygon((outline - (left, top)).ravel().tolist(), fill=strength)
    return (left, top), mask


def _colour(name: str, dress: Dress, glow: float) -> Colour:
    """The colour of a shape in this light; what shines keeps its own."""
    mood = dress.mood
    if name == "lamp":
        return rgb("ffd98a" if mood.light in _DARK else "6a7890")
    if name[0] == "c" and (name[1:] or "0").isdigit() and len(name) < 5:
        colour = toned(dress.coat, float(name[1:] or 100) / 100)
    else:
        colour = rgb(_NAMES.get(name, name))
    return mix(lit(colour, mood.ambient), colour, min(1.0, 1.6 * glow + dress.shine))


def _in_light(patch: Patch, dress: Dress, size: float) -> Patch:
    """Light on the near edge, shade on the far one, the air between."""
    (picture, cover, corner), mood = patch, dress.mood
    if not dress.shine:
        reach = max(1, round(size * 0.02))
        side = round(dress.lit_from * reach)
        blurred = cover.filter(ImageFilter.BoxBlur(size * 0.06))
        shade = ImageChops.subtract(cover, ImageChops.offset(blurred, side * 3, -3 * reach))
        picture.paste(lit(rgb("1a1830"), mood.ambient), None, shade.point(lambda v: v * 0.3))
        rim = ImageChops.subtract(cover, ImageChops.offset(cover, -side, reach))
        picture.paste(mood.glow, None, rim.point(lambda v: v * _RIM[mood.light]))
    if dress.haze:
        picture.paste(mood.haze, None, Image.new("L", picture.size, round(255 * dress.haze)))
    return picture, cover.point(lambda v: v * dress.opacity), corner
