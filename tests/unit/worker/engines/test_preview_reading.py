"""What the preview engine understands of a prompt, and that it can show whatever it understands."""

import pytest

from worker.engines.preview.figures.catalogue import SUBJECTS
from worker.engines.preview.words.concepts import Body, Hue, Light, Matter, Place, Thing, Weather
from worker.engines.preview.words.reading import Reading, read
from worker.engines.preview.words.words import VOCABULARY


def reading(place: Place, *things: Thing, light: Light | None = None, **more: object) -> Reading:
    facts = {"weather": frozenset(), "bodies": frozenset(), "matter": None, "hue": None, **more}
    return Reading(place=place, light=light, things=tuple((thing, 1) for thing in things), **facts)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A Paper Boat, on a STORMY sea!", reading(
            Place.SEA, Thing.BOAT, light=Light.STORM, weather=frozenset({Weather.RAIN}), matter=Matter.PAPER)),
        ("a red fox in snow", reading(
            Place.FOREST, Thing.FOX, weather=frozenset({Weather.SNOW}), hue=Hue.RED)),
        ("雪の中の狐", reading(Place.FOREST, Thing.FOX, weather=frozenset({Weather.SNOW}))),
        ("🦊❄️", reading(Place.FOREST, Thing.FOX, weather=frozenset({Weather.SNOW}))),
        ("un gato en la noche", reading(Place.MEADOW, Thing.CAT, light=Light.NIGHT)),
        ("a rocket leaving the moon", reading(
            Place.LUNAR, Thing.ROCKET, light=Light.NIGHT, bodies=frozenset({Body.MOON}))),
        ("a goldfish in deep water", reading(Place.UNDERWATER, Thing.FISH)),
        ("a fish in a pond", reading(Place.UNDERWATER, Thing.FISH)),
        ("a whale in the ocean", reading(Place.SEA, Thing.WHALE)),
        ("a cat on a sofa", reading(Place.ROOM, Thing.CAT, Thing.SOFA)),
        ("a bird in the sky over the sea", reading(Place.SEA, Thing.BIRD)),
        ("火山", reading(Place.VOLCANO)),
        ("neon city at night in the rain", reading(
            Place.CITY, light=Light.NIGHT, weather=frozenset({Weather.RAIN}), matter=Matter.NEON)),
        ("catalogue of foxtrot", reading(Place.ABSTRACT)),
        ("asdf qwer zxcv", reading(Place.ABSTRACT)),
    ],
)  # fmt: skip
def test_words_in_many_languages_and_emoji_name_a_scene(prompt: str, expected: Reading) -> None:
    assert read(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("hot air balloons over mountains", ((Thing.BALLOON, 3),)),
        ("two dogs and a cat", ((Thing.DOG, 2), (Thing.CAT, 1))),
        ("a cat and two dogs", ((Thing.CAT, 1), (Thing.DOG, 2))),
        ("many fish", ((Thing.FISH, 5),)),
        ("fox, cat, dog, bear", ((Thing.FOX, 1), (Thing.CAT, 1), (Thing.DOG, 1))),
    ],
)
def test_subjects_are_counted_in_the_order_of_their_mention(prompt: str, things: tuple[tuple[Thing, int], ...]) -> None:
    assert read(prompt).things == things


def test_what_the_negative_prompt_names_is_left_out() -> None:
    assert read("a fox in the rainy forest", "rain, ugly") == read("a fox in the forest")


def test_every_subject_has_a_drawing_and_every_concept_words() -> None:
    assert set(SUBJECTS) == set(Thing)
    assert set(VOCABULARY) == {*Place, *Light, *Weather, *Body, *Matter, *Hue, *Thing}
    assert all(words.split() for words in VOCABULARY.values())
