"""One measure of work, on the scales that prices, fair order and estimates need."""

from decimal import Decimal

import pytest

from factories import a_request
from generation.protocol.request import Endpoint
from generation.protocol.work import absolute_work, forwards, relative_work


@pytest.mark.parametrize("endpoint", Endpoint)
def test_an_endpoints_default_clip_is_one(endpoint: Endpoint) -> None:
    assert relative_work(a_request(endpoint=endpoint)) == Decimal(1)


def test_both_endpoints_are_on_one_scale() -> None:
    assert absolute_work(a_request(endpoint=Endpoint.STANDARD)) == 1.0
    assert absolute_work(a_request(endpoint=Endpoint.TURBO)) < 0.5


def test_work_grows_with_steps_frames_and_pixels() -> None:
    doubled = a_request(num_frames=32, num_inference_steps=50, video_size={"width": 1024, "height": 512})
    assert relative_work(doubled) == Decimal(8)


def test_guidance_doubles_the_forwards_of_each_step() -> None:
    plain = a_request(guidance_scale=1.0, num_inference_steps=10, num_frames=1)
    guided = a_request(guidance_scale=7.5, num_inference_steps=10, num_frames=1)
    assert forwards(guided) - forwards(plain) == pytest.approx(10)
