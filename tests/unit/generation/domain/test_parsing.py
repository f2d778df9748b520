"""From loose values to a request, or to a sentence per field that is wrong."""

import math

import pytest

from generation.domain.parsing import parse_request
from generation.protocol.errors import InvalidRequest
from generation.text.errors import sentence

SIZES = (
    "square_hd, square, portrait_4_3, portrait_16_9, landscape_4_3 or landscape_16_9, "
    "or width and height in multiples of 8 from 64 to 1536 with at most 1,048,576 pixels in all"
)


def refusal(**values: object) -> str:
    with pytest.raises(InvalidRequest) as refused:
        parse_request({"prompt": "a boat", "seed": 1, **values})
    return sentence(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("num_frames", 99, "num_frames must be a whole number from 1 to 32, not 99."),
        ("num_frames", 0, "num_frames must be a whole number from 1 to 32, not 0."),
        ("num_frames", 16.5, "num_frames must be a whole number from 1 to 32, not 16.5."),
        ("num_frames", "many", "num_frames must be a whole number from 1 to 32, not 'many'."),
        ("num_inference_steps", 51, "num_inference_steps must be a whole number from 1 to 50, not 51."),
        ("fps", 31, "fps must be a whole number from 1 to 30, not 31."),
        ("guidance_scale", math.nan, "guidance_scale must be a number from 0 to 20, not nan."),
        ("guidance_scale", math.inf, "guidance_scale must be a number from 0 to 20, not inf."),
        ("guidance_scale", -1, "guidance_scale must be a number from 0 to 20, not -1."),
        ("seed", 2**32, "seed must be a whole number from 0 to 4294967295, not 4294967296."),
        ("prompt", "", "prompt must be 1 to 2,000 characters without control characters, not 0 characters."),
        ("prompt", " \n ", "prompt must be 1 to 2,000 characters without control characters, not 0 characters."),
        (
            "prompt",
            "\u200b\u2060",
            "prompt must be 1 to 2,000 characters without control characters, not 0 characters.",
        ),
        (
            "prompt",
            "x" * 10_000,
            "prompt must be 1 to 2,000 characters without control characters, not 10,000 characters.",
        ),
        (
            "prompt",
            "a\x07b",
            (
                "prompt must be 1 to 2,000 characters without control characters, "
                "not 3 characters with the control character U+0007."
            ),
        ),
        (
            "negative_prompt",
            "x" * 2001,
            "negative_prompt must be at most 2,000 characters without control characters, not 2,001 characters.",
        ),
        (
            "motions",
            ["spin"],
            "motions must be any of zoom-out, zoom-in, pan-left, pan-right, tilt-up or tilt-down, not 'spin'.",
        ),
        ("video_size", "huge", f"video_size must be {SIZES}, not 'huge'."),
        ("video_size", {"width": 1536, "height": 1536}, f"video_size must be {SIZES}, not width 1536, height 1536."),
        (
            "video_size",
            {"width": 65, "height": 64},
            "video_size.width must be a multiple of 8 from 64 to 1536, not 65.",
        ),
        ("video_size", {"width": 512, "depth": 1}, "video_size.depth must be a multiple of 8 from 64 to 1536, not 1."),
        ("surprise", 1, "surprise must be not a field of a request, not 1."),
    ],
)
def test_a_field_outside_its_bounds_is_named_with_what_is_allowed_and_what_was_given(
    field: str, value: object, words: str
) -> None:
    assert refusal(**{field: value}) == words


def test_a_huge_number_is_not_echoed_in_whole() -> None:
    assert len(refusal(seed=10**500)) < 150


def test_every_wrong_field_is_named_once() -> None:
    assert refusal(fps=0, num_frames=0).count("must be") == 2


@pytest.mark.parametrize("prompt", ["🦊❄️", "سفينة من ورق", "\u202eboat", "a\nb\tc", "雪" * 2000])
def test_every_script_is_welcome(prompt: str) -> None:
    assert parse_request({"prompt": prompt, "seed": 1}).prompt == prompt


def test_what_is_none_takes_its_default() -> None:
    request = parse_request({"prompt": "a boat", "seed": 1, "fps": None, "video_size": None})
    assert (request.fps, request.pixels) == (8, (512, 512))
