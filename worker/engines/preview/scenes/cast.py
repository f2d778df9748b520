"""Putting the subjects on stage: how many of each, how large, facing which way, in which colour and
moving how."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from worker.engines.preview.figures.catalogue import SUBJECTS, Element, Subject
from worker.engines.preview.figures.figure import Figure, Part
from worker.engines.preview.mood import is_natural
from worker.engines.preview.movement import (
    Movement,
    climbing,
    gliding,
    hovering,
    leaping,
    riding,
    standing,
)
from worker.engines.preview.nature.sun import sun_place
from worker.engines.preview.scenes.scenery import Scenery
from worker.engines.preview.scenes.spots import BACKDROPS, Spots
from worker.engines.preview.stage import Layer, Stage
from worker.engines.preview.words.concepts import Matter, Thing, Weather

_CROWD: Final = (
    (0.0, 0.0, 1.0),
    (-0.34, -0.16, 0.62),
    (0.33, 0.1, 0.72),
    (0.42, -0.26, 0.46),
    (-0.4, 0.16, 0.54),
)
"""Where several of a kind are about their place, in stage units, and how large; the largest
first."""
_SEASONS: Final = {Weather.PETALS: "#f2a3bf", Weather.LEAVES: "#d9782a", Weather.SNOW: "#d5e2ee"}
"""What colour trees are when something falls from them."""
_PAPER: Final = "#f4efe4"
_PACE: Final = 0.2
"""How far a subject travels over a clip, in stage units."""


@dataclass(frozen=True, slots=True)
class _Role:
    """One figure before it is drawn; ``x`` and ``y`` are pixels of the world."""

    thing: Thing
    index: int
    x: float
    y: float
    scale: float
    phase: float
    variant: int
    faces_left: bool

    @property
    def subject(self) -> Subject:
        """What it is."""
        return SUBJECTS[self.thing]

    @property
    def forward(self) -> float:
        """-1 when it faces left, 1 when right."""
        return -1.0 if self.faces_left else 1.0


def cast(stage: Stage, scenery: Scenery) -> list[Layer]:
    """Every subject as a layer, from back to front."""
    spots = Spots(stage, scenery)
    roles = sorted(_roles(stage, spots), key=lambda role: (role.thing not in BACKDROPS, role.scale))
    return [_figure(stage, scenery, role, seated=spots.is_on_sofa(role.thing)) for role in roles]


def _roles(stage: Stage, spots: Spots) -> Iterator[_Role]:
    main = _main(stage)
    for place, (thing, count) in enumerate(stage.reading.things):
        x, y = spots.of(thing, 0 if thing is main else place)
        shrink = (
            1.0
            if len(stage.reading.things) == 1
            else 0.86
            if thing is main or thing in BACKDROPS
            else 0.72
        )
        spread = 0.35 if SUBJECTS[thing].element in {Element.GROUND, Element.WATER} else 1.0
        for index, (across, down, scale) in enumerate(_CROWD[:count]):
            at = stage.x(x + across * spots.across), stage.y(y + down * spread * spots.down)
            yield _role(stage, thing, index, at=at, scale=scale * shrink)


def _role(
    stage: Stage, thing: Thing, index: int, *, at: tuple[float, float], scale: float
) -> _Role:
    luck = stage.luck.of(f"{thing} {index}")
    phase, variant, left = (
        float(luck.random()),
        int(luck.integers(12)) + index,
        bool(luck.integers(2)),
    )
    return _Role(thing, index, *at, scale, phase, variant, left)


def _main(stage: Stage) -> Thing:
    """The subject that the clip is about: the first that is not merely a backdrop, if there is
    one."""
    things = [thing for thing, _ in stage.reading.things] or [Thing.PERSON]
    return next((thing for thing in things if thing not in BACKDROPS), things[0])


def _figure(stage: Stage, scenery: Scenery, role: _Role, *, seated: bool) -> Layer:
    on_ground = role.subject.element is Element.GROUND and scenery.solid and not scenery.weightless
    afloat = role.subject.element is Element.WATER and scenery.still
    part = Part(
        role.x,
        role.y,
        role.subject.size * role.scale * stage.unit * scenery.spread,
        depth=round(min(1.0, 0.45 + 0.55 * role.scale), 2),
        movement=_movement(stage, scenery, role),
        faces_left=role.faces_left,
        phase=role.phase,
        variant=role.variant,
        tint=_tint(stage, role.thing),
        haze=0.28 * (1 - role.scale) ** 1.2,
        afloat=afloat,
    )
    sun_x, _ = sun_place(stage, scenery.horizon)
    mirror = scenery.mirror if on_ground or afloat else 0.0
    shadow = on_ground and not seated and not mirror
    return Figure(stage, role.subject, part, sun_x=sun_x, shadow=shadow, mirror=mirror)


def _tint(stage: Stage, thing: Thing) -> str | None:
    """The colour that the prompt gives a subject; a colour word belongs to the main one."""
    reading = stage.reading
    if thing is _main(stage) and reading.hue is not None and not is_natural(thing, reading.hue):
        return reading.hue.value
    if thing is Thing.TREE:
        return next(
            (colour for weather, colour in _SEASONS.items() if weather in reading.weather), None
        )
    return _PAPER if reading.matter is Matter.PAPER else None


def _movement(stage: Stage, scenery: Scenery, role: _Role) -> Movement:
    if role.thing is Thing.ROCKET:
        return climbing(stage.unit, stage.luck.between("lean", -0.35, 0.35))
    if role.thing is Thing.CAR:
        return gliding(
            stage.unit, role.phase, forward=1.6 * _PACE * role.forward, reach=0.0, lean=0.0
        )
    if scenery.weightless:
        return hovering(stage.unit, role.phase, lean=0.16)
    return _movement_in(stage.unit, scenery, role)


def _movement_in(unit: float, scenery: Scenery, role: _Role) -> Movement:
    """How the element moves what is in it."""
    forward = _PACE * role.forward
    match role.subject.element:
        case Element.GROUND:
            return standing
        case Element.WATER if scenery.wave is not None:
            return riding(scenery.wave, role.x, unit, role.y)
        case Element.DEEP if scenery.wave is not None:
            return leaping(unit, 1.6 * forward)
        case Element.AIR | Element.DEEP if not role.subject.upright:
            return gliding(unit, role.phase, forward=forward * role.scale, reach=0.025)
        case _:
            return hovering(unit, role.phase, reach=0.015, lean=0.03)
