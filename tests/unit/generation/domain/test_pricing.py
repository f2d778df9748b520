"""What clips cost, in whole micro-dollars."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_request
from generation.domain.pricing import FREE, Micros, Price, Prices, micros, money
from generation.protocol.request import Endpoint
from generation.protocol.work import relative_work

PRICES = Prices(
    {
        "fal": {Endpoint.STANDARD: Price(Decimal("0.04")), Endpoint.TURBO: Price(Decimal("0.0105"))},
        "other": {Endpoint.STANDARD: Price(Decimal("0.05"))},
    }
)


@pytest.mark.parametrize(
    ("amount", "whole"),
    [("0", 0), ("0.04", 40_000), ("0.0000005", 1), ("0.0000004", 0), ("1234.5", 1_234_500_000)],
)
def test_dollars_become_whole_micro_money(amount, whole):
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
    assert money(Micros(amount)) == text


@given(st.integers(-(10**12), 10**12))
def test_no_amount_is_written_with_an_exponent_or_far_from_what_it_is(amount):
    text = money(Micros(amount))
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
    assert PRICES.cheapest(a_request(), ("worker", "fal", "other"))[1] == FREE
    assert PRICES.cheapest(a_request(), ("fal", "other"))[1] == 40_000
    assert PRICES.cheapest(a_request(), ("worker",))[1] == FREE
    assert PRICES.cheapest(a_request(), ())[1] == FREE
    assert Prices().cheapest(a_request(), ("fal",))[1] == FREE


@pytest.mark.parametrize(
    ("price", "fields", "seconds", "cost"),
    [
        ("0.04", {"num_frames": 32}, 9.0, 80_000),
        ("0.04/clip", {"num_frames": 32}, 9.0, 40_000),
        ("0.0012/second", {"num_frames": 32}, 9.5, 11_400),
        ("0.0005/megapixel-step", {}, 9.0, 52_429),  # 16 frames × 25 steps × 512 × 512
        ("0", {}, 9.0, 0),
        (" 1000 / CLIP ", {}, 9.0, 1_000_000_000),
    ],
)
def test_a_price_is_per_default_clip_clip_second_or_megapixel_step(price, fields, seconds, cost):
    assert Price.parse(price).of(a_request(**fields), seconds) == cost


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1001", "NaN", "Infinity", "1e9/clip", "$5", "0.05/", "0.05/hour", "0.05/clip/second", "1" * 5000],
)
def test_what_is_no_price_is_refused_with_what_may_be_written(text):
    with pytest.raises(ValueError, match="an amount from 0 to 1000, alone or followed by one of /clip, /second"):
        Price.parse(text)


@pytest.mark.parametrize("text", ["0.05", "0.05/clip", "0.0012/second", "0.0000005/megapixel-step"])
def test_a_price_reads_as_it_is_written(text):
    assert str(Price.parse(text)) == text


def by_the_second() -> Prices:
    return Prices({"fal": {Endpoint.STANDARD: Price.parse("0.001/second")}})


def test_by_the_second_hardly_any_measurement_is_not_trusted_to_be_short():
    prices = by_the_second()
    assert prices.of(a_request(), "fal") == 60_000
    for _ in range(4):
        prices.measured.learn("fal", a_request(), 3.0)
    assert prices.of(a_request(), "fal") == 60_000
    prices.measured.learn("fal", a_request(), 90.0)
    assert prices.of(a_request(), "fal") == 90_000


def test_by_the_second_a_clip_is_expected_to_take_what_nineteen_of_twenty_stay_below():
    prices = by_the_second()
    for seconds in range(1, 101):
        prices.measured.learn("fal", a_request(), float(seconds))
    assert prices.of(a_request(), "fal") == 95_000
    assert prices.of(a_request(num_frames=32), "fal") == 190_000
    # another backend's clips say nothing about this one's
    assert prices.measured.expected("worker", a_request()) == 60


@pytest.mark.parametrize("seconds", [None, -1.0, float("nan"), float("inf"), 1e9])
def test_what_no_clip_can_have_taken_costs_what_was_expected(seconds):
    prices = by_the_second()
    assert prices.cost(a_request(), "fal", seconds) == prices.of(a_request(), "fal")
    if seconds is not None:
        prices.measured.learn("fal", a_request(), seconds)
    assert prices.of(a_request(), "fal") == 60_000


def test_of_equally_cheap_backends_the_operators_first_one_is_reserved_for():
    assert PRICES.cheapest(a_request(), ("fal", "other")) == ("fal", 40_000)
    assert PRICES.cheapest(a_request(), ("fal", "worker", "nowhere")) == ("worker", 0)
    assert PRICES.cheapest(a_request(), ()) == (None, 0)
