"""What a server allows, and the first reason why one more request does not fit."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factories import a_request
from generation.domain.pricing import FREE, Micros
from generation.protocol.errors import BudgetTooSmall, LimitExceeded
from generation.protocol.request import Endpoint, GenerationRequest
from generation.rules.limits import LimitName, Limits, Usage, day_end, day_of
from generation.rules.operator_rules import OperatorRules
from generation.text.errors import sentence

DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
FOUR_CENTS = Micros(40_000)


def usage(**used: int) -> Usage:
    nothing = {
        "user_clips_today": 0,
        "server_clips_today": 0,
        "user_active_jobs": 0,
        "server_active_jobs": 0,
        "server_spent_today": 0,
        "all_spent_today": 0,
    }
    return Usage(**{**nothing, **used}, day=DAY)


def check(limits: Limits, request: GenerationRequest, used: Usage, price: Micros) -> None:
    OperatorRules().check(limits, request, used, price)


def refusal(limits: Limits, used: Usage, *, price: Micros = FREE, **fields: object) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        check(limits, a_request(**fields), used, price)
    return caught.value


def told(error: LimitExceeded) -> tuple[str, str, str, datetime | None]:
    return error.limit, error.allowed, error.used, error.resets_at


def test_a_default_clip_fits_the_default_limits():
    check(Limits(), a_request(), usage(), FOUR_CENTS)


def test_the_largest_request_fits_the_default_limits():
    check(Limits(), a_request(num_frames=32, num_inference_steps=50, video_size="square_hd"), usage(), FOUR_CENTS)


@pytest.mark.parametrize(
    ("limits", "used", "name"),
    [
        ({"user_clips_per_day": 3}, "user_clips_today", LimitName.USER_CLIPS_PER_DAY),
        ({"server_clips_per_day": 3}, "server_clips_today", LimitName.SERVER_CLIPS_PER_DAY),
    ],
)
def test_a_days_clips_are_counted_until_midnight_utc(limits, used, name):
    check(Limits(**limits), a_request(), usage(**{used: 2}), FREE)
    assert told(refusal(Limits(**limits), usage(**{used: 3}))) == (name, "3", "3", MIDNIGHT)
    assert told(refusal(Limits(**limits), usage(**{used: 9}))) == (name, "3", "9", MIDNIGHT)


@pytest.mark.parametrize(
    ("limits", "used", "name"),
    [
        ({"user_active_jobs": 2}, "user_active_jobs", LimitName.USER_ACTIVE_JOBS),
        ({"server_active_jobs": 2}, "server_active_jobs", LimitName.SERVER_ACTIVE_JOBS),
    ],
)
def test_jobs_under_way_are_counted_and_no_date_helps(limits, used, name):
    check(Limits(**limits), a_request(), usage(**{used: 1}), FREE)
    assert told(refusal(Limits(**limits), usage(**{used: 2}))) == (name, "2", "2", None)


@pytest.mark.parametrize(
    ("limits", "fields", "expected"),
    [
        ({"max_frames": 16}, {"num_frames": 17}, (LimitName.MAX_FRAMES, "16", "17", None)),
        ({"max_steps": 20}, {}, (LimitName.MAX_STEPS, "20", "25", None)),
        ({"max_pixels": 262_144}, {"video_size": "portrait_4_3"}, (LimitName.MAX_PIXELS, "262144", "768×1024", None)),
        ({"endpoints": {Endpoint.TURBO}}, {}, (LimitName.ENDPOINTS, "turbo", "standard", None)),
        ({"endpoints": ()}, {}, (LimitName.ENDPOINTS, "none", "standard", None)),
    ],
)
def test_a_request_beyond_what_the_server_allows(limits, fields, expected):
    assert told(refusal(Limits(**limits), usage(), **fields)) == expected


@pytest.mark.parametrize("limits", [{"max_frames": 16}, {"max_steps": 25}, {"max_pixels": 512 * 512}])
def test_exactly_what_is_allowed_is_allowed(limits):
    check(Limits(**limits), a_request(), usage(), FREE)


def test_a_budget_covers_what_is_spent_and_the_price_of_one_more():
    limits = Limits(server_budget_per_day=100_000)
    check(limits, a_request(), usage(server_spent_today=60_000), FOUR_CENTS)
    error = refusal(limits, usage(server_spent_today=60_001), price=FOUR_CENTS)
    assert told(error) == (LimitName.SERVER_BUDGET_PER_DAY, "$0.10", "$0.060001", MIDNIGHT)


def test_a_free_clip_fits_every_budget():
    check(Limits(server_budget_per_day=0), a_request(), usage(server_spent_today=10**9), FREE)


def test_no_limit_means_no_limit():
    limits = Limits(user_clips_per_day=None, server_clips_per_day=None, server_budget_per_day=None)
    used = usage(user_clips_today=10**6, server_clips_today=10**6, server_spent_today=10**12)
    check(limits, a_request(), used, FOUR_CENTS)


def test_zero_clips_a_day_closes_the_bot():
    assert refusal(Limits(user_clips_per_day=0), usage()).limit == LimitName.USER_CLIPS_PER_DAY


def test_what_no_waiting_cures_is_said_first():
    limits = Limits(max_frames=8, user_active_jobs=1, user_clips_per_day=1, server_budget_per_day=40_000)
    used = usage(user_active_jobs=5, user_clips_today=5)
    assert refusal(limits, used, price=FOUR_CENTS).limit == LimitName.MAX_FRAMES
    assert refusal(limits, used, price=FOUR_CENTS, num_frames=8).limit == LimitName.USER_ACTIVE_JOBS
    waiting = usage(user_clips_today=5)
    assert refusal(limits, waiting, price=FOUR_CENTS, num_frames=8).limit == LimitName.USER_CLIPS_PER_DAY
    spent = usage(server_spent_today=1)
    assert refusal(limits, spent, price=FOUR_CENTS, num_frames=8).limit == LimitName.SERVER_BUDGET_PER_DAY
    with pytest.raises(BudgetTooSmall):
        check(limits, a_request(num_frames=8), used, Micros(40_001))


@pytest.mark.parametrize(
    ("budget", "price", "told"),
    [
        (
            0,
            1,
            "The clip costs $0.000001, more than this machine may spend in a whole day: $0.00. Ask for a smaller one.",
        ),
        (
            100,
            40_000,
            "The clip costs $0.04, more than this machine may spend in a whole day: $0.0001. Ask for a smaller one.",
        ),
        (
            39_999,
            40_000,
            "The clip costs $0.04, more than this machine may spend in a whole day: $0.039999. Ask for a smaller one.",
        ),
        (
            5_000_000,
            7_000_000,
            "The clip costs $7.00, more than this machine may spend in a whole day: $5.00. Ask for a smaller one.",
        ),
    ],
)
def test_a_clip_that_no_days_budget_allows_is_not_told_to_wait(budget, price, told):
    limits = Limits(server_budget_per_day=budget)
    with pytest.raises(BudgetTooSmall) as refused:
        check(limits, a_request(), usage(), Micros(price))
    assert sentence(refused.value) == told
    # nor is it told so by what others have spent
    with pytest.raises(BudgetTooSmall):
        check(limits, a_request(), usage(server_spent_today=budget), Micros(price))
    unlimited = Limits(server_budget_per_day=None)
    with pytest.raises(BudgetTooSmall) as refused:
        OperatorRules(daily_budget=Micros(budget)).check(unlimited, a_request(), usage(), Micros(price))
    assert sentence(refused.value).endswith("more than the bot may spend in a whole day. Ask for a smaller one.")


def test_every_limit_has_a_name_and_every_name_a_limit():
    assert {name.value for name in LimitName} == set(Limits.model_fields)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("user_clips_per_day", 0, 1_000_000),
        ("server_clips_per_day", 0, 1_000_000),
        ("user_active_jobs", 1, 1000),
        ("server_active_jobs", 1, 10_000),
        ("server_budget_per_day", 0, 10**12),
        ("max_frames", 1, 128),
        ("max_steps", 1, 50),
        ("max_pixels", 4096, 1_048_576),
    ],
)
def test_limits_have_bounds_of_their_own(name, low, high):
    assert getattr(Limits(**{name: low}), name) == low
    assert getattr(Limits(**{name: high}), name) == high
    for outside in (low - 1, high + 1, low + 0.5, "many"):
        with pytest.raises(ValidationError):
            Limits(**{name: outside})


def test_an_unknown_limit_is_refused():
    with pytest.raises(ValidationError):
        Limits.model_validate({"clips_per_hour": 3})


def test_limits_survive_being_stored():
    limits = Limits(user_clips_per_day=None, endpoints=frozenset({Endpoint.TURBO}), max_frames=8)
    assert Limits.model_validate_json(limits.model_dump_json()) == limits


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 21, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 11, 21, 0, 30, tzinfo=timezone(timedelta(hours=1))), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=-5))), date(2026, 11, 21)),
    ],
)
def test_a_day_is_a_utc_day(moment, day):
    assert day_of(moment) == day


@given(st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_every_moment_lies_before_the_end_of_its_day_and_at_most_a_day_before(moment):
    assert timedelta(0) < day_end(day_of(moment)) - moment <= timedelta(days=1)


@given(
    limit=st.integers(0, 50),
    used=st.integers(0, 60),
)
def test_one_more_fits_exactly_when_fewer_were_used(limit, used):
    limits = Limits(user_clips_per_day=limit)
    try:
        check(limits, a_request(), usage(user_clips_today=used), FREE)
    except LimitExceeded:
        assert used >= limit
    else:
        assert used < limit


TURBO = Endpoint.TURBO


@pytest.mark.parametrize(
    ("limits", "asked", "became"),
    [
        ({"max_frames": 8}, {}, {"num_frames": 8}),
        ({"max_steps": 20}, {}, {"num_inference_steps": 20}),
        ({"max_steps": 2}, {"endpoint": TURBO}, {"num_inference_steps": 2}),
        ({"max_pixels": 100_000}, {}, {"pixels": (312, 312)}),
        ({"max_pixels": 4096}, {}, {"pixels": (64, 64)}),
        # another endpoint brings its own steps and guidance
        ({"endpoints": {TURBO}}, {}, {"endpoint": TURBO, "num_inference_steps": 4, "guidance_scale": 1}),
        ({"endpoints": {TURBO}, "max_steps": 3}, {}, {"endpoint": TURBO, "num_inference_steps": 3}),
        ({"endpoints": {TURBO}}, {"num_inference_steps": 9}, {"endpoint": TURBO, "num_inference_steps": 9}),
        ({"max_frames": 8, "max_steps": 5}, {"fps": 4}, {"num_frames": 8, "num_inference_steps": 5, "fps": 4}),
        # within the limits nothing changes
        ({}, {}, {"num_frames": 16, "num_inference_steps": 25, "pixels": (512, 512)}),
    ],
)
def test_what_nobody_asked_for_is_fitted_into_the_limits(limits, asked, became):
    fitted = Limits(**limits).fitted(a_request(**asked))
    assert {name: getattr(fitted, name) for name in became} == became
    check(Limits(**limits), fitted, usage(), FREE)


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ({"max_frames": 8}, {"num_frames": 16}),
        ({"max_steps": 20}, {"num_inference_steps": 25}),
        ({"max_pixels": 100_000}, {"video_size": "square"}),
        ({"max_pixels": 100_000}, {"video_size": {"width": 512, "height": 512}}),
        ({"endpoints": {TURBO}}, {"endpoint": Endpoint.STANDARD}),
        ({"endpoints": ()}, {}),
    ],
)
def test_what_was_asked_for_is_refused_and_never_changed(limits, asked):
    request = a_request(**asked)
    assert Limits(**limits).fitted(request) == request
    refusal(Limits(**limits), usage(), **asked)


def test_a_request_that_comes_back_from_the_store_or_is_re_rolled_was_all_asked_for():
    stored = type(a_request()).model_validate_json(a_request().model_dump_json())
    for request in (stored, a_request().with_seed(7)):
        assert Limits(max_frames=8).fitted(request) == request
