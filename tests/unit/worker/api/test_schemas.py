"""The endpoints' input schemas are fal's, field for field, and beside them what only our engines do."""

from typing import Any

import pytest
from pydantic import ValidationError

from generation.protocol.request import EXTENSIONS, Endpoint
from worker.api.schemas import INPUTS, read_input

NEGATIVE = "(bad quality, worst quality:1.2), ugly faces, bad anime"
OURS = {"image_url": None, "strength": 0.7}
"""What fal does not know."""
SIZES = ["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]


def schema(endpoint: Endpoint) -> dict[str, Any]:
    return INPUTS[endpoint].model_json_schema()


@pytest.mark.parametrize(("endpoint", "steps", "guidance"), [(Endpoint.STANDARD, 25, 7.5), (Endpoint.TURBO, 4, 1)])
def test_defaults_are_those_that_fal_publishes(endpoint: Endpoint, steps: int, guidance: float) -> None:
    properties = schema(endpoint)["properties"]
    assert {name: field.get("default") for name, field in properties.items()} == {
        "prompt": None,
        "negative_prompt": NEGATIVE,
        "num_frames": 16,
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "seed": None,
        "fps": 8,
        "motions": None,
        "video_size": "square",
        **dict.fromkeys(EXTENSIONS - {"input_file"}),
        **OURS,
    }
    assert schema(endpoint)["required"] == ["prompt"]


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_types_and_values_are_those_that_fal_publishes(endpoint: Endpoint) -> None:
    body = schema(endpoint)
    types = {name: field.get("type") for name, field in body["properties"].items()}
    assert types == {
        "prompt": "string",
        "negative_prompt": "string",
        "num_frames": "integer",
        "num_inference_steps": "integer",
        "guidance_scale": "number",
        "seed": None,
        "fps": "integer",
        "motions": None,
        "video_size": None,
        **dict.fromkeys(EXTENSIONS - {"input_file"}),
        "image_url": None,
        "strength": "number",
    }
    motions = ["zoom-out", "zoom-in", "pan-left", "pan-right", "tilt-up", "tilt-down"]
    definitions = body["$defs"]
    assert (definitions["Motion"]["enum"], definitions["VideoSizePreset"]["enum"]) == (motions, SIZES)
    size = definitions["CustomSize"]
    assert (size["title"], {name: side["default"] for name, side in size["properties"].items()}) == (
        "ImageSize",
        {"width": 512, "height": 512},
    )


def test_an_input_becomes_the_request_that_it_describes() -> None:
    values = {
        "prompt": " a fox ",
        "motions": ["zoom-in", "pan-left"],
        "video_size": {"width": 640},
        "seed": 0,
        "lora": "x",
    }
    request = read_input(Endpoint.TURBO, values, 99)
    assert request.model_dump(mode="json") == {
        "endpoint": "fal-ai/fast-animatediff/turbo/text-to-video",
        "prompt": "a fox",
        "negative_prompt": NEGATIVE,
        "num_frames": 16,
        "num_inference_steps": 4,
        "guidance_scale": 1.0,
        "seed": 0,
        "fps": 8,
        "motions": ["zoom-in", "pan-left"],
        "video_size": {"width": 640, "height": 512},
    }


@pytest.mark.parametrize("left_out", [{}, {"seed": None, "motions": None}])
def test_what_is_left_out_or_null_takes_its_default(left_out: dict[str, Any]) -> None:
    request = read_input(Endpoint.STANDARD, {"prompt": "a fox", **left_out}, 99)
    assert (request.seed, request.motions, request.num_inference_steps) == (99, (), 25)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"seconds": 20}, "seconds"),
        ({"seconds": 5, "fps": 30}, "seconds"),
        ({"seconds": 0}, "seconds"),
        ({"loop": "seamless", "num_frames": 4}, "loop"),
        ({"loop": "ping-pong", "num_frames": 2}, "loop"),
        ({"loop": "spiral"}, "loop"),
    ],
)
def test_an_absurd_length_or_loop_is_refused_by_its_field(values: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_input(Endpoint.STANDARD, {"prompt": "a", **values}, 1)
    assert [error["loc"][0] for error in refused.value.errors()] == [field]
