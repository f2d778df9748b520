"""`flipbook doctor` asks both chats for real, and says of each trouble what to do about it."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.commands.doctor.checks import examine
from bot.settings import load_settings
from doubles.clock import ManualClock
from doubles.discord.server import DiscordDouble
from doubles.discord.state.permissions import Permission
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import APP_TOKEN, SIGNING_SECRET
from generation.diagnostics import Finding
from slack_bot import SHIPPED


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    return await open_slack_double(**SHIPPED)


async def examined(folder: Path, *, clock: ManualClock | None = None, **settings: Any) -> list[Finding]:
    usual = {"data_dir": folder, "engine": "preview"}
    found = await examine(load_settings(**(usual | settings)), clock=clock or ManualClock(datetime.now(UTC)))
    names = [finding.what for finding in found]
    return found[names.index("backend worker") + 1 :]


def on_discord(double: DiscordDouble, **changes: Any) -> dict[str, Any]:
    addresses = {"discord_api_url": double.api_url, "discord_gateway_url": double.gateway_url}
    return addresses | {"discord_token": double.token} | changes


def on_slack(double: SlackDouble, **changes: Any) -> dict[str, Any]:
    tokens = {"slack_bot_token": double.home.tokens.bot, "slack_app_token": APP_TOKEN}
    return {"slack_api_url": double.base_url} | tokens | changes


def bad(found: list[Finding]) -> list[str]:
    return [str(finding) for finding in found if finding.is_bad]


async def test_both_chats_in_order(discord_double: DiscordDouble, slack: SlackDouble, tmp_path: Path) -> None:
    found = await examined(tmp_path, **on_discord(discord_double), **on_slack(slack))
    assert bad(found) == []
    assert [finding.what for finding in found] == [
        "Discord token",
        "Discord servers",
        "Discord gateway",
        "Slack SLACK_BOT_TOKEN",
        "Slack scopes",
        "Slack SLACK_APP_TOKEN",
        "Slack socket",
        "clock",
    ]


async def test_without_any_token_it_says_how_to_set_one_up(tmp_path: Path) -> None:
    (note,) = await examined(tmp_path)
    assert str(note) == ("note chats: none is set up; `flipbook setup discord` or `flipbook setup slack` sets it up")


@pytest.mark.parametrize("half", [{"slack_app_token": APP_TOKEN}, {"slack_signing_secret": SIGNING_SECRET}])
async def test_half_of_slack_is_not_slack(tmp_path: Path, half: dict[str, str]) -> None:
    assert "SLACK_BOT_TOKEN is not set, so Slack is not served" in bad(await examined(tmp_path, **half))[0]


async def test_a_revoked_token_of_one_chat_leaves_the_other_checked(
    discord_double: DiscordDouble, slack: SlackDouble, tmp_path: Path
) -> None:
    await slack.fault(faults.TokensDead("token_revoked"))
    found = await examined(tmp_path, **on_discord(discord_double), **on_slack(slack))
    assert [line.partition(":")[0] for line in bad(found)] == ["BAD  Slack SLACK_BOT_TOKEN"]
    assert "it was revoked; install the app again" in bad(found)[0]
    again = await examined(tmp_path, **on_discord(discord_double, discord_token="MQwrong.wrong.wrong-wrong"))
    assert [line.partition(":")[0] for line in bad(again)] == ["BAD  Discord token"]


async def test_missing_scopes_and_permissions_are_named(
    discord_double: DiscordDouble, open_slack_double: OpenDouble, tmp_path: Path
) -> None:
    slack = await open_slack_double(**{**SHIPPED, "scopes": [s for s in SHIPPED["scopes"] if s != "files:write"]})
    for role in discord_double.guilds.studio.roles.values():
        role.permissions = Permission(role.permissions & ~Permission.ATTACH_FILES)
    lines = bad(await examined(tmp_path, **on_discord(discord_double), **on_slack(slack)))
    assert ["Attach Files (to put the MP4" in lines[0], "files:write (upload the clips)" in lines[1]] == [True, True]
    assert len(lines) == 2


async def test_a_skewed_clock_is_bad_where_slack_signs_and_a_note_elsewhere(slack: SlackDouble, tmp_path: Path) -> None:
    wrong = ManualClock(datetime.now(UTC) + timedelta(hours=1))
    http = {"slack_app_token": None, "slack_signing_secret": SIGNING_SECRET, "public_url": "https://flipbook.example"}
    (line,) = bad(await examined(tmp_path, clock=wrong, **on_slack(slack, **http)))
    assert "3,600 s ahead of Slack's" in line or "3,599 s ahead of Slack's" in line or "3,601 s" in line
    assert "refused as replayed, so all of them get 401" in line
    assert bad(await examined(tmp_path, clock=wrong, **on_slack(slack))) == []


async def test_signed_http_without_an_address_is_named(slack: SlackDouble, tmp_path: Path) -> None:
    http = {"slack_app_token": None, "slack_signing_secret": SIGNING_SECRET}
    (line,) = bad(await examined(tmp_path, **on_slack(slack, **http)))
    assert "set FLIPBOOK_PUBLIC_URL" in line


async def test_hosts_out_of_reach_are_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        discord = {"discord_api_url": f"{base}/api/v10", "discord_token": "MQtoken.token.token"}
        slack = {"slack_api_url": f"{base}/api/", "slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}
        lines = bad(await examined(tmp_path, **discord, **slack))
    assert [f"{base}/api" in line and "look at this machine's network" in line for line in lines] == [True, True]


async def test_no_secret_is_ever_in_what_it_says(
    discord_double: DiscordDouble, slack: SlackDouble, tmp_path: Path
) -> None:
    found = await examined(tmp_path, **on_discord(discord_double), **on_slack(slack, slack_app_token="xapp-1-A1-1-bad"))
    text = "\n".join(map(str, found))
    for secret in (discord_double.token, slack.home.tokens.bot, "xapp-1-A1-1-bad"):
        assert secret not in text
