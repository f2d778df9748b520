"""What members choose for themselves: within the server's limits, and told when they want to be."""

from datetime import timedelta

import pytest

from factories import a_request
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import Endpoint, VideoSizePreset
from generation.rules.choices import MemberChoices, is_told
from generation.rules.limits import Limits
from generation.rules.policy import NotifyWhen, Policy

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("when", "took", "told"),
    [
        (NotifyWhen.NEVER, timedelta(days=1), False),
        (NotifyWhen.WHEN_SLOW, MINUTE, False),
        (NotifyWhen.WHEN_SLOW, MINUTE + MOMENT, True),
        (NotifyWhen.ALWAYS, MOMENT, True),
    ],
)
def test_a_clip_is_slow_after_a_minute(when, took, told):
    assert is_told(when, took) is told


def test_without_a_choice_the_server_says_when():
    never = Policy(notify=NotifyWhen.NEVER)
    assert MemberChoices().notify_in(never) is NotifyWhen.NEVER
    assert MemberChoices(notify=NotifyWhen.ALWAYS).notify_in(never) is NotifyWhen.ALWAYS
    assert MemberChoices().notify_in(Policy()) is NotifyWhen.WHEN_SLOW


def test_choices_are_read_within_the_limits_of_today():
    own = MemberChoices(
        endpoint=Endpoint.STANDARD, video_size=VideoSizePreset.SQUARE_HD, num_frames=32, num_inference_steps=50, fps=30
    )
    narrow = Limits(endpoints=frozenset({Endpoint.TURBO}), max_pixels=512 * 512, max_frames=16, max_steps=8)
    assert own.within(narrow) == MemberChoices(num_frames=16, num_inference_steps=8, fps=30)
    assert own.within(Limits()) == own


def test_a_choice_that_cannot_be_is_named():
    with pytest.raises(InvalidRequest) as refused:
        MemberChoices().changed({"num_frames": 33, "fps": 0})
    assert {each.field for each in refused.value.violations} == {"num_frames", "fps"}


def test_own_defaults_stand_above_the_servers_and_under_what_was_asked_for():
    policy = Policy(default_quality=Endpoint.TURBO, default_frames=24)
    own = MemberChoices(endpoint=Endpoint.STANDARD, num_frames=8, negative_prompt="rain")
    made = policy.completed(a_request(num_frames=12), own=own.defaults)
    assert (made.endpoint, made.num_frames, made.negative_prompt) == (Endpoint.STANDARD, 12, "rain")
    assert policy.completed(a_request(), own=own.defaults).num_frames == 8
    assert policy.completed(a_request()).num_frames == 24
