"""What a setup does with what it finds: a token that was just refused is replaced unasked, any other only if agreed."""

from pathlib import Path

import pytest

from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, discord_setup, slack_setup
from bot.exit_codes import Exit
from bot.settings import load_settings
from doubles.discord.server import DiscordDouble
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import APP_TOKEN
from generation.protocol.clock import SystemClock
from setup_at_a_terminal import PlannedTerminal, set_up
from slack_bot import SHIPPED

BOT_TOKEN = "xoxb-home-double"


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    return await open_slack_double(**SHIPPED)


def on_discord(double: DiscordDouble) -> ChatSetup:
    settings = load_settings(discord_api_url=double.api_url, discord_gateway_url=double.gateway_url)
    return discord_setup(settings, SystemClock())


def on_slack(double: SlackDouble) -> ChatSetup:
    return slack_setup(load_settings(slack_api_url=double.base_url), SystemClock(), signed_http=False)


@pytest.mark.parametrize(
    "found",
    [
        "MTI5MDAwMDAw.revoked.revoked-token",  # refused by Discord
        "1290000000000000001",  # an id
        "'Bot abc'",
        "xoxb-1-2-z",
        '"https://discord.com/developers"',
    ],
)
async def test_a_discord_token_that_cannot_be_used_is_replaced_unasked(
    discord_double: DiscordDouble, tmp_path: Path, found: str
) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={found}\n")
    person = PlannedTerminal([discord_double.token])
    assert await set_up(on_discord(discord_double), tmp_path, person) is Exit.OK
    assert person.asked == [text.DISCORD_QUESTION]
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord_double.token}\n"


async def test_the_right_token_with_more_around_it_is_put_right_unasked(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN='\"Bot {discord_double.token}\"'\n")
    person = PlannedTerminal([])
    assert await set_up(on_discord(discord_double), tmp_path, person) is Exit.OK
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord_double.token}\n"


@pytest.mark.parametrize(
    ("bot", "app", "answers"),
    [
        ("xoxb-revoked", APP_TOKEN, [BOT_TOKEN]),
        (BOT_TOKEN, "xapp-1-A0FLIPBOOK-1-revoked", [APP_TOKEN]),
        ("xoxb-revoked", "xapp-1-A0FLIPBOOK-1-revoked", [BOT_TOKEN, APP_TOKEN]),
        (APP_TOKEN, BOT_TOKEN, [BOT_TOKEN, APP_TOKEN]),  # swapped
        ("xoxp-a-persons", APP_TOKEN, [BOT_TOKEN]),
    ],
)
async def test_slack_tokens_that_cannot_be_used_are_replaced_unasked(
    slack: SlackDouble, tmp_path: Path, bot: str, app: str, answers: list[str]
) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={bot}\nSLACK_APP_TOKEN={app}\n")
    person = PlannedTerminal(answers)
    assert await set_up(on_slack(slack), tmp_path, person) is Exit.OK
    assert "Replace?" not in person.text
    assert (tmp_path / ".env").read_text() == f"SLACK_BOT_TOKEN={BOT_TOKEN}\nSLACK_APP_TOKEN={APP_TOKEN}\n"


async def test_an_empty_answer_gets_a_hint_and_not_for_ever(discord_double: DiscordDouble, tmp_path: Path) -> None:
    person = PlannedTerminal(["", "  ", discord_double.token])
    assert await set_up(on_discord(discord_double), tmp_path, person) is Exit.OK
    assert person.said.count(text.EMPTY) == 2
