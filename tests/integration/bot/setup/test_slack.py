"""`flipbook setup slack`: from nothing to two working tokens of one app in `.env`, over Socket Mode or signed HTTP."""

from pathlib import Path
from typing import Any

import pytest

from adapters.slack import creation_url, manifest
from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, slack_setup
from bot.commands.setup.flow import SetupStopped
from bot.exit_codes import Exit
from bot.settings import load_settings
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import APP_TOKEN
from generation.protocol.clock import SystemClock
from setup_at_a_terminal import PlannedTerminal, set_up
from slack_bot import SHIPPED

ADDRESS = "https://flipbook.example"
SECRET = "0123456789abcdef" * 2


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    return await open_slack_double(**SHIPPED)


def chat(double: SlackDouble, *, signed_http: bool = False, **settings: Any) -> ChatSetup:
    return slack_setup(load_settings(slack_api_url=double.base_url, **settings), SystemClock(), signed_http=signed_http)


def both(double: SlackDouble) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": double.home.tokens.bot, "SLACK_APP_TOKEN": APP_TOKEN}


async def test_a_person_is_guided_to_both_tokens(slack: SlackDouble, tmp_path: Path) -> None:
    person = PlannedTerminal([slack.home.tokens.bot, APP_TOKEN])
    assert await set_up(chat(slack), tmp_path, person) is Exit.OK
    expected = f"SLACK_BOT_TOKEN={slack.home.tokens.bot}\nSLACK_APP_TOKEN={APP_TOKEN}\n"
    assert (tmp_path / ".env").read_text() == expected
    assert creation_url(manifest()) in person.said[0]
    assert "scope connections:write" in person.said[0]
    assert person.said[-1] == f"Next: flipbook run\n{text.SLACK_AFTERWARDS}\n\n{text.ONLY_PREVIEWS}"
    assert [token in person.text for token in both(slack).values()] == [False, False]


async def test_tokens_in_the_wrong_order_are_each_named(slack: SlackDouble, tmp_path: Path) -> None:
    person = PlannedTerminal([APP_TOKEN, slack.home.tokens.bot, slack.home.tokens.bot, APP_TOKEN])
    assert await set_up(chat(slack), tmp_path, person) is Exit.OK
    assert "This is the app-level token. The bot token (xoxb-…) is on" in person.text
    assert "This is the bot token. The app-level token (xapp-…) is made on" in person.text


async def test_only_the_token_that_is_refused_is_asked_for_again(slack: SlackDouble, tmp_path: Path) -> None:
    await slack.fault(faults.AnswersError("apps.connections.open", "missing_scope"))
    person = PlannedTerminal([slack.home.tokens.bot, APP_TOKEN, APP_TOKEN])
    assert await set_up(chat(slack), tmp_path, person) is Exit.OK
    assert person.asked == [text.SLACK_BOT_QUESTION, text.SLACK_APP_QUESTION, text.SLACK_APP_QUESTION]
    assert "it lacks the scope connections:write" in person.text


async def test_missing_scopes_keep_the_tokens_and_say_what_to_do(open_slack_double: OpenDouble, tmp_path: Path) -> None:
    slack = await open_slack_double(**{**SHIPPED, "scopes": [s for s in SHIPPED["scopes"] if s != "files:write"]})
    person = PlannedTerminal([slack.home.tokens.bot, APP_TOKEN])
    assert await set_up(chat(slack), tmp_path, person) is Exit.FAILED
    assert (tmp_path / ".env").exists()
    assert person.said[-1] == (
        "Add the scopes files:write on “OAuth & Permissions”, then install the app again.\n"
        "Then run again: flipbook setup slack"
    )
    slack.home.tokens.scopes.append("files:write")
    again = PlannedTerminal([])
    assert await set_up(chat(slack), tmp_path, again) is Exit.OK
    assert again.said[-2] == "Slack: everything is set up correctly."


async def test_a_revoked_token_in_the_file_is_found_and_asked_for(slack: SlackDouble, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN=xoxb-last-year\nSLACK_APP_TOKEN={APP_TOKEN}\n")
    person = PlannedTerminal([slack.home.tokens.bot])
    assert await set_up(chat(slack), tmp_path, person) is Exit.OK
    assert person.asked == [text.SLACK_BOT_QUESTION]  # nobody wants to keep what was just refused
    assert (tmp_path / ".env").read_text() == "".join(f"{name}={value}\n" for name, value in both(slack).items())


async def test_without_a_terminal_what_is_missing_is_named(slack: SlackDouble, tmp_path: Path) -> None:
    await chat(slack).check(both(slack))  # the judge wants to have seen something
    with pytest.raises(SetupStopped, match="SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set") as neither:
        await set_up(chat(slack), tmp_path, PlannedTerminal())
    given = {"SLACK_BOT_TOKEN": slack.home.tokens.bot}
    with pytest.raises(SetupStopped, match=r"^SLACK_APP_TOKEN is not set") as one:
        await set_up(chat(slack), tmp_path, PlannedTerminal(), given=given)
    assert (neither.value.code, one.value.code) == (Exit.INVALID, Exit.INVALID)


async def test_over_http_it_wants_the_signing_secret_and_makes_the_app_for_that(
    slack: SlackDouble, tmp_path: Path
) -> None:
    over_http = chat(slack, signed_http=True, public_url=ADDRESS)
    person = PlannedTerminal([slack.home.tokens.bot, SECRET])
    assert await set_up(over_http, tmp_path, person) is Exit.OK
    assert creation_url(manifest(public_url=ADDRESS)) in person.said[0]
    assert f"signed requests come to {ADDRESS}/slack/events" in person.text
    assert (tmp_path / ".env").read_text().endswith(f"SLACK_SIGNING_SECRET={SECRET}\n")
    assert SECRET not in person.text
