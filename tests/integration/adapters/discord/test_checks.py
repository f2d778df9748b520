"""Before the bot is started Discord is asked everything that could keep it from working, and disturbed in nothing."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.discord import check_discord, invite_url
from doubles.clock import ManualClock
from doubles.discord.server import DiscordDouble
from doubles.discord.state.permissions import Permission
from generation.diagnostics import Checkup, Grade


async def checkup(double: DiscordDouble, **changes: Any) -> Checkup:
    """What is found with the double's own token, its addresses and its clock, unless the test says otherwise."""
    token = changes.pop("token", double.token)
    usual = {"api_url": double.api_url, "gateway_url": double.gateway_url, "clock": ManualClock(datetime.now(UTC))}
    return await check_discord(SecretStr(token), **(usual | changes))


def lines(found: Checkup, grade: Grade) -> list[str]:
    return [f"{finding.what}: {finding.detail}" for finding in found.findings if finding.grade is grade]


async def test_a_bot_that_can_start_has_only_good_findings(discord_double: DiscordDouble) -> None:
    found = await checkup(discord_double)
    bot = discord_double.people.bot.id
    assert found == Checkup(found.findings)
    assert [(finding.grade, finding.what) for finding in found.findings] == [
        (Grade.GOOD, "Discord token"),
        (Grade.GOOD, "Discord servers"),
        (Grade.GOOD, "Discord gateway"),
    ]
    assert lines(found, Grade.GOOD)[:2] == [
        f"Discord token: accepted; it is Flipbook's, application {bot}",
        f"Discord servers: the bot is in studio, elsewhere; invite it to others: {invite_url(bot)}",
    ]


async def test_a_check_starts_no_session(discord_double: DiscordDouble) -> None:
    await checkup(discord_double)
    assert (discord_double.gateway.identified, discord_double.gateway.sessions) == (0, {})


async def test_a_wrong_token_is_refused_by_name(discord_double: DiscordDouble) -> None:
    found = await checkup(discord_double, token="MQwrong.wrong.wrong-wrong")
    assert (found.refused, found.is_reached, found.is_good) == (frozenset({"DISCORD_TOKEN"}), True, False)
    assert "does not accept the bot's token" in lines(found, Grade.BAD)[0]
    assert "MQwrong" not in str(found)
    other = await checkup(discord_double, token="ab" * 32)
    assert "This is the application's Public Key" in lines(other, Grade.BAD)[0]


async def test_a_bot_in_no_server_is_told_how_to_come_into_one(discord_double: DiscordDouble) -> None:
    for guild in discord_double.world.all_guilds:
        guild.bot_is_member = False
    found = await checkup(discord_double)
    link = invite_url(discord_double.people.bot.id)
    assert found.is_good
    assert lines(found, Grade.NOTE) == [f"Discord servers: the bot is in none yet; invite it: {link}"]
    assert found.still_to_do == f"Invite the bot to your server: {link}"


async def test_a_permission_that_its_roles_lack_is_named_with_its_reason(discord_double: DiscordDouble) -> None:
    studio = discord_double.guilds.studio
    for role in studio.roles.values():
        role.permissions = Permission(role.permissions & ~(Permission.ATTACH_FILES | Permission.ADMINISTRATOR))
    found = await checkup(discord_double)
    assert lines(found, Grade.BAD) == [
        "Discord server studio: lacks Attach Files (to put the MP4 into the message); grant it to the bot's role there"
    ]
    assert invite_url(discord_double.people.bot.id) in (found.still_to_do or "")


async def test_add_reactions_is_a_wish_and_no_fault(discord_double: DiscordDouble) -> None:
    for role in discord_double.guilds.studio.roles.values():
        role.permissions = Permission(role.permissions & ~(Permission.ADD_REACTIONS | Permission.ADMINISTRATOR))
    found = await checkup(discord_double)
    assert found.is_good
    (note,) = lines(found, Grade.NOTE)
    assert note.startswith("Discord server studio: lacks Add Reactions (to put 🔁 under a finished clip")
    assert note.endswith("; clips are made without it")


async def test_a_server_that_granted_nothing_is_one_short_line(discord_double: DiscordDouble) -> None:
    for role in discord_double.guilds.studio.roles.values():
        role.permissions = Permission(0)
    found = await checkup(discord_double)
    assert lines(found, Grade.BAD) == [
        "Discord server studio: lacks every permission that Flipbook needs; grant it to the bot's role there"
    ]


async def test_a_servers_name_moves_no_cursor(discord_double: DiscordDouble) -> None:
    discord_double.guilds.studio.name = "\x1b[2Jstudio\n\u202eoh"
    found = await checkup(discord_double)
    assert "\x1b" not in str([str(finding) for finding in found.findings]).replace("\\x1b", "\x1b")
    assert "the bot is in [2Jstudio oh, elsewhere" in "\n".join(lines(found, Grade.GOOD))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"interactions_endpoint_url": "https://example.org/x"}, "empty “Interactions Endpoint URL”"),
        ({"bot_require_code_grant": True}, "turn “Requires OAuth2 Code Grant” off"),
    ],
)
async def test_what_is_set_against_it_at_discord_is_named(
    discord_double: DiscordDouble, setting: dict[str, Any], words: str
) -> None:
    discord_double.world.application_settings |= setting
    found = await checkup(discord_double)
    assert [words in line for line in lines(found, Grade.BAD)] == [True]


async def test_no_sessions_left_is_said(discord_double: DiscordDouble) -> None:
    discord_double.gateway.identified = 1000
    found = await checkup(discord_double)
    assert "none left for today" in lines(found, Grade.BAD)[0]


async def test_a_gateway_out_of_reach_is_said_while_the_api_answers(discord_double: DiscordDouble) -> None:
    with socket.socket() as unlistened:
        unlistened.bind(("127.0.0.1", 0))
        found = await checkup(discord_double, gateway_url=f"ws://127.0.0.1:{unlistened.getsockname()[1]}/")
    assert found.is_reached
    assert "cannot be reached (ClientConnectorError); let this machine open wss://" in lines(found, Grade.BAD)[0]


async def test_discord_out_of_reach_says_nothing_about_the_token(discord_double: DiscordDouble) -> None:
    await checkup(discord_double)  # the judge wants to have seen something
    await discord_double.fault("cloudflare")
    banned = await checkup(discord_double)
    with socket.socket() as unlistened:
        unlistened.bind(("127.0.0.1", 0))
        unreachable = await checkup(discord_double, api_url=f"http://127.0.0.1:{unlistened.getsockname()[1]}/api/v10")
    for found, how in ((banned, "answered 429"), (unreachable, "ClientConnectorError")):
        assert (found.is_reached, found.refused, found.is_good) == (False, frozenset(), False)
        assert f"cannot be asked at the moment ({how})" in lines(found, Grade.BAD)[0]


async def test_a_discord_that_never_answers_is_given_up(discord_double: DiscordDouble) -> None:
    await checkup(discord_double)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = await checkup(
            discord_double, api_url=f"http://127.0.0.1:{silent.getsockname()[1]}/api/v10", timeout_seconds=0.2
        )
    assert (found.is_reached, "(TimeoutError)" in lines(found, Grade.BAD)[0]) == (False, True)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_skewed_clock_is_noted(discord_double: DiscordDouble, minutes: int) -> None:
    found = await checkup(discord_double, clock=ManualClock(datetime.now(UTC) + timedelta(minutes=minutes)))
    (note,) = lines(found, Grade.NOTE)
    assert found.is_good
    assert note.startswith("clock: ")
    assert ("ahead of" if minutes > 0 else "behind") + " Discord's: members read wrong times" in note
