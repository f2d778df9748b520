"""Reading a prompt: which place, light, weather and subjects it names, in whatever language or
emoji."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from worker.engines.preview.words.concepts import (
    Body,
    Concept,
    Hue,
    Light,
    Matter,
    Place,
    Thing,
    Weather,
)
from worker.engines.preview.words.words import VOCABULARY

_HABITATS: Final[dict[Thing, Place]] = {
    **dict.fromkeys([Thing.FISH, Thing.WHALE, Thing.JELLYFISH, Thing.TURTLE], Place.UNDERWATER),
    **dict.fromkeys([Thing.BOAT, Thing.SAILBOAT, Thing.LIGHTHOUSE], Place.SEA),
    **dict.fromkeys([Thing.ROCKET, Thing.ASTRONAUT, Thing.UFO], Place.SPACE),
    **dict.fromkeys([Thing.SOFA, Thing.CUP], Place.ROOM),
    **dict.fromkeys([Thing.FOX, Thing.DEER, Thing.BEAR, Thing.OWL, Thing.MUSHROOM], Place.FOREST),
    **dict.fromkeys([Thing.BALLOON, Thing.CASTLE, Thing.PENGUIN, Thing.SNOWMAN], Place.MOUNTAINS),
    **dict.fromkeys([Thing.BIRD, Thing.PLANE], Place.SKY),
    **dict.fromkeys([Thing.CAR, Thing.ROBOT], Place.CITY),
    **dict.fromkeys([Thing.DRAGON], Place.VOLCANO),
    **dict.fromkeys([Thing.CACTUS], Place.DESERT),
}
"""Where a subject is shown when the prompt names no place; the meadow for all others."""

_BACKGROUNDS: Final[dict[Concept, Place]] = {
    **dict.fromkeys([Weather.EMBERS, Matter.FIRE], Place.VOLCANO),
    **dict.fromkeys([Weather.RAIN, Light.STORM], Place.SEA),
    **dict.fromkeys([Weather.PETALS, Body.SUN, Light.DAWN], Place.LAKE),
    **dict.fromkeys([Weather.SNOW, Weather.LEAVES, Weather.FIREFLIES, Weather.FOG], Place.FOREST),
    **dict.fromkeys(
        [Body.MOON, Weather.STARS, Weather.AURORA, Light.NIGHT, Light.SUNSET], Place.MOUNTAINS
    ),
    **dict.fromkeys([Weather.CLOUDS, Light.DAY, Light.GREY], Place.SKY),
    Body.PLANET: Place.SPACE,
    Matter.NEON: Place.CITY,
}
"""Where light, weather or a body in the sky is shown when the prompt names nothing else."""

_WATERS: Final = frozenset({Place.SEA, Place.LAKE})
_DIVERS: Final = frozenset({Thing.FISH, Thing.JELLYFISH, Thing.TURTLE})
"""Subjects that are shown under the water that they are in, not above it."""
_NIGHTLY: Final = frozenset(
    {Weather.STARS, Weather.AURORA, Weather.FIREFLIES, Body.MOON, Matter.NEON}
)
_LIGHT_RANK: Final = (Light.STORM, Light.NIGHT, Light.SUNSET, Light.DAWN, Light.GREY, Light.DAY)
_VAGUE: Final = frozenset({Place.SKY, Place.ABSTRACT})
_NUMBERS: Final = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "many": 5,
    "several": 4,
    "couple": 2,
    "flock": 5,
}
_MOST_THINGS: Final = 3
_NEARBY: Final = 32
"""How many characters before a subject are searched for a number word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt asks to see; what it leaves open is ``None`` or empty."""

    place: Place
    light: Light | None
    weather: frozenset[Weather]
    bodies: frozenset[Body]
    matter: Matter | None
    hue: Hue | None
    things: tuple[tuple[Thing, int], ...]
    """The subjects, main one first, with how many of each."""

    def has(self, *weather: Weather) -> bool:
        """Whether any of these is in the air."""
        return not self.weather.isdisjoint(weather)


def read(prompt: str, unwanted: str = "") -> Reading:
    """What a prompt names, less what the negative prompt names."""
    spoken = _normal(prompt)
    refused = set(_found(_normal(unwanted)))
    found = [concept for concept in _found(spoken) if concept not in refused]
    things = [concept for concept in found if isinstance(concept, Thing)]
    return Reading(
        place=_place(found, things),
        light=_light(found),
        weather=frozenset(concept for concept in found if isinstance(concept, Weather)),
        bodies=frozenset(concept for concept in found if isinstance(concept, Body)),
        matter=next((concept for concept in found if isinstance(concept, Matter)), None),
        hue=next((concept for concept in found if isinstance(concept, Hue)), None),
        things=tuple((thing, _how_many(thing, spoken)) for thing in things[:_MOST_THINGS]),
    )


def _place(found: Sequence[Concept], things: Sequence[Thing]) -> Place:
    named = [concept for concept in found if isinstance(concept, Place)]
    certain = [place for place in named if place not in _VAGUE]
    if certain:
        return (
            Place.UNDERWATER if certain[0] in _WATERS and _DIVERS & set(things[:1]) else certain[0]
        )
    if Thing.ROCKET in things and Body.MOON in found:
        return Place.LUNAR
    if named or not things:
        return (named or [_place_of_the_air(found)])[0]
    return next((_HABITATS[thing] for thing in things if thing in _HABITATS), Place.MEADOW)


def _place_of_the_air(found: Iterable[Concept]) -> Place:
    """Where a prompt plays that names only light, weather or what stands in the sky."""
    telling = sorted(found, key=lambda concept: isinstance(concept, Light))
    return next(
        (_BACKGROUNDS[concept] for concept in telling if concept in _BACKGROUNDS), Place.ABSTRACT
    )


def _light(found: Sequence[Concept]) -> Light | None:
    named = next((light for light in _LIGHT_RANK if light in found), None)
    if named is None and not _NIGHTLY.isdisjoint(found):
        return Light.NIGHT
    return named


def _found(spoken: str) -> list[Concept]:
    """Every concept that the words name, in the order of their first mention; longer words win over
    shorter ones."""
    taken = [False] * len(spoken)
    first: dict[Concept, int] = {}
    for pattern, concepts in _dictionary():
        for hit in pattern.finditer(spoken):
            if any(taken[hit.start(1) : hit.end(1)]):
                continue
            taken[hit.start(1) : hit.end(1)] = [True] * (hit.end(1) - hit.start(1))
            for concept in concepts:
                first[concept] = min(first.get(concept, hit.start(1)), hit.start(1))
    return sorted(first, key=lambda concept: first[concept])


@cache
def _dictionary() -> list[tuple[re.Pattern[str], tuple[Concept, ...]]]:
    """One pattern for every word, the longest first."""
    concepts: dict[str, list[Concept]] = {}
    for concept, words in VOCABULARY.items():
        for word in dict.fromkeys(words.split()):
            concepts.setdefault(_normal(word).replace("_", " "), []).append(concept)
    longest_first = sorted(concepts, key=lambda word: (-len(word), word))
    return [(re.compile(_pattern(word)), tuple(concepts[word])) for word in longest_first]


def _pattern(word: str) -> str:
    escaped = re.escape(word)
    return rf"\b({escaped})(?:s|es)?\b" if word.isascii() else f"({escaped})"


def _how_many(thing: Thing, spoken: str) -> int:
    """How many of a subject: as a number word shortly before it says, three for a plural, else
    one."""
    for word in filter(str.isascii, VOCABULARY[thing].split()):
        hit = re.search(rf"\b{re.escape(word.replace('_', ' '))}(s|es)?\b", spoken)
        if hit is not None:
            before = spoken[max(0, hit.start() - _NEARBY) : hit.start()].split()[-2:]
            counted = next((_NUMBERS[part] for part in before if part in _NUMBERS), 0)
            return counted or (3 if hit.group(1) else 1)
    return 1


def _normal(text: str) -> str:
    """One spelling for what reads the same: no accents on Latin letters, no case, no variation
    selectors."""
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept: list[str] = []
    for mark in parts:
        latin_accent = unicodedata.combining(mark) and kept and kept[-1].isascii()
        if not latin_accent and mark not in "\ufe0e\ufe0f":
            kept.append(mark)
    return unicodedata.normalize("NFC", "".join(kept))
