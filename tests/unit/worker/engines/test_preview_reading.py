"""What the preview engine reads out of a prompt."""

import pytest

from worker.engines.preview.places import PLACES, SUBJECTS
from worker.engines.preview.reading import HOMES, VOCABULARY, Reading, read

RAIN, SNOW = frozenset({"rain"}), frozenset({"snow"})
RED = "c8352b"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A Paper Boat, on a STORMY sea!", Reading("sea", "storm", RAIN, matter="paper", things=(("boat", 1),))),
        ("a red fox in snow", Reading("forest", None, SNOW, hue=RED, things=(("fox", 1),))),
        ("雪の中の狐", Reading("forest", None, SNOW, things=(("fox", 1),))),
        ("🦊❄️", Reading("forest", None, SNOW, things=(("fox", 1),))),
        ("un gato en la noche", Reading("meadow", "night", things=(("cat", 1),))),
        ("a goldfish in deep water", Reading("underwater", things=(("fish", 1),))),
        ("a fish in a pond", Reading("underwater", things=(("fish", 1),))),
        ("a bird in the sky over the sea", Reading("sea", things=(("bird", 1),))),
        ("a bird in the sky", Reading("sky", things=(("bird", 1),))),
        ("a castle under the moon", Reading("mountains", "night", bodies=frozenset({"moon"}), things=(("castle", 1),))),
        ("火山", Reading("volcano")),
        ("neon city at night in the rain", Reading("city", "night", RAIN, matter="neon")),
        ("desert with camels", Reading("desert", things=(("camel", 3),))),
        ("a heavy storm", Reading("sea", "storm", RAIN)),
        ("catalogue of foxtrot", Reading("abstract")),
        ("asdf qwer zxcv", Reading("abstract")),
        ("portrait of an old woman smiling", Reading("abstract")),
        ("a hot dog", Reading("abstract")),
        ("熊猫", Reading("abstract")),
    ],
)
def test_words_in_many_languages_and_emoji_name_a_scene(prompt: str, expected: Reading) -> None:
    assert read(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        ("hot air balloons over mountains", (("balloon", 3),)),
        ("two dogs and a cat", (("dog", 2), ("cat", 1))),
        ("a cat and two dogs", (("cat", 1), ("dog", 2))),
        ("many fish", (("fish", 5),)),
        ("fox, cat, dog, bird", (("fox", 1), ("cat", 1), ("dog", 1))),
    ],
)
def test_subjects_are_counted_in_the_order_of_their_mention(prompt: str, things: tuple[tuple[str, int], ...]) -> None:
    assert read(prompt).things == things


def test_what_the_negative_prompt_names_is_left_out() -> None:
    assert read("a fox in the rainy forest", "rain, ugly") == read("a fox in the forest")


def test_every_subject_and_place_has_words_and_a_drawing() -> None:
    assert set(VOCABULARY["thing"]) == set(SUBJECTS)
    assert set(VOCABULARY["place"]) == set(PLACES)
    assert set(HOMES.values()) <= set(PLACES)
    assert set(HOMES) <= {name for names in VOCABULARY.values() for name in names}
    assert all(words for names in VOCABULARY.values() for words in names.values())
