"""`flipbook setup discord`: from nothing to a token that works, in `.env`, with nothing else touched or shown."""

import stat
from pathlib import Path

import pytest
import typer

from adapters.discord import invite_url
from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, discord_setup
from bot.commands.setup.flow import TRIES, SetupStopped
from bot.exit_codes import Exit
from bot.settings import load_settings
from doubles.discord.server import DiscordDouble
from generation.protocol.clock import SystemClock
from setup_at_a_terminal import PlannedTerminal, set_up

REVOKED = "MTI5MDAwMDAw.revoked.revoked-token"


def chat(double: DiscordDouble) -> ChatSetup:
    settings = load_settings(discord_api_url=double.api_url, discord_gateway_url=double.gateway_url)
    return discord_setup(settings, SystemClock())


async def test_a_person_is_guided_to_a_token_that_is_checked_and_written(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("# mine\nFAL_KEY=a:b # paid\n")
    person = PlannedTerminal([f"  Bot {discord_double.token}\n"])

    assert await set_up(chat(discord_double), tmp_path, person) is Exit.OK

    assert (tmp_path / ".env").read_text() == f"# mine\nFAL_KEY=a:b # paid\nDISCORD_TOKEN={discord_double.token}\n"
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert person.said[0].startswith(text.DISCORD_STEPS)
    assert person.said[-2:] == [
        f"Wrote DISCORD_TOKEN to {tmp_path / '.env'}; only you can read it.",
        f"Next: flipbook run\n{text.DISCORD_AFTERWARDS}\n\n{text.ONLY_PREVIEWS}",
    ]
    assert invite_url(discord_double.people.bot.id) in person.text
    assert discord_double.token not in person.text


async def test_a_bot_that_nobody_has_invited_gets_its_link_as_the_next_step(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    for guild in discord_double.world.all_guilds:
        guild.bot_is_member = False
    person = PlannedTerminal([discord_double.token])
    assert await set_up(chat(discord_double), tmp_path, person) is Exit.OK
    link = invite_url(discord_double.people.bot.id)
    steps = f"Next: Invite the bot to your server: {link}\nThen: flipbook run\n{text.DISCORD_AFTERWARDS}\n"
    assert person.said[-1].startswith(steps)


async def test_what_is_no_token_is_named_before_discord_is_asked(discord_double: DiscordDouble, tmp_path: Path) -> None:
    person = PlannedTerminal(["1290000000000000001", "ab" * 32, discord_double.token])
    assert await set_up(chat(discord_double), tmp_path, person) is Exit.OK
    assert person.asked == [text.DISCORD_QUESTION] * 3
    assert "Application ID" in person.text
    assert "Public Key" in person.text
    assert [said for said in person.said if "four steps" in said] == person.said[:1]


async def test_a_token_that_discord_refuses_is_asked_for_again(discord_double: DiscordDouble, tmp_path: Path) -> None:
    person = PlannedTerminal([REVOKED, discord_double.token])
    assert await set_up(chat(discord_double), tmp_path, person) is Exit.OK
    assert "BAD  Discord token: Discord does not accept the bot's token" in person.text
    assert REVOKED not in person.text


async def test_it_does_not_go_on_for_ever(discord_double: DiscordDouble, tmp_path: Path) -> None:
    await chat(discord_double).check({"DISCORD_TOKEN": discord_double.token})  # the judge wants to have seen something
    person = PlannedTerminal(["nonsense"] * 50)
    with pytest.raises(SetupStopped) as stopped:
        await set_up(chat(discord_double), tmp_path, person)
    assert (stopped.value.code, len(person.asked)) == (Exit.FAILED, TRIES)
    assert not (tmp_path / ".env").exists()


async def test_everything_right_already_is_said_and_nothing_touched(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN='{discord_double.token}'\n")
    (tmp_path / ".env").chmod(0o640)
    before = (tmp_path / ".env").stat()
    person = PlannedTerminal([])
    assert await set_up(chat(discord_double), tmp_path, person) is Exit.OK
    assert (tmp_path / ".env").stat() == before
    assert person.said[-2] == "Discord: everything is set up correctly."


async def test_another_token_is_overwritten_only_when_the_person_agrees(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    old = f"DISCORD_TOKEN={REVOKED} # from last year\n"
    (tmp_path / ".env").write_text(old)
    given = {"DISCORD_TOKEN": discord_double.token}
    with pytest.raises(SetupStopped) as stopped:
        await set_up(chat(discord_double), tmp_path, PlannedTerminal(["n"]), given=given)
    assert (stopped.value.code, str(stopped.value)) == (Exit.REFUSED, "Nothing was written.")
    assert (tmp_path / ".env").read_text() == old
    assert await set_up(chat(discord_double), tmp_path, PlannedTerminal(["y"]), given=given) is Exit.OK
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord_double.token} # from last year\n"


async def test_replace_asks_for_a_new_token_and_writes_it_unasked(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={REVOKED}\n")
    person = PlannedTerminal([discord_double.token])
    assert await set_up(chat(discord_double), tmp_path, person, replace=True) is Exit.OK
    assert person.asked == [text.DISCORD_QUESTION]


async def test_a_person_who_leaves_changes_nothing(discord_double: DiscordDouble, tmp_path: Path) -> None:
    await chat(discord_double).check({"DISCORD_TOKEN": discord_double.token})
    with pytest.raises(typer.Abort):
        await set_up(chat(discord_double), tmp_path, PlannedTerminal([]))
    assert not (tmp_path / ".env").exists()


async def test_while_discord_cannot_be_reached_nothing_is_written(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    await discord_double.fault("cloudflare")
    person = PlannedTerminal([discord_double.token])
    with pytest.raises(SetupStopped, match="Nothing was written") as stopped:
        await set_up(chat(discord_double), tmp_path, person)
    assert stopped.value.code is Exit.FAILED
    assert "cannot be asked at the moment (answered 429)" in person.text
    assert not (tmp_path / ".env").exists()
    await chat(discord_double).check({"DISCORD_TOKEN": discord_double.token})


async def test_without_a_terminal_it_says_what_to_pass(discord_double: DiscordDouble, tmp_path: Path) -> None:
    await chat(discord_double).check({"DISCORD_TOKEN": discord_double.token})
    with pytest.raises(SetupStopped) as stopped:
        await set_up(chat(discord_double), tmp_path, PlannedTerminal())
    assert stopped.value.code is Exit.INVALID
    for words in ("DISCORD_TOKEN is not set", "in the environment", "--token-file FILE", "(- for standard input)"):
        assert words in str(stopped.value)


async def test_a_token_of_the_environment_is_checked_and_written(discord_double: DiscordDouble, tmp_path: Path) -> None:
    no_terminal = PlannedTerminal()
    environment = {"DISCORD_TOKEN": discord_double.token}
    assert await set_up(chat(discord_double), tmp_path, no_terminal, environment=environment) is Exit.OK
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord_double.token}\n"


async def test_a_given_token_wins_over_the_environment_and_that_is_said(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    no_terminal, given = PlannedTerminal(), {"DISCORD_TOKEN": discord_double.token}
    code = await set_up(
        chat(discord_double), tmp_path, no_terminal, given=given, environment={"DISCORD_TOKEN": REVOKED}
    )
    assert code is Exit.OK
    assert "The environment has another DISCORD_TOKEN, and it wins over the file: unset it there." in no_terminal.said


async def test_another_token_stays_unless_told_to_replace(discord_double: DiscordDouble, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={REVOKED}\n")
    given = {"DISCORD_TOKEN": discord_double.token}
    with pytest.raises(SetupStopped, match="Pass --replace to overwrite") as stopped:
        await set_up(chat(discord_double), tmp_path, PlannedTerminal(), given=given)
    assert stopped.value.code is Exit.REFUSED
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={REVOKED}\n"
    assert await set_up(chat(discord_double), tmp_path, PlannedTerminal(), given=given, replace=True) is Exit.OK
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN={discord_double.token}\n"


@pytest.mark.parametrize(("token", "code"), [("ab" * 32, Exit.INVALID), (REVOKED, Exit.FAILED)])
async def test_a_token_that_is_none_or_refused_ends_with_its_own_code(
    discord_double: DiscordDouble, tmp_path: Path, token: str, code: Exit
) -> None:
    await chat(discord_double).check({"DISCORD_TOKEN": discord_double.token})
    no_terminal = PlannedTerminal()
    with pytest.raises(SetupStopped, match="DISCORD_TOKEN") as stopped:
        await set_up(chat(discord_double), tmp_path, no_terminal, given={"DISCORD_TOKEN": token})
    assert stopped.value.code is code
    assert token not in str(stopped.value) + no_terminal.text
    assert not (tmp_path / ".env").exists()
