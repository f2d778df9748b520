"""A subject in a scene: drawn anew in every frame, lit from the side of the sun, with its shadow or
mirror image."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from worker.engines.preview.camera import View
from worker.engines.preview.colour import Colour
from worker.engines.preview.drawing.noise import Plane
from worker.engines.preview.figures.catalogue import Subject
from worker.engines.preview.figures.curves import ellipse
from worker.engines.preview.figures.easel import Patch, Placement, draw
from worker.engines.preview.figures.matter import Changed
from worker.engines.preview.figures.shapes import Pose, Shape
from worker.engines.preview.movement import Movement, Offset
from worker.engines.preview.stage import Shot, Stage
from worker.engines.preview.words.concepts import Light, Matter, Place

_DARK: Final = frozenset({Light.NIGHT, Light.STORM, Light.SUNSET, Light.GREY})
_RIM: Final = {
    Light.SUNSET: 0.85,
    Light.NIGHT: 0.42,
    Light.DAWN: 0.6,
    Light.DAY: 0.4,
    Light.STORM: 0.28,
    Light.GREY: 0.2,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One figure's place on the stage: pixels of the world, ``size`` pixels to the figure's
    unit."""

    x: float
    y: float
    size: float
    depth: float
    movement: Movement
    faces_left: bool = False
    phase: float = 0.0
    variant: int = 0
    tint: str | None = None
    haze: float = 0.0
    """How much distance takes away, 0…1."""
    rim: float = 1.0
    """How much the light catches its edge."""
    afloat: bool = False
    """Whether nothing of it is seen below its waterline."""


class Figure:
    """One subject as a layer."""

    def __init__(
        self,
        stage: Stage,
        subject: Subject,
        part: Part,
        *,
        sun_x: float,
        shadow: bool = False,
        mirror: float = 0.0,
    ) -> None:
        self._stage = stage
        self._subject = subject
        self._part = part
        self._from_right = stage.x(sun_x) > part.x
        self._shadow = shadow
        self._mirror = mirror
        self._dark = stage.mood.light in _DARK
        matter = stage.reading.matter
        self._changed = (
            Changed(matter, stage.luck.of("matter"))
            if matter is not None and _changes(stage, matter)
            else None
        )

    def paint(self, shot: Shot) -> None:
        part, view = self._part, shot.view(self._part.depth)
        offset = part.movement(shot.seconds, shot.progress)
        shapes = self._subject.drawing(
            Pose(shot.seconds, part.phase, part.tint, self._dark, part.variant)
        )
        placement = self._placement(view, offset)
        if self._mirror:
            self._paint_mirrored(
                shot, shapes, replace(placement, lean=-placement.lean, flipped=-0.92)
            )
        if self._shadow:
            self._paint_shadow(shot, placement)
        patch = draw(
            shapes, placement, self._stage.mood, (shot.width, shot.height), room=self._room
        )
        if patch is not None:
            self._light(patch, placement.size, shot.seconds)
            if part.afloat:
                _cut_below(patch, placement.y + 0.03 * placement.size)
            patch.onto(shot.canvas)

    @property
    def _room(self) -> float:
        return 0.02 if self._changed is None else self._changed.room

    def _placement(self, view: View, offset: Offset) -> Placement:
        part = self._part
        x, y = view.screen(part.x + offset.x, part.y + offset.y)
        faces_left = part.faces_left and not self._subject.upright
        return Placement(
            x, y, part.size * view.scale, -offset.lean if faces_left else offset.lean, faces_left
        )

    def _light(self, patch: Patch, size: float, seconds: float) -> None:
        if self._changed is not None:
            self._changed.apply(patch, size, seconds)
            if self._changed.room:
                return
        mood = self._stage.mood
        _rim(
            patch,
            size,
            mood.glow * np.float32(_RIM[mood.light] * self._part.rim),
            from_right=self._from_right,
        )
        if self._part.haze:
            fade = np.float32(self._part.haze)
            patch.picture += (mood.haze[:, None, None] * patch.cover - patch.picture) * fade

    def _paint_shadow(self, shot: Shot, placement: Placement) -> None:
        away = -0.12 if self._from_right else 0.12
        outline = ellipse(away * (-1 if placement.faces_left else 1), 0.01, 0.42, 0.05)
        dark = Shape(outline, "#14121f", "#14121f", opacity=0.42, soft=0.035)
        patch = draw([dark], placement, self._stage.mood, (shot.width, shot.height))
        if patch is not None:
            patch.onto(shot.canvas)

    def _paint_mirrored(self, shot: Shot, shapes: list[Shape], placement: Placement) -> None:
        patch = draw(shapes, placement, self._stage.mood, (shot.width, shot.height))
        if patch is None:
            return
        rows = np.arange(patch.cover.shape[0], dtype=np.float32)
        fade = np.clip(
            1 - (rows + patch.top - placement.y) / np.float32(placement.size * 1.1), 0, 1
        )[:, None]
        fade *= (rows[:, None] + patch.top > placement.y) * np.float32(self._mirror)
        ripple = np.round(
            placement.size * 0.012 * np.sin(rows / placement.size * 70 + 4 * shot.seconds)
        ).astype(int)
        for index, shift in enumerate(ripple.tolist()):
            patch.picture[:, index] = np.roll(patch.picture[:, index], shift, 1)
            patch.cover[index] = np.roll(patch.cover[index], shift)
        patch.picture *= fade
        patch.cover *= fade
        patch.onto(shot.canvas)


def _cut_below(patch: Patch, level: float) -> None:
    """Take away what is under water."""
    rows = np.arange(patch.cover.shape[0], dtype=np.float32) + np.float32(patch.top + 0.5)
    kept = np.clip(np.float32(level) - rows + 0.5, 0, 1)[:, None]
    patch.picture *= kept
    patch.cover *= kept


def _changes(stage: Stage, matter: Matter) -> bool:
    """Whether the matter is the subject's own; in a neon city it is the city's."""
    return not (matter is Matter.NEON and stage.reading.place is Place.CITY)


def _rim(patch: Patch, size: float, glow: Colour, *, from_right: bool) -> None:
    """Brighten the edge on the light's side, softly."""
    edge = np.zeros_like(patch.cover)
    for width, share in ((0.004, 0.5), (0.012, 0.3), (0.03, 0.2)):
        reach = max(1, round(size * width))
        edge += np.float32(share) * _uncovered(patch.cover, -reach if from_right else reach, reach)
    for channel, light in zip(patch.picture, glow, strict=True):
        channel[:] += edge * light


def _uncovered(cover: Plane, across: int, down: int) -> Plane:
    """Where there is cover here but none so many pixels towards the light."""
    behind = np.zeros_like(cover)
    rows, columns = cover.shape
    if abs(across) >= columns or down >= rows:
        return behind
    to, of = (
        (slice(across, None), slice(None, -across))
        if across > 0
        else (slice(None, across), slice(-across, None))
    )
    behind[down:, to] = cover[: rows - down, of]
    return np.clip(cover - behind, 0, 1) * cover
