"""From ``/animate`` to the clip in the channel, over sockets and over signed HTTP."""

from pathlib import Path

import pytest

from doubles.backend import tiny_mp4
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import GENERAL
from slack_bot import PROMPT, SHIPPED, buttons, clips, public, running_bot, words


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    """A Slack in which the app was made from our manifest."""
    return await open_slack_double(**SHIPPED)


@pytest.mark.parametrize("over_http", [False, True], ids=["socket", "http"])
async def test_a_wish_becomes_one_message_that_ends_with_its_clip(
    slack: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    async with running_bot(slack, tmp_path, over_http=over_http) as bot:
        message = await bot.clip()
        assert slack.file(message.file_ids[0]).content == tiny_mp4()
        assert public(slack) == [message] == clips(slack)
        assert bot.bought == 1
        job = await bot.the_job()
    assert PROMPT in words(message)
    assert "*Done*" in words(message)
    assert buttons(message) == ["v1:reroll"]
    assert message.metadata == {"event_type": "flipbook_job", "event_payload": {"job_id": job.id, "part": "status"}}
    assert message.channel == GENERAL
