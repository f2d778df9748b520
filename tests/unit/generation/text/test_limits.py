"""Limits as admins write them: what can be read, what cannot, and that what is shown can be written again."""

import re

import pytest

from adapters.discord.text.markup import DISCORD
from adapters.slack.text.markup import SLACK
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import Endpoint
from generation.rules.limits import LimitName, Limits
from generation.text.dialect import PLAIN
from generation.text.limits import limit_named, limit_range_words, limit_value, limit_words, size_words, typed_name

N = LimitName


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        (N.USER_CLIPS_PER_DAY, " 30 ", 30),
        (N.USER_CLIPS_PER_DAY, "none", None),
        (N.SERVER_CLIPS_PER_DAY, "Unlimited", None),
        (N.SERVER_CLIPS_PER_DAY, "1,000", 1000),
        (N.SERVER_BUDGET_PER_DAY, "$2.50", 2_500_000),
        (N.SERVER_BUDGET_PER_DAY, "0", 0),
        (N.SERVER_BUDGET_PER_DAY, "off", None),
        (N.MAX_PIXELS, "262144", 262_144),
        (N.ENDPOINTS, "turbo", frozenset({Endpoint.TURBO})),
        (N.ENDPOINTS, "Standard , turbo,", frozenset(Endpoint)),
    ],
)
def test_what_admins_write_becomes_a_value(name: LimitName, text: str, value: object) -> None:
    assert limit_value(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (N.USER_ACTIVE_JOBS, "none"),
        (N.USER_ACTIVE_JOBS, "0"),
        (N.MAX_FRAMES, "129"),
        (N.MAX_FRAMES, "a few"),
        (N.MAX_STEPS, "12.5"),
        (N.USER_CLIPS_PER_DAY, "-1"),
        (N.SERVER_BUDGET_PER_DAY, "NaN"),
        (N.SERVER_BUDGET_PER_DAY, "-0.01"),
        (N.SERVER_BUDGET_PER_DAY, "1e9"),
        (N.ENDPOINTS, ""),
        (N.ENDPOINTS, "none"),
        (N.ENDPOINTS, "turbo standard"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(name: LimitName, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        limit_value(name, text)
    (violation,) = refused.value.violations
    assert violation.allowed == limit_range_words(name)


@pytest.mark.parametrize("name", LimitName)
def test_a_limit_is_found_by_its_stored_name_and_by_what_either_chat_calls_it(name: LimitName) -> None:
    written = (
        name.value,
        name.value.upper().replace("_", "-"),
        *(typed_name(name, d) for d in (PLAIN, DISCORD, SLACK)),
    )
    assert {limit_named(text) for text in written} == {name}


def test_no_name_that_is_typed_on_slack_speaks_of_servers_pixels_or_endpoints() -> None:
    typed = " ".join(typed_name(name, SLACK) for name in LimitName)
    assert not re.search("server|pixels|endpoints", typed)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (64 * 64, "64×64"),
        (512 * 512, "512×512"),
        (1024 * 576, "768×768"),
        (640 * 384, "512×480"),
        (1024 * 768, "1024×768"),
        (1024 * 1024, "1024×1024"),
        (300_001, "547×547"),
    ],
)
def test_so_many_pixels_are_shown_as_a_size(pixels: int, words: str) -> None:
    assert size_words(pixels) == words


@pytest.mark.parametrize("text", ["512x512", "512×512", " 512 X 512 ", "512*512", "262144", "262,144"])
def test_a_size_may_be_written_as_a_size_or_in_pixels(text: str) -> None:
    assert limit_value(N.MAX_PIXELS, text) == 512 * 512


@pytest.mark.parametrize("name", LimitName)
def test_what_is_shown_can_be_written_again(name: LimitName) -> None:
    limits = Limits()
    value = limit_value(name, limit_words(limits, name))
    assert Limits.model_validate({**limits.model_dump(), name.value: value}) == limits


@pytest.mark.parametrize("name", LimitName)
def test_every_value_that_is_taken_is_a_limit(name: LimitName) -> None:
    for text in ("0", "1", "32", "50", "4096", "turbo", "none", "$3"):
        try:
            value = limit_value(name, text)
        except InvalidRequest:
            continue
        Limits.model_validate({name.value: value})


def test_ranges_are_said_once_and_for_all() -> None:
    assert limit_range_words(N.MAX_FRAMES) == "a whole number from 1 to 128"
    assert limit_range_words(N.USER_CLIPS_PER_DAY) == "a whole number from 0 to 1,000,000, or none"
    assert limit_words(Limits(server_budget_per_day=None), N.SERVER_BUDGET_PER_DAY) == "no limit"
    assert limit_words(Limits(endpoints=frozenset()), N.ENDPOINTS) == "none"
