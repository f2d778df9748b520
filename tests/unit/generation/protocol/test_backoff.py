"""Pauses double up to the longest one, and what the other side asks for counts where it is longer."""

import pytest

from generation.protocol.backoff import Backoff


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2.0), (2, 4.0), (4, 16.0), (5, 30.0), (10**6, 30.0), (0, 2.0)])
def test_each_pause_is_twice_the_one_before_up_to_the_longest(attempt: int, seconds: float) -> None:
    assert Backoff(first=2, longest=30).before(attempt) == seconds


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 4.0), (0.0, 4.0), (3.0, 4.0), (90.0, 90.0)])
def test_the_other_side_can_ask_for_a_longer_pause(retry_after: float | None, seconds: float) -> None:
    assert Backoff(first=2, longest=30).with_retry_after(2, retry_after) == seconds
