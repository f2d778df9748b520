"""A server's days begin at its own midnight, follow each other without a gap, and none counts twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.protocol.errors import InvalidRequest
from generation.rules.limits import UTC_CALENDAR, Calendar, is_zone
from generation.rules.policy import Policy

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # half an hour off
    "Africa/Cairo",  # summer time begins at midnight: that midnight does not exist
    "America/Santiago",  # summer time ends at midnight: 23:00 to 24:00 comes twice
    "Australia/Lord_Howe",  # summer time of half an hour
    "Pacific/Kiritimati",  # UTC+14
    "Pacific/Pago_Pago",  # UTC-11
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
ZONE = st.sampled_from(ZONES)


@given(zone=ZONE, moment=MOMENTS)
def test_a_day_lasts_until_the_next_begins(zone: str, moment: datetime) -> None:
    calendar = Calendar(zone)
    day = calendar.day_of(moment)
    assert day == moment.astimezone(ZoneInfo(zone)).date()
    ends = calendar.day_end(day)
    assert moment < ends <= moment + timedelta(hours=25)
    assert calendar.day_of(ends) == day + timedelta(days=1)
    assert calendar.day_of(ends - timedelta(microseconds=1)) == day


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("America/Santiago", date(2026, 4, 4), 25),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_days_of_daylight_saving_have_23_and_25_hours(zone: str, day: date, hours: int) -> None:
    calendar = Calendar(zone)
    begins = calendar.day_end(day - timedelta(days=1))
    assert (calendar.day_end(day) - begins) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2027, 2, 1), datetime(2027, 3, 1, tzinfo=UTC)),
        (date(2027, 2, 28), datetime(2027, 3, 1, tzinfo=UTC)),
        (date(2028, 2, 29), datetime(2028, 3, 1, tzinfo=UTC)),
        (date(2026, 1, 31), datetime(2026, 2, 1, tzinfo=UTC)),
        (date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_month_has_the_days_it_has(day: date, ends: datetime) -> None:
    assert UTC_CALENDAR.month_end(day) == ends


def test_a_month_ends_at_the_servers_own_midnight() -> None:
    assert Calendar("Asia/Tokyo").month_end(date(2027, 2, 10)) == datetime(2027, 2, 28, 15, tzinfo=UTC)


def test_another_zone_takes_effect_when_the_day_is_over() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    calendar = UTC_CALENDAR.moved_to("Asia/Tokyo", noon)
    # in Tokyo the 21st begins at 15:00 UTC, and here only when the 20th has ended
    assert calendar.day_of(noon.replace(hour=23)) == date(2026, 11, 20)
    assert calendar.day_of(noon + timedelta(hours=12)) == date(2026, 11, 21)
    assert calendar.day_end(date(2026, 11, 20)) == datetime(2026, 11, 21, tzinfo=UTC)
    assert calendar.day_end(date(2026, 11, 21)) == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_a_zone_that_is_behind_makes_the_day_longer_instead_of_counting_it_twice() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    calendar = UTC_CALENDAR.moved_to("America/New_York", noon)
    # at midnight UTC it is still the 20th in New York, until 05:00 UTC
    assert calendar.day_of(datetime(2026, 11, 21, 4, 59, tzinfo=UTC)) == date(2026, 11, 20)
    assert calendar.day_end(date(2026, 11, 20)) == datetime(2026, 11, 21, 5, tzinfo=UTC)


@given(first=ZONE, changes=st.lists(st.tuples(ZONE, st.integers(0, 60)), max_size=5), start=MOMENTS)
def test_over_any_changes_of_zone_days_only_go_on(first: str, changes: list[tuple[str, int]], start: datetime) -> None:
    calendar, now, seen = Calendar(first), start, [Calendar(first).day_of(start)]
    for zone, hours in [*changes, ("UTC", 80)]:
        day = calendar.day_of(now)
        calendar = calendar.moved_to(zone, now)
        assert calendar.day_of(now) == day, "a change says nothing about the day it is made in"
        for _ in range(hours):
            now += timedelta(hours=1)
            seen.append(calendar.day_of(now))
            assert calendar.day_end(seen[-1]) > now
    assert seen == sorted(seen)
    days = (seen[-1] - seen[0]).days
    # nobody gets more days than there are
    assert abs(days - (now - start) / timedelta(days=1)) <= 2


def test_a_change_that_is_taken_back_on_the_same_day_changes_nothing() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    policy = Policy().in_zone("Asia/Tokyo", noon).in_zone("UTC", noon + timedelta(minutes=1))
    for hours in range(48):
        moment = noon + timedelta(hours=hours)
        assert policy.calendar.day_of(moment) == UTC_CALENDAR.day_of(moment)


def test_a_clock_that_was_set_back_before_the_change_finds_the_day_it_was() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    calendar = UTC_CALENDAR.moved_to("Asia/Tokyo", noon)
    assert calendar.day_of(noon - timedelta(days=2)) == date(2026, 11, 18)


@pytest.mark.parametrize(
    "name", ["", "Moon", "Europe", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "x" * 500]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(InvalidRequest):
        Policy().in_zone(name, datetime(2026, 11, 20, tzinfo=UTC))
