"""From where a channel is seen: what decides who may read a prompt."""

import pytest

from factories import a_channel, a_server
from generation.domain.refs import ChannelRef, Platform

SLACK = a_server("T1", Platform.SLACK)


@pytest.mark.parametrize(
    ("job", "place", "is_seen"),
    [
        (a_channel("1"), a_channel("1"), True),
        (a_channel("1"), a_channel("2"), False),
        (a_channel("1"), a_channel("1", thread="9"), True),
        (a_channel("1", thread="9"), a_channel("1"), False),
        (a_channel("1", thread="9"), a_channel("1", thread="9"), True),
        (a_channel("1", thread="9"), a_channel("1", thread="8"), False),
        # the client does not know the thread, and so not its parent
        (a_channel("1", thread="9"), a_channel("9"), True),
        (a_channel("9"), a_channel("1", thread="9"), True),
        (a_channel("1"), a_channel("1", server=a_server("9002")), False),
        (ChannelRef(SLACK, "C1", "1.5"), ChannelRef(SLACK, "C1"), True),
        (ChannelRef(SLACK, "C1", "1.5"), ChannelRef(SLACK, "C1", "2.5"), True),
        (ChannelRef(SLACK, "C1"), ChannelRef(SLACK, "C2"), False),
    ],
)
def test_a_private_thread_is_seen_from_itself_only(job: ChannelRef, place: ChannelRef, is_seen: bool) -> None:
    assert job.is_seen_from(place) is is_seen
