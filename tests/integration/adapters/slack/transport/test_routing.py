"""What no handler is for is acknowledged all the same, so that Slack does not deliver it again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doubles.slack.inbound import events, payloads
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.world import GENERAL, MIRA
from slack_bot import SHIPPED, public, running_bot

TRANSPORTS = pytest.mark.parametrize("over_http", [False, True], ids=["socket", "http"])


@pytest.fixture
async def unjudged() -> AsyncIterator[SlackDouble]:
    """For payloads that Slack's descriptions leave out, or that Slack would never send."""
    async with SlackDouble(None, **SHIPPED) as slack:
        yield slack


@TRANSPORTS
async def test_a_command_that_the_bot_does_not_have_is_one_sentence(
    slack: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    async with running_bot(slack, tmp_path, over_http=over_http) as bot:
        told = await bot.told(await slack.slash("/dance", "a fox"))
        assert told == "The bot does not have this command. `/flipbook help` lists those that it has."
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


@TRANSPORTS
async def test_shortcuts_dialogs_and_other_events_are_acknowledged(
    unjudged: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    platform, home = unjudged.platform, unjudged.home
    async with running_bot(unjudged, tmp_path, over_http=over_http) as bot:
        message = await bot.clip()
        shortcut = payloads.global_shortcut(platform, home, MIRA, "forged")
        about_message = payloads.message_shortcut(platform, home, message, MIRA, "forged")
        home_opened = {"type": "app_home_opened", "user": MIRA, "channel": "D1", "tab": "home", "event_ts": "1.000001"}
        for delivery in (
            Delivery("interactive", "shortcut", shortcut, home.team),
            Delivery("interactive", "message_action", about_message, home.team),
            events._delivery(platform, home, None, home_opened),
        ):
            await platform.courier.deliver(delivery)
            assert delivery.ack is not None
        assert public(unjudged) == [message]


@TRANSPORTS
async def test_a_forged_button_is_one_sentence(unjudged: SlackDouble, tmp_path: Path, over_http: bool) -> None:
    platform, home = unjudged.platform, unjudged.home
    async with running_bot(unjudged, tmp_path, over_http=over_http) as bot:
        message = await bot.clip()
        action = payloads.action_in(platform, message.blocks, "v1:reroll", None) | {"action_id": "v1:reroll\n"}
        click = payloads.message_click(platform, home, message, MIRA, action)
        sent = await platform.courier.deliver(Delivery("interactive", "block_actions", click, home.team))
        assert (await bot.told(sent)).startswith("This button no longer does anything.")
        assert bot.bought == 1


@TRANSPORTS
async def test_an_act_without_what_slack_always_sends_is_acknowledged_once(
    unjudged: SlackDouble, tmp_path: Path, over_http: bool
) -> None:
    platform, home = unjudged.platform, unjudged.home
    async with running_bot(unjudged, tmp_path, over_http=over_http) as bot:
        command = payloads.slash(platform, home, home.channels[GENERAL], MIRA, "/animate", "a fox")
        del command["trigger_id"]
        sent = await platform.courier.deliver(Delivery("slash_commands", "slash", command, home.team))
        assert (sent.ack is not None, len(sent.attempts)) == (True, 1)
        assert await bot.jobs() == []
