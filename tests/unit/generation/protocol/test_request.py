"""What a member may ask for: fal's fields, defaults and presets, and every bound."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    MAX_PIXELS,
    MAX_SEED,
    Endpoint,
    GenerationRequest,
    ImageSize,
    Motion,
    VideoSizePreset,
    bounds_of,
    side_bounds,
)

CHERRIES = (
    "masterpiece, best quality, 1girl, solo, cherry blossoms, hanami, pink flower, white flower, spring season, "
    "wisteria, petals, flower, plum blossoms, outdoors, falling petals, white hair, black eyes"
)
EXAMPLE = {
    "prompt": CHERRIES,
    "negative_prompt": "(bad quality, worst quality:1.2), ugly faces, bad anime",
    "num_frames": 16,
    "num_inference_steps": 25,
    "guidance_scale": 7.5,
    "fps": 8,
    "video_size": "square",
}
TURBO_EXAMPLE = {**EXAMPLE, "num_inference_steps": 4, "guidance_scale": 1}


def a_request(**fields: object) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "a paper boat", "seed": 7, **fields})


def complaints(**fields: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        a_request(**fields)
    return {str(error["loc"][0]) if error["loc"] else "" for error in caught.value.errors()}


# Defaults and examples


@pytest.mark.parametrize(("endpoint", "example"), [(Endpoint.STANDARD, EXAMPLE), (Endpoint.TURBO, TURBO_EXAMPLE)])
def test_fals_own_example_is_what_the_prompt_alone_gives(endpoint, example):
    from_example = GenerationRequest.model_validate({**example, "endpoint": endpoint, "seed": 7})
    from_prompt = GenerationRequest.model_validate({"prompt": CHERRIES, "endpoint": endpoint, "seed": 7})
    assert from_example == from_prompt
    assert from_prompt.to_input() == {**example, "seed": 7}


def test_every_default_of_the_standard_endpoint():
    assert a_request().model_dump() == {
        "endpoint": Endpoint.STANDARD,
        "prompt": "a paper boat",
        "negative_prompt": DEFAULT_NEGATIVE_PROMPT,
        "num_frames": 16,
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "seed": 7,
        "fps": 8,
        "motions": (),
        "video_size": VideoSizePreset.SQUARE,
    }


def test_turbo_differs_in_steps_and_guidance_only():
    standard, turbo = a_request().model_dump(), a_request(endpoint=Endpoint.TURBO).model_dump()
    assert {name: value for name, value in turbo.items() if value != standard[name]} == {
        "endpoint": Endpoint.TURBO,
        "num_inference_steps": 4,
        "guidance_scale": 1.0,
    }


@pytest.mark.parametrize("endpoint", ["fal-ai/fast-animatediff/turbo/text-to-video", Endpoint.TURBO])
def test_what_was_named_is_kept_whatever_the_endpoint(endpoint):
    request = a_request(endpoint=endpoint, num_inference_steps=12)
    assert (request.num_inference_steps, request.guidance_scale) == (12, 1.0)


def test_prompt_and_seed_have_no_default():
    with pytest.raises(ValidationError) as caught:
        GenerationRequest.model_validate({})
    assert {(error["loc"], error["type"]) for error in caught.value.errors()} == {
        (("prompt",), "missing"),
        (("seed",), "missing"),
    }


def test_endpoints_are_fals_and_share_the_path_of_their_requests():
    assert [(endpoint.value, endpoint.label, endpoint.app_id) for endpoint in Endpoint] == [
        ("fal-ai/fast-animatediff/text-to-video", "standard", "fal-ai/fast-animatediff"),
        ("fal-ai/fast-animatediff/turbo/text-to-video", "turbo", "fal-ai/fast-animatediff"),
    ]


# Bounds


@pytest.mark.parametrize(
    ("field", "low", "high", "outside"),
    [
        ("num_frames", 1, 32, [0, 33, -1, 16.5, "many", None]),
        ("num_inference_steps", 1, 50, [0, 51, 24.9, "", None]),
        ("guidance_scale", 0, 20, [-0.001, 20.001, float("nan"), float("inf"), "strong", None]),
        ("seed", 0, MAX_SEED, [-1, MAX_SEED + 1, 0.5, None]),
        ("fps", 1, 30, [0, 31, 7.5, None]),
    ],
)
def test_a_number_beyond_its_bounds_is_an_error_and_never_rounded(field, low, high, outside):
    assert bounds_of(field) == (low, high)
    for value in (low, high):
        assert getattr(a_request(**{field: value}), field) == value
    for value in outside:
        assert complaints(**{field: value}) == {field}


@pytest.mark.parametrize(("field", "shortest"), [("prompt", 1), ("negative_prompt", 0)])
def test_a_text_is_trimmed_and_then_counted(field, shortest):
    assert bounds_of(field) == (shortest, 2000)
    for length in (shortest, 2000):
        assert getattr(a_request(**{field: f" \n{'é' * length}\t "}), field) == "é" * length
    for text in ("x" * 2001, 5, None, *(["", "  \n\t"] if shortest else [])):
        assert complaints(**{field: text}) == {field}


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_are_refused(field, character):
    assert complaints(**{field: f"a{character}b"}) == {field}


@pytest.mark.parametrize(
    "text", ["two\nlines\tand a tab\r\n.", "👩\u200d🚀 in space", "ein Boot auf stürmischer See", "紙の船"]
)
def test_what_people_write_is_kept_as_it_is(text):
    assert a_request(prompt=text).prompt == text


@pytest.mark.parametrize(
    ("preset", "pixels"),
    [
        ("square_hd", (1024, 1024)),
        ("square", (512, 512)),
        ("portrait_4_3", (768, 1024)),
        ("portrait_16_9", (576, 1024)),
        ("landscape_4_3", (1024, 768)),
        ("landscape_16_9", (1024, 576)),
    ],
)
def test_every_preset_has_fals_pixels(preset, pixels):
    assert a_request(video_size=preset).pixels == pixels
    assert a_request(video_size={"width": pixels[0], "height": pixels[1]}).pixels == pixels
    assert pixels[0] * pixels[1] <= MAX_PIXELS


def test_there_are_no_other_presets():
    assert [preset.value for preset in VideoSizePreset] == [
        *("square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9")
    ]


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ({"width": 64, "height": 64}, (64, 64)),
        ({"width": 1536, "height": 680}, (1536, 680)),
        ({"width": 640}, (640, 512)),
        ({"height": 360}, (512, 360)),
        ({}, (512, 512)),
        (ImageSize(width=256, height=128), (256, 128)),
    ],
)
def test_a_custom_size_in_pixels(size, pixels):
    assert a_request(video_size=size).pixels == pixels


@pytest.mark.parametrize(
    "size",
    [
        {"width": 56},
        {"width": 1544},
        {"width": 100},
        {"height": 513},
        {"width": 512.5},
        {"width": -512},
        {"width": "wide"},
        {"width": 1536, "height": 688},
        {"width": 1032, "height": 1024},
        {"width": 512, "height": 512, "depth": 8},
        "huge",
        "",
        None,
        512,
        [512, 512],
    ],
)
def test_a_size_beyond_its_bounds_is_refused(size):
    assert complaints(video_size=size) == {"video_size"}


def test_sides_have_bounds_that_others_can_name():
    assert side_bounds() == (64, 1536)


def test_motions_combine_in_the_order_given():
    request = a_request(motions=["zoom-in", "pan-left"])
    assert request.motions == (Motion.ZOOM_IN, Motion.PAN_LEFT)
    assert request.to_input()["motions"] == ["zoom-in", "pan-left"]
    assert [motion.value for motion in Motion] == [
        *("zoom-out", "zoom-in", "pan-left", "pan-right", "tilt-up", "tilt-down")
    ]


@pytest.mark.parametrize("motions", [["spin"], ["zoom-in", "ZOOM-OUT"], "zoom-in", [None], None, 5, ["zoom-in"] * 7])
def test_other_motions_are_refused(motions):
    assert complaints(motions=motions) == {"motions"}


@pytest.mark.parametrize("endpoint", ["turbo", "fal-ai/fast-animatediff", "", None, 5, []])
def test_another_endpoint_is_refused(endpoint):
    assert complaints(endpoint=endpoint) == {"endpoint"}


@pytest.mark.parametrize("name", ["image_size", "Prompt", "model", "num_frame"])
def test_an_unknown_field_is_refused(name):
    assert complaints(**{name: 5}) == {name}


def test_every_wrong_field_is_named_at_once():
    assert complaints(prompt="", num_frames=0, fps=99, seed=-1) == {"prompt", "num_frames", "fps", "seed"}


def test_an_error_never_quotes_the_prompt():
    with pytest.raises(ValidationError) as caught:
        a_request(prompt="secret wish " * 500)
    assert "secret" not in str(caught.value)


# Use


def test_a_request_cannot_be_changed():
    with pytest.raises(ValidationError):
        a_request().seed = 8  # type: ignore[misc]


def test_a_reroll_asks_for_the_same_with_another_seed():
    request = a_request(
        endpoint=Endpoint.TURBO, motions=["tilt-up"], video_size={"width": 640, "height": 360}, guidance_scale=2.5
    )
    again = request.with_seed(8)
    assert again.model_dump() == {**request.model_dump(), "seed": 8}
    assert again.with_seed(7) == request
    with pytest.raises(ValidationError):
        request.with_seed(-1)


def test_the_input_names_neither_the_endpoint_nor_motions_that_are_not_there():
    assert set(a_request().to_input()) == {
        *("prompt", "negative_prompt", "num_frames", "num_inference_steps"),
        *("guidance_scale", "seed", "fps", "video_size"),
    }


def test_a_custom_size_travels_as_an_object():
    assert a_request(video_size={"width": 640, "height": 360}).to_input()["video_size"] == {"width": 640, "height": 360}


@pytest.mark.parametrize(("frames", "fps", "seconds"), [(16, 8, 2.0), (32, 30, 32 / 30), (1, 1, 1.0)])
def test_how_long_a_clip_plays(frames, fps, seconds):
    assert a_request(num_frames=frames, fps=fps).duration_seconds == seconds


sides = st.integers(8, 192).map(lambda n: 8 * n)
requests = st.builds(
    dict,
    endpoint=st.sampled_from(list(Endpoint)),
    prompt=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=50).filter(
        str.strip
    ),
    negative_prompt=st.text(st.characters(codec="utf-8", categories=("L", "Zs")), max_size=50),
    num_frames=st.integers(1, 32),
    num_inference_steps=st.integers(1, 50),
    guidance_scale=st.floats(0, 20),
    seed=st.integers(0, MAX_SEED),
    fps=st.integers(1, 30),
    motions=st.lists(st.sampled_from(list(Motion)), max_size=6),
    video_size=st.sampled_from(list(VideoSizePreset))
    | st.tuples(sides, sides)
    .filter(lambda size: size[0] * size[1] <= MAX_PIXELS)
    .map(lambda size: {"width": size[0], "height": size[1]}),
)


@given(requests)
def test_every_request_within_bounds_survives_storage_and_the_wire(fields):
    request = GenerationRequest.model_validate(fields)
    assert GenerationRequest.model_validate_json(request.model_dump_json()) == request
    sent = json.loads(json.dumps(request.to_input()))
    assert GenerationRequest.model_validate({**sent, "endpoint": request.endpoint}) == request
    width, height = request.pixels
    assert width * height <= MAX_PIXELS
    assert width % 8 == height % 8 == 0


_JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
)


@given(st.dictionaries(st.sampled_from([*GenerationRequest.model_fields, "other"]), _JSON))
def test_whatever_is_asked_is_a_request_or_one_kind_of_error(fields):
    try:
        request = GenerationRequest.model_validate(fields)
    except ValidationError:
        return
    assert request.seed == fields["seed"]
