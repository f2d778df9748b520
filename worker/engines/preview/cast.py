"""Putting the subjects on stage: who stands where, how large, facing which way, and moving how."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from worker.engines.preview.concepts import Matter, Place, Thing, Weather
from worker.engines.preview.figure import Figure, Part
from worker.engines.preview.figures.catalogue import SUBJECTS, Element, Subject
from worker.engines.preview.mood import is_natural
from worker.engines.preview.movement import Movement, climbing, gliding, hovering, leaping, riding, standing
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.sky import sun_place
from worker.engines.preview.stage import Layer, Stage

_BACKDROPS: Final = frozenset({Thing.SOFA, Thing.HOUSE, Thing.CASTLE, Thing.LIGHTHOUSE, Thing.TREE})
"""Subjects that stand behind the others."""
_CROWD: Final = ((0.0, 0.0, 1.0), (-0.34, -0.16, 0.62), (0.33, 0.1, 0.72), (0.42, -0.26, 0.46), (-0.4, 0.16, 0.54))
"""Where several of a kind are about their place, in stage units, and how large; the nearest first."""
_SEASONS: Final = {Weather.PETALS: "#f2a3bf", Weather.LEAVES: "#d9782a", Weather.SNOW: "#d5e2ee"}
"""What colour trees are when something falls from them."""
_SEAT: Final = 0.36
"""The height of a sofa's seat in its own units."""


@dataclass(frozen=True, slots=True)
class _Role:
    """One figure before it is placed: ``x`` and ``y`` are its place in the frame as fractions."""

    thing: Thing
    x: float
    y: float
    scale: float
    index: int

    @property
    def subject(self) -> Subject:
        return SUBJECTS[self.thing]


def cast(stage: Stage, scenery: Scenery) -> list[Layer]:
    """Every subject as a layer, from back to front."""
    roles = sorted(_roles(stage, scenery), key=lambda role: (role.thing not in _BACKDROPS, role.scale))
    return [_figure(stage, scenery, role) for role in roles]


def _roles(stage: Stage, scenery: Scenery) -> Iterator[_Role]:
    things = stage.reading.things
    main = next((thing for thing, _ in things if thing not in _BACKDROPS), None)
    side = 1.0 if sun_place(stage, scenery.horizon)[0] < 0.5 else -1.0
    for place, (thing, count) in enumerate(things):
        x, y = _spot(stage, scenery, thing, place if thing is not main else 0, side)
        if main is None and place == 0:
            x = 0.5 + side * 0.06
        shrink = 1.0 if len(things) == 1 else 0.86 if thing is main or thing in _BACKDROPS else 0.72
        for index, (across, down, scale) in enumerate(_CROWD[:count]):
            wide = across * stage.unit / stage.width
            low = 0.35 if SUBJECTS[thing].element in {Element.GROUND, Element.WATER} else 1.0
            yield _Role(thing, x + wide, y + down * low * stage.unit / stage.height, scale * shrink, index)


def _spot(stage: Stage, scenery: Scenery, thing: Thing, place: int, side: float) -> tuple[float, float]:
    """The middle of a subject's place in the frame."""
    element = SUBJECTS[thing].element
    reach = stage.unit / stage.width
    alone = len(stage.reading.things) == 1
    x = 0.5 + side * reach * (0.05 if alone else (0.12, -0.28, 0.36)[place])
    if thing is Thing.SOFA:
        return 0.5, scenery.ground
    if thing in _BACKDROPS and not alone:
        return 0.5 - side * reach * 0.22, scenery.ground - 0.03 * stage.unit / stage.height
    if thing is not Thing.SOFA and _on_sofa(stage, thing):
        return 0.5 + side * reach * 0.1, scenery.ground - _SEAT * SUBJECTS[
            Thing.SOFA
        ].size * 0.86 * stage.unit / stage.height
    if element is Element.DEEP and scenery.wave is not None:
        return x, scenery.ground + 0.04
    if scenery.weightless and element in {Element.GROUND, Element.WATER}:
        return x, scenery.air + 0.06 * place + 0.45 * SUBJECTS[thing].size * stage.unit / stage.height
    if scenery.weightless or element in {Element.AIR, Element.DEEP}:
        return x, scenery.air + 0.06 * place
    return x, scenery.ground


def _on_sofa(stage: Stage, thing: Thing) -> bool:
    named = [other for other, _ in stage.reading.things]
    return Thing.SOFA in named and SUBJECTS[thing].element is Element.GROUND and thing not in _BACKDROPS


def _figure(stage: Stage, scenery: Scenery, role: _Role) -> Layer:
    luck = stage.luck.of(f"{role.thing} {role.index}")
    phase, variant, left = float(luck.random()), int(luck.integers(12)) + role.index, bool(luck.integers(2))
    size = role.subject.size * role.scale * stage.unit * scenery.spread
    x, y = stage.x(role.x), stage.y(role.y)
    movement = _movement(stage, scenery, role, (x, y, phase), left=left)
    part = Part(x, y, size, _depth(role), movement, left, phase, variant, _tint(stage, role.thing), haze=0.28 * (1 - role.scale) ** 1.2,
                afloat=scenery.still and role.subject.element is Element.WATER)  # fmt: skip
    grounded = role.subject.element is Element.GROUND and not scenery.weightless and scenery.solid
    mirrored = grounded or (scenery.still and role.subject.element is Element.WATER)
    return Figure(
        stage, role.subject, part, sun_x=sun_place(stage, scenery.horizon)[0],
        shadow=grounded and not _on_sofa(stage, role.thing) and not scenery.mirror, mirror=scenery.mirror if mirrored else 0.0,
    )  # fmt: skip


def _depth(role: _Role) -> float:
    return round(min(1.0, 0.45 + 0.55 * role.scale), 2)


def _tint(stage: Stage, thing: Thing) -> str | None:
    hue, reading = stage.reading.hue, stage.reading
    if thing is Thing.TREE and hue is None:
        return next((colour for weather, colour in _SEASONS.items() if weather in reading.weather), None)
    if reading.matter is Matter.PAPER and hue is None and thing is not Thing.BOAT:
        return "#f4efe4"
    first = next((other for other, _ in reading.things if other not in _BACKDROPS), reading.things[0][0])
    if hue is None or thing is not first or is_natural(thing, hue):
        return None
    return hue.value


def _movement(
    stage: Stage, scenery: Scenery, role: _Role, place: tuple[float, float, float], *, left: bool
) -> Movement:
    x, y, phase = place
    unit, thing, element = stage.unit, role.thing, role.subject.element
    forward = -0.2 if left else 0.2
    if thing is Thing.ROCKET:
        lean = float(np.clip(stage.luck.between("lean", -0.35, 0.35), -0.35, 0.35))
        return climbing(unit, lean)
    if scenery.weightless:
        return hovering(unit, phase, lean=0.16)
    if element is Element.WATER and scenery.wave is not None:
        return riding(scenery.wave, x, unit, y)
    if element is Element.DEEP and stage.reading.place is not Place.UNDERWATER:
        return leaping(unit, forward * 1.6)
    if thing is Thing.CAR:
        return gliding(unit, phase, forward=forward * 1.6, reach=0.0, lean=0.0)
    if element in {Element.AIR, Element.DEEP} and not role.subject.upright:
        return gliding(unit, phase, forward=forward * role.scale, reach=0.025)
    if element is Element.AIR or element is Element.WATER:
        return hovering(unit, phase, reach=0.016 if math.isclose(role.scale, 1.0) else 0.012, lean=0.03)
    return standing
