"""What no handler is for is acknowledged all the same, so that Slack does not deliver it again."""

from pathlib import Path

import pytest

from doubles.slack.inbound import events
from doubles.slack.server import SlackDouble
from slack_bot import public, running_bot

TRANSPORTS = pytest.mark.parametrize("over_http", [False, True], ids=["socket", "http"])


@TRANSPORTS
async def test_a_command_that_the_bot_does_not_have_is_one_sentence(
    slack: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    async with running_bot(slack, tmp_path, over_http=over_http) as bot:
        told = await bot.told(await slack.slash("/dance", "a fox"))
        assert told == "I do not serve this command. Type `/flipbook help` for those that I do."
        assert (await bot.jobs(), public(slack)) == ([], [])


@TRANSPORTS
async def test_revoked_tokens_of_people_are_acknowledged_and_change_nothing(
    slack: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    async with running_bot(slack, tmp_path, over_http=over_http) as bot:
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}
        event = events.about(slack.platform, slack.home, None, revoked)
        assert event is not None
        await slack.platform.courier.deliver(event)
        assert event.ack is not None
        message = await bot.clip()
        assert public(slack) == [message]
