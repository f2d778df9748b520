"""What clips cost, in whole micro-dollars."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_request
from generation.domain.pricing import FREE, Micros, Prices, dollars, micros
from generation.protocol.request import Endpoint
from generation.protocol.work import relative_work

PRICES = Prices(
    {
        "fal": {Endpoint.STANDARD: Decimal("0.04"), Endpoint.TURBO: Decimal("0.0105")},
        "other": {Endpoint.STANDARD: Decimal("0.05")},
    }
)


@pytest.mark.parametrize(
    ("amount", "whole"),
    [("0", 0), ("0.04", 40_000), ("0.0000005", 1), ("0.0000004", 0), ("1234.5", 1_234_500_000)],
)
def test_dollars_become_whole_micro_dollars(amount, whole):
    assert micros(Decimal(amount)) == whole


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (4_900, "$0.0049"),
        (10_500, "$0.0105"),
        (40_000, "$0.04"),
        (100_000, "$0.10"),
        (999_999, "$0.999999"),
        (1_000_000, "$1.00"),
        (1_234_567, "$1.23"),
        (1_235_000, "$1.24"),
        (1_234_567_890_000, "$1,234,567.89"),
        (-40_000, "-$0.04"),
        (-1_500_000, "-$1.50"),
    ],
)
def test_an_amount_is_written_for_people(amount, text):
    assert dollars(Micros(amount)) == text


@given(st.integers(-(10**12), 10**12))
def test_no_amount_is_written_with_an_exponent_or_far_from_what_it_is(amount):
    text = dollars(Micros(amount))
    assert "E" not in text
    assert abs(Decimal(text.replace("$", "").replace(",", "")) - Decimal(amount) / 1_000_000) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("fields", "work"),
    [
        ({}, "1"),
        ({"endpoint": Endpoint.TURBO}, "1"),
        ({"num_frames": 32}, "2"),
        ({"num_inference_steps": 50}, "2"),
        ({"endpoint": Endpoint.TURBO, "num_inference_steps": 1}, "0.25"),
        ({"video_size": "square_hd"}, "4"),
        ({"video_size": {"width": 256, "height": 256}}, "0.25"),
        ({"fps": 30, "guidance_scale": 20, "motions": ("zoom-in",)}, "1"),
    ],
)
def test_work_is_counted_against_the_endpoints_default_clip(fields, work):
    assert relative_work(a_request(**fields)) == Decimal(work)


@pytest.mark.parametrize(
    ("fields", "backend", "price"),
    [
        ({}, "fal", 40_000),
        ({"num_frames": 32}, "fal", 80_000),
        ({"endpoint": Endpoint.TURBO}, "fal", 10_500),
        ({"endpoint": Endpoint.TURBO}, "other", 0),
        ({}, "worker", 0),
    ],
)
def test_a_clip_costs_in_proportion_to_its_work(fields, backend, price):
    assert PRICES.of(a_request(**fields), backend) == price


def test_what_is_reserved_at_the_door_is_the_least_that_any_backend_may_take():
    assert PRICES.least(a_request(), ("worker", "fal", "other")) == FREE
    assert PRICES.least(a_request(), ("fal", "other")) == 40_000
    assert PRICES.least(a_request(), ("worker",)) == FREE
    assert PRICES.least(a_request(), ()) == FREE
    assert Prices().least(a_request(), ("fal",)) == FREE
