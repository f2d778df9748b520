"""Every bound of every input field, row by row, with the words in which a value beyond it is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from generation.protocol.request import MAX_SEED, Endpoint
from worker.api.schemas import read_input
from worker.scheduling import failures

BOUNDS = {
    "num_frames": (1, 32, 1),
    "num_inference_steps": (1, 50, 1),
    "guidance_scale": (0, 20, 0.5),
    "seed": (0, MAX_SEED, 1),
    "fps": (1, 30, 1),
    "video_size.width": (64, 1536, 8),
    "video_size.height": (64, 1536, 8),
}
"""Lowest, highest, and what lies just beyond either."""
LENGTHS = {"prompt": (1, 2000), "negative_prompt": (0, 2000)}
PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
MOTIONS = ["zoom-out", "zoom-in", "pan-left", "pan-right", "tilt-up", "tilt-down"]
MOTIONS_WANTED = "'zoom-out', 'zoom-in', 'pan-left', 'pan-right', 'tilt-up' or 'tilt-down'"
PRESETS_WANTED = "'square_hd', 'square', 'portrait_4_3', 'portrait_16_9', 'landscape_4_3' or 'landscape_16_9'"


def values(field: str, value: Any) -> dict[str, Any]:
    """An input with that one field set."""
    outer, _, inner = field.partition(".")
    return {"prompt": "a fox", outer: {"width": 64, "height": 64, inner: value} if inner else value}


def refusal(endpoint: Endpoint, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The body with which that input is refused."""
    with pytest.raises(ValidationError) as refused:
        read_input(endpoint, given, 0)
    return [item.model_dump(mode="json") for item in failures.invalid_input(refused.value)]


def item(field: str, msg: str, kind: str, given: Any, **ctx: Any) -> dict[str, Any]:
    """One thing wrong, as fal says it."""
    url = f"https://docs.fal.ai/errors/#{kind}"
    return {"loc": ["body", *field.split(".")], "msg": msg, "type": kind, "url": url, "ctx": ctx, "input": given}


@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize("field", BOUNDS)
def test_a_number_may_be_as_small_and_as_large_as_its_bounds_and_no_more(endpoint: Endpoint, field: str) -> None:
    lowest, highest, beyond = BOUNDS[field]
    for value in (lowest, highest):
        read_input(endpoint, values(field, value), 0)
    below = f"Input should be greater than or equal to {lowest}"
    above = f"Input should be less than or equal to {highest}"
    assert refusal(endpoint, values(field, lowest - beyond)) == [
        item(field, below, "greater_than_equal", lowest - beyond, ge=lowest)
    ]
    assert refusal(endpoint, values(field, highest + beyond)) == [
        item(field, above, "less_than_equal", highest + beyond, le=highest)
    ]


@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize("field", LENGTHS)
def test_a_text_may_be_as_long_as_its_bounds_and_no_longer(endpoint: Endpoint, field: str) -> None:
    shortest, longest = LENGTHS[field]
    for length in (shortest, longest):
        read_input(endpoint, values(field, "x" * length), 0)
    long = item(field, f"String should have at most {longest} characters", "string_too_long", "", max_length=longest)
    del long["input"]
    assert refusal(endpoint, values(field, "x" * (longest + 1))) == [long]


def test_a_side_is_a_multiple_of_eight_and_a_size_has_at_most_a_megapixel() -> None:
    side = item("video_size.width", "Input should be a multiple of 8", "multiple_of", 65, multiple_of=8)
    assert refusal(Endpoint.STANDARD, values("video_size.width", 65)) == [side]
    sentence = "width times height must be at most 1048576"
    given = {"width": 1536, "height": 1024}
    area = item("video_size", f"Value error, {sentence}", "value_error", given, error=sentence)
    assert refusal(Endpoint.STANDARD, values("video_size", given)) == [area]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_fals_size(preset: str) -> None:
    assert read_input(Endpoint.TURBO, values("video_size", preset), 0).pixels == PRESETS[preset]


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_every_motion_is_taken_alone_and_all_together_on_both_endpoints(endpoint: Endpoint) -> None:
    for motions in ([], *([motion] for motion in MOTIONS), MOTIONS):
        read = read_input(endpoint, values("motions", motions), 0)
        assert [motion.value for motion in read.motions] == motions


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ({"motions": ["roll"]}, [("motions.0", f"Input should be {MOTIONS_WANTED}", "enum", "roll", MOTIONS_WANTED)]),
        ({"video_size": "big"}, [("video_size", f"Input should be {PRESETS_WANTED}", "enum", "big", PRESETS_WANTED)]),
    ],
)
def test_what_is_none_of_the_values_is_told_all_of_them(given: dict[str, Any], items: list[tuple[str, ...]]) -> None:
    expected = [item(field, msg, kind, value, expected=wanted) for field, msg, kind, value, wanted in items]
    for one in expected:
        one["loc"] = [int(part) if str(part).isdigit() else part for part in one["loc"]]
    assert refusal(Endpoint.STANDARD, {"prompt": "a fox", **given}) == expected


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = refusal(Endpoint.TURBO, {"num_frames": 0, "fps": 31, "seed": -1})
    assert [one["loc"][1] for one in found] == ["prompt", "seed", "fps", "num_frames"]


@pytest.mark.parametrize("endpoint", list(Endpoint))
@pytest.mark.parametrize("prompt", ["\u200b", "\u2800", "\u3164\u115f", " \u00ad ", "\ufe0f"], ids=ascii)
def test_a_prompt_that_shows_nothing_is_too_short(endpoint: Endpoint, prompt: str) -> None:
    (found,) = refusal(endpoint, {"prompt": prompt})
    assert (found["loc"], found["type"]) == (["body", "prompt"], "string_too_short")
