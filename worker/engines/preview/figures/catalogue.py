"""Every subject with its drawing, its size and the element it lives in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from worker.engines.preview.figures import (
    buildings,
    forest_animals,
    objects,
    people,
    plants,
    sea_animals,
    small_animals,
    vessels,
)
from worker.engines.preview.figures.shapes import Drawing
from worker.engines.preview.words.concepts import Thing


class Element(StrEnum):
    """What carries a subject: it decides where it is put and how it moves."""

    GROUND = "ground"
    WATER = "water"
    AIR = "air"
    DEEP = "deep"


@dataclass(frozen=True, slots=True)
class Subject:
    """How a thing is shown; ``size`` is the length of a figure's unit in stage units."""

    drawing: Drawing
    size: float
    element: Element = Element.GROUND
    upright: bool = False
    """Whether it must not be mirrored or lean."""


SUBJECTS: Final[dict[Thing, Subject]] = {
    Thing.FOX: Subject(forest_animals.fox, 0.42),
    Thing.DOG: Subject(forest_animals.dog, 0.42),
    Thing.DEER: Subject(forest_animals.deer, 0.4),
    Thing.HORSE: Subject(forest_animals.horse, 0.44),
    Thing.BEAR: Subject(forest_animals.bear, 0.46),
    Thing.RABBIT: Subject(forest_animals.rabbit, 0.4),
    Thing.CAT: Subject(small_animals.cat, 0.42),
    Thing.PENGUIN: Subject(small_animals.penguin, 0.42),
    Thing.OWL: Subject(small_animals.owl, 0.46, Element.AIR, upright=True),
    Thing.BIRD: Subject(small_animals.bird, 0.44, Element.AIR),
    Thing.BUTTERFLY: Subject(small_animals.butterfly, 0.4, Element.AIR),
    Thing.FISH: Subject(sea_animals.fish, 0.42, Element.DEEP),
    Thing.WHALE: Subject(sea_animals.whale, 0.62, Element.DEEP),
    Thing.JELLYFISH: Subject(sea_animals.jellyfish, 0.46, Element.DEEP),
    Thing.TURTLE: Subject(sea_animals.turtle, 0.54, Element.DEEP),
    Thing.DRAGON: Subject(objects.dragon, 0.4, Element.AIR),
    Thing.PERSON: Subject(people.person, 0.4),
    Thing.ASTRONAUT: Subject(people.astronaut, 0.4, Element.AIR),
    Thing.ROBOT: Subject(people.robot, 0.42),
    Thing.SNOWMAN: Subject(people.snowman, 0.36),
    Thing.BOAT: Subject(vessels.boat, 0.26, Element.WATER),
    Thing.SAILBOAT: Subject(vessels.sailboat, 0.34, Element.WATER),
    Thing.ROCKET: Subject(vessels.rocket, 0.42, Element.AIR, upright=True),
    Thing.BALLOON: Subject(vessels.balloon, 0.34, Element.AIR, upright=True),
    Thing.PLANE: Subject(vessels.plane, 0.46, Element.AIR),
    Thing.UFO: Subject(vessels.ufo, 0.4, Element.AIR, upright=True),
    Thing.CAR: Subject(vessels.car, 0.3),
    Thing.LIGHTHOUSE: Subject(buildings.lighthouse, 0.41, upright=True),
    Thing.HOUSE: Subject(buildings.house, 0.42, upright=True),
    Thing.CASTLE: Subject(buildings.castle, 0.46, upright=True),
    Thing.TREE: Subject(plants.tree, 0.56, upright=True),
    Thing.FLOWER: Subject(plants.flower, 0.46),
    Thing.MUSHROOM: Subject(plants.mushroom, 0.38),
    Thing.CACTUS: Subject(plants.cactus, 0.44),
    Thing.SOFA: Subject(objects.sofa, 0.42, upright=True),
    Thing.LANTERN: Subject(objects.lantern, 0.3, Element.AIR, upright=True),
    Thing.CUP: Subject(objects.cup, 0.36, upright=True),
    Thing.HEART: Subject(objects.heart, 0.4, Element.AIR, upright=True),
}
"""Every thing that a prompt can name."""
