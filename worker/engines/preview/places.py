"""One composition for every place: sky, ridges, floor, what stands about, the subjects, what is in
front, the weather."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import ImageOps

from worker.engines.preview.backdrop import Ridge, fog, ridge, sky
from worker.engines.preview.canvas import Area, Frame, Layer, Sheet, Stage
from worker.engines.preview.figures import Dress, Figure, Pose, draw, shine
from worker.engines.preview.moving import ROWS, Mirror, Waves, abstract, weather
from worker.engines.preview.palette import rgb
from worker.engines.preview.subjects import SCENERY, SUBJECTS


@dataclass(frozen=True, slots=True)
class Decor:
    """What stands about: how many, how high (stage units), where (parts of the frame), how far."""

    figure: str
    count: int
    size: float
    foot: float
    distance: float
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What a place is composed of, and where its subjects are."""

    horizon: float
    ridges: tuple[Ridge, ...] = ()
    decor: tuple[Decor, ...] = ()
    front: tuple[Decor, ...] = ()
    floor: str = "ground"
    ground: float = 0.88
    air: float = 0.38
    lights: tuple[str, ...] = ("day", "sunset", "dawn")


PLACES: Final = {
    "sea": Place(0.52, floor="waves", ground=0.76, air=0.34),
    "lake": Place(0.56, (Ridge("peaks", 0.56, 0.36, 1.1, "6f7f96", "4a5a6e", 0.6),
        Ridge("pines", 0.565, 0.1, 0.7, "2f4a3c", "20382f", 0.35)), floor="mirror", ground=0.76),
    "underwater": Place(1.0, (Ridge("hills", 0.86, 0.3, 1.4, "2a6a78", "174a5c", 0.7),
        Ridge("hills", 0.95, 0.22, 1.8, "2f7a80", "12404e", 0.4),
        Ridge("dunes", 1.0, 0.12, 1.1, "e8d8a8", "8a7a5c", 0.1)),
        (Decor("coral", 8, 0.24, 0.98, 0.1),), (Decor("kelp", 6, 0.5, 1.06, 0.0),), air=0.46),
    "forest": Place(0.66, (Ridge("hills", 0.66, 0.2, 1.0, "6f8f80", "5a7a6e", 0.8),
        Ridge("pines", 0.72, 0.3, 0.45, "4a6f5c", "3a5a4c", 0.6),
        Ridge("hills", 0.8, 0.06, 0.8, "5a7a4a", "34502f", 0.1)),
        (Decor("pine", 6, 0.36, 0.75, 0.45), Decor("pine", 4, 0.56, 0.82, 0.2)),
        (Decor("pine", 1, 1.15, 1.14, 0.0, -0.04), Decor("pine", 1, 1.0, 1.12, 0.0, 1.02))),
    "meadow": Place(0.62, (Ridge("hills", 0.64, 0.22, 0.9, "7fa08a", "6a8c7a", 0.75),
        Ridge("hills", 0.7, 0.14, 0.9, "7fae5c", "5a8a4a", 0.45),
        Ridge("hills", 0.8, 0.08, 0.6, "86b85a", "48803c", 0.1)),
        (Decor("tree", 4, 0.16, 0.7, 0.5),), (Decor("flower", 16, 0.13, 1.0, 0.05),)),
    "mountains": Place(0.7, (Ridge("peaks", 0.7, 0.52, 0.9, "7d8494", "5a6478", 0.55),
        Ridge("peaks", 0.76, 0.26, 1.6, "6a7a78", "4a5c5c", 0.35),
        Ridge("hills", 0.86, 0.1, 0.7, "6f9a5a", "3f6a40", 0.08)),
        (Decor("pine", 9, 0.15, 0.84, 0.2),)),
    "desert": Place(0.6, (Ridge("peaks", 0.62, 0.13, 1.6, "b98a6a", "a87a62", 0.8),
        Ridge("dunes", 0.72, 0.18, 1.0, "e8b878", "c08a52", 0.4),
        Ridge("dunes", 0.92, 0.24, 0.6, "f0c080", "b87f48", 0.08))),
    "city": Place(0.68, (Ridge("towers", 0.7, 0.56, 7, "5a6078", "3c425a", 0.6),
        Ridge("towers", 0.7, 0.42, 5, "3c4056", "242838", 0.35),
        Ridge("towers", 0.7, 0.26, 4, "262938", "12141f", 0.1)),
        front=(Decor("lamp", 1, 0.66, 0.99, 0.0, 0.03), Decor("lamp", 1, 0.5, 0.86, 0.2, 0.8)),
        floor="street", ground=0.93, lights=("night", "sunset")),
    "space": Place(1.0, ground=0.56, air=0.52, lights=("night",)),
    "volcano": Place(0.72, (Ridge("peaks", 0.72, 0.2, 1.4, "4a2624", "2a1418", 0.5),
        Ridge("cone", 0.8, 0.5, 1.6, "3a2422", "160c12", 0.2),
        Ridge("lava", 0.9, 0.1, 1.2, "2a1a1c", "0c060a", 0.0)), lights=("night",)),
    "room": Place(1.0, (Ridge("hills", 0.8, 0.0, 1.0, "9a6a42", "5e3a24", 0.0),),
        (Decor("window", 1, 0.46, 0.62, 0.3, 0.26), Decor("desk lamp", 1, 0.44, 0.83, 0.05, 0.86)),
        lights=("day", "sunset", "night")),
    "sky": Place(1.1, ground=0.7),
    "abstract": Place(1.0, ground=0.6, air=0.5),
}  # fmt: skip
"""Every place by its name in the vocabulary."""

_SHORE: Final = Ridge("dunes", 0.76, 0.05, 0.8, "e8cf9a", "b08a5c", 0.05)
_CROWD: Final = ((0, 0, 1), (-0.34, -0.13, 0.62), (0.33, -0.07, 0.72), (0.42, -0.2, 0.46),
    (-0.4, 0.1, 0.54))  # fmt: skip
"""Where several of a kind are about their place, in stage units, and how large."""
_BUILT: Final = frozenset({"tree", "house", "castle", "lighthouse"})  # stand behind others
_MATTERS: Final = {"fire": ("ff7a1a", 0.85, 1.0), "neon": ("27e0ff", 0.8, 1.0),
    "paper": ("f4efe4", 0.0, 1.0), "gold": ("e8b545", 0.15, 1.0), "ice": ("bfd6e6", 0.1, 0.85),
    "ghost": ("a8b8dc", 0.4, 0.7)}  # fmt: skip
"""What a subject is made of: its colour, how it shines, its opacity."""
_SEASONS: Final = {"petals": "f2a3bf", "leaves": "d9782a", "snow": "d5e2ee"}  # of trees
_SHADOW: Final = Figure("14121f", 1, "14121f %42 ~4 e 0 1 44 5")


def layers_of(stage: Stage) -> list[Layer]:
    """The whole picture from back to front."""
    place, foggy = PLACES[stage.reading.place], stage.shows("fog")
    waves = [Waves(stage, row) for row in range(ROWS)] if place.floor == "waves" else []
    layers = [abstract(stage)] if stage.reading.place == "abstract" else sky(stage)
    layers += [ridge(stage, shape, f"{shape}") for shape in place.ridges]
    if place.floor in {"mirror", "street"}:
        layers.append(Mirror(stage, 0.75 if place.floor == "mirror" else 0.55))
    middle, carried = ROWS // 2 + 1, {SUBJECTS[name].element for name, _ in stage.reading.things}
    if waves and "ground" in carried:
        layers += [*waves, ridge(stage, _SHORE, "shore")]
        waves = []
    layers += [*waves[:middle], *(layer for decor in place.decor for layer in _decor(stage, decor))]
    layers += [fog(stage, place.horizon - 0.15, 1.0, 0.5, 0.6)] * foggy
    layers += [*_cast(stage, place, waves[middle - 1] if waves else None), *waves[middle:]]
    layers += [layer for decor in place.front for layer in _decor(stage, decor)]
    layers += [fog(stage, 0.55, 1.1, 0.45, 1.1)] * foggy
    return [*layers, *weather(stage)]


@dataclass(frozen=True, slots=True)
class _Actor:
    """A figure that moves as its element carries it; ``at`` and ``size`` in pixels of the world."""

    stage: Stage
    figure: Figure
    dress: Dress
    at: tuple[float, float]
    size: float
    depth: float
    phase: float
    movement: str = "stand"
    faces_left: bool = False
    waves: Waves | None = None
    floor: str = ""

    def paint(self, frame: Frame) -> None:
        across, down, lean = self._offset(frame.seconds, frame.progress)
        view, way = frame.view(self.depth), -1 if self.faces_left else 1
        x, y = view.screen(self.at[0] + across, self.at[1] + down)
        size = self.size * view.scale
        pose = Pose(x, y, size, frame.seconds, way * lean, self.faces_left, self.phase)
        if self.floor in {"ground", "street", "waves"}:
            spot = Pose(x - self.dress.lit_from * size * 0.1, y, size)
            picture, cover, corner = draw(_SHADOW, spot, Dress((20, 18, 31), self.stage.mood))
            frame.picture.paste(picture, corner, cover)
        picture, cover, (left, top) = draw(self.figure, pose, self.dress)
        if self.floor == "mirror":
            below = left, round(2 * y - top - picture.height)
            faint = ImageOps.flip(cover).point(lambda v: v * 0.3)
            frame.picture.paste(ImageOps.flip(picture), below, faint)
        frame.lay(picture, cover, (left, top))
        shine(self.figure, pose, self.dress, frame.light)

    def _offset(self, seconds: float, progress: float) -> tuple[float, float, float]:
        """How far it is from its place, in pixels, and how it leans."""
        unit, way, along = self.stage.unit, -1.0 if self.faces_left else 1.0, progress - 0.5
        if self.waves is not None and self.movement == "ride":
            x, gap = self.at[0], 0.12 * unit
            crest = self.waves.crest(np.array([x - gap, x, x + gap]), seconds).tolist()
            tip = 0.7 * math.atan2(crest[2] - crest[0], 2 * gap)
            return 0.0, sum(crest) / 3 + 0.03 * unit - self.at[1], tip
        wave, lean = 1.6 * seconds + 6.28 * self.phase, 0.5 * (self.phase - 0.5)
        up = 0.34 * (0.45 * progress + 0.55 * progress**2 - 0.4)
        across, down, lean = {
            "climb": (math.sin(lean) * up, -math.cos(lean) * up, lean),
            "drive": (0.32 * way * along, 0.0, 0.0),
            "glide": (0.2 * way * along, 0.025 * math.sin(wave), 0.07 * math.cos(wave)),
            "hover": (0.008 * math.sin(0.7 * wave), 0.016 * math.sin(wave), 0.03 * math.sin(wave)),
        }.get(self.movement, (0.0, 0.0, 0.0))
        return across * unit, down * unit, lean


def _decor(stage: Stage, decor: Decor) -> Iterator[Layer]:
    """What stands about: drawn once, unless it moves or shines."""
    chances, figure = stage.luck(f"{decor}"), SCENERY[decor.figure]
    count = max(1, round(decor.count * stage.width / stage.unit)) if decor.at is None else 1
    for index in range(count):
        spread, grown, lower, phase = chances.random(4).tolist()
        x, size = decor.at, decor.size * stage.unit
        if x is None:
            x, size = (index + spread) / count * 1.3 - 0.15, size * (0.75 + 0.4 * grown)
        x, foot = x * stage.width, stage.height * (decor.foot + 0.04 * (lower - 0.5))
        dress = _dress(stage, decor.figure, int(12 * phase), x, haze=decor.distance * 0.6)
        depth = round(1.05 - 0.8 * decor.distance, 2)
        if figure.bend[0] or "*" in figure.shapes:
            yield _Actor(stage, figure, dress, (x, foot), size, depth, phase)
            continue
        picture, cover, (left, top) = draw(figure, Pose(x, foot, size, phase=phase), dress)
        area = Area(left, top, left + picture.width, top + picture.height)
        yield Sheet(area, picture, cover, depth=depth)


def _cast(stage: Stage, place: Place, waves: Waves | None) -> Iterator[Layer]:
    """Every subject, from back to front."""
    things = sorted(stage.reading.things, key=lambda thing: thing[0] not in _BUILT)
    main = next((name for name, _ in things if name not in _BUILT), [*things, ("", 0)][0][0])
    weightless = stage.reading.place in {"space", "sky", "abstract"}
    sides = iter((-0.3, 0.3))
    for name, count in things:
        figure, behind = SUBJECTS[name], name in _BUILT and name != main
        aside = 0.0 if name == main else next(sides)
        part = 1.0 if len(things) == 1 else 0.85 if name == main or behind else 0.7
        floating = weightless or figure.element in {"air", "deep"}
        level = place.air if floating else place.ground - 0.12 * behind
        if floating and figure.element in {"ground", "water"}:
            level += 0.5 * figure.size * stage.unit / stage.height
        movement = "hover" if floating or figure.element == "water" else "stand"
        if name in {"rocket", "car"}:
            movement = "climb" if name == "rocket" else "drive"
        elif waves is not None and figure.element == "water":
            movement = "ride"
        elif floating and not (weightless or figure.upright):
            movement = "glide"
        for index, (across, down, scale) in reversed(list(enumerate(_CROWD[:count]))):
            left, phase, variant = stage.luck(f"{name} {index}").random(3).tolist()
            x = stage.width / 2 + (aside + across) * stage.unit
            y = (level + down * (1.0 if floating else 0.5)) * stage.height
            dress = _dress(stage, name, int(12 * variant) + index, x, main=name == main)
            size, depth = figure.size * scale * part * stage.unit, 0.45 + 0.55 * scale * part
            floor = "" if floating or (waves and figure.element == "water") else place.floor
            left = left < 0.5 and not figure.upright
            yield _Actor(
                stage, figure, dress, (x, y), size, depth, phase, movement, left, waves, floor
            )


def _dress(
    stage: Stage, name: str, variant: int, x: float, *, main: bool = False, haze: float = 0.0
) -> Dress:
    """What a figure looks like: as the prompt says, if it is the main one."""
    reading, coats = stage.reading, (SUBJECTS.get(name) or SCENERY[name]).coats.split()
    coat, shine, opacity = coats[variant % len(coats)], 0.0, 1.0
    if name == "tree":
        coat = next((tone for season, tone in _SEASONS.items() if stage.shows(season)), coat)
    if main and reading.matter and (reading.matter, reading.place) != ("neon", "city"):
        coat, shine, opacity = _MATTERS[reading.matter]
    # a fox is called red for the colour that it has anyway
    if main and reading.hue is not None and (name, reading.hue) != ("fox", "c8352b"):
        coat = reading.hue
    lit_from = 1.0 if stage.sun[0] * stage.width > x else -1.0
    return Dress(rgb(coat), stage.mood, stage.shows("snow"), haze, shine, opacity, lit_from)
