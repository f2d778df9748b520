"""``/flipbook admin``: limits, channels and blocks by the workspace's admins, and an audit of every change."""

from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.world import ADMIN, EXTERNAL, GENERAL, MIRA, NOAH, OWNER, SHARED, STUDIO
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, running_bot, words

DENIED = "Only admins of this workspace, and those named by the bot's operator, can do that."


async def told(bot: Bot, text: str, user: str = ADMIN, channel: str = GENERAL) -> str:
    """What ``/flipbook admin`` answers."""
    return await bot.told(await bot.double.slash("/flipbook", f"admin {text}", user=user, channel=channel))


async def animated(bot: Bot, user: str = MIRA, channel: str = GENERAL, text: str = PROMPT) -> str | None:
    """The refusal that a member gets for a clip; None when they get the clip."""
    before = len(bot.sent)
    act = await bot.double.slash("/animate", text, user=user, channel=channel)
    assert act.ack is not None
    if act.ack.payload:
        return str(act.ack.payload["text"])
    await bot.until_recorded(before + 1)
    bot.double.clock.advance(1.2)
    return None


@pytest.mark.parametrize(("user", "may"), [(ADMIN, True), (OWNER, True), (MIRA, False)])
async def test_admins_of_the_workspace_may_and_others_not(
    slack: SlackDouble, tmp_path: Path, user: str, may: bool
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await told(bot, "limits show", user) != DENIED) is may
        assert (await told(bot, "limits set max_frames 8", user) != DENIED) is may
        assert (await bot.core.service.limits_of(bot.server)).max_frames == (8 if may else 32)


async def test_members_named_by_the_operator_may_too(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, chat_options={"admins": frozenset({NOAH})}) as bot:
        assert await told(bot, "limits show", NOAH) != DENIED


async def test_an_admin_of_another_organisation_is_none_here(slack: SlackDouble, tmp_path: Path) -> None:
    slack.home.users[EXTERNAL].is_admin = True
    async with running_bot(slack, tmp_path) as bot:
        assert await told(bot, "limits show", EXTERNAL, SHARED) == DENIED


async def test_without_slacks_answer_no_member_is_an_admin(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(faults.RateLimited("users.info"))
        assert await told(bot, "limits show") == DENIED
        # Slack is not asked again before it wants to be
        assert await told(bot, "limits show") == DENIED
        slack.clock.advance(1.1)
        assert await told(bot, "limits show") != DENIED


async def test_a_limit_is_met_raised_and_no_longer_met(slack: SlackDouble, tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), default_limits=Limits(user_clips_per_day=1))
    async with running_bot(slack, tmp_path, rules=rules) as bot:
        assert await animated(bot) is None
        assert (await animated(bot) or "").startswith("You've used your only clip for today; you can make another one ")
        said = await told(bot, "limits set user_clips_per_day 2")
        assert said.startswith("Clips per member per day: *2* from now on.")
        assert await animated(bot) is None


async def test_limits_go_back_to_the_operators(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await told(bot, "limits set max_frames 8")
        await told(bot, "limits set quality turbo")
        assert "• Quality: *turbo* (`quality`)" in await told(bot, "limits show")
        assert "• Frames per clip: *32* (`max_frames`)" in await told(bot, "limits reset")
        assert await bot.core.service.limits_of(bot.server) == Limits()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("limits set max_frames 199", "Frames per clip must be a whole number from 1 to 128, not '199'."),
        ("limits set max_frames", "Frames per clip must be a whole number from 1 to 128, not ''."),
        ("limits set clips 3", "There is no limit named clips. The limits are `user_clips_per_hour`, "),
        ("limits set", "Name one of the limits: `user_clips_per_hour`, `user_clips_per_day`, "),
        ("channels only general", "Name the channels with # in front, so that Slack links them."),
        ("block user mira", "Name the member with @ in front, so that Slack links them."),
        ("block word", "Name a word or a few words, 100 characters at most."),
        ('block word "   "', "Name a word or a few words, 100 characters at most."),
        ("block word \u200b\u2060", "Name a word or a few words, 100 characters at most."),
        ("block word \u2800", "Name a word or a few words, 100 characters at most."),
        ("dance", "*For admins of this workspace*"),
        ("", "*For admins of this workspace*"),
    ],
)
async def test_an_admins_slip_is_one_sentence_and_changes_nothing(
    slack: SlackDouble, tmp_path: Path, words: str, sentence: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await told(bot, words)).startswith(sentence)
        assert await bot.core.service.audit_of(bot.server) == []


@pytest.mark.parametrize(
    ("limit", "flags", "shown"),
    [
        ("max_frames 8", "", "8 frames at 8 fps"),
        ("max_steps 20", "", "20 steps"),
        ("max_steps 2", "--turbo", "2 steps"),
        ("max_pixels 100000", "", "312×312"),
        ("endpoints turbo", "", "turbo · 512×512 · 16 frames at 8 fps · 4 steps · guidance 1"),
    ],
)
async def test_what_nobody_asked_for_is_fitted_and_shown(
    slack: SlackDouble, tmp_path: Path, limit: str, flags: str, shown: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await told(bot, f"limits set {limit}")
        assert shown in words(await bot.clip(f"{PROMPT} {flags}"))


@pytest.mark.parametrize("everywhere", ["channels everywhere", "channels all"])
async def test_the_bot_can_be_kept_to_some_channels(slack: SlackDouble, tmp_path: Path, everywhere: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert f"• Channels: <#{STUDIO}>" in await told(bot, f"channels only <#{STUDIO}|studio>")
        assert await animated(bot) == "The admins of this workspace keep the bot to other channels."
        assert await animated(bot, channel=STUDIO) is None
        assert "• Channels: every channel" in await told(bot, everywhere)
        assert await animated(bot) is None


@pytest.mark.parametrize(("member", "term"), [("member", "term"), ("user", "word"), ("Member", "TERM")])
async def test_members_and_words_can_be_blocked(slack: SlackDouble, tmp_path: Path, member: str, term: str) -> None:
    """By Discord's and the terminal's words, and by those of earlier versions."""
    async with running_bot(slack, tmp_path) as bot:
        assert f"• Blocked members: <@{MIRA}>" in await told(bot, f"block {member} <@{MIRA}|mira>")
        assert await animated(bot) == "The admins of this workspace have blocked you from making clips."
        assert "• Blocked members: nobody" in await told(bot, f"unblock {member} <@{MIRA}|mira>")
        assert "• Blocked words: `stormy sea`" in await told(bot, f'block {term} "stormy sea"')
        assert await animated(bot) == "This prompt has words that are not allowed in this workspace. Try other words."
        assert "• Blocked words: none" in await told(bot, f"unblock {term} STORMY sea")
        assert await animated(bot) is None


@pytest.mark.parametrize("term", ["*gore*", "_gore_", "~gore~", "/g[o0]re*/", "a *b* <c> & d", "gore"])
async def test_a_blocked_word_is_shown_as_it_has_to_be_typed_to_unblock_it(
    slack: SlackDouble, tmp_path: Path, term: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        written = term.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f"• Blocked words: `{written}`" in await told(bot, f"block term {written}")
        assert f"blocked `{written}` · " in await told(bot, "audit")
        assert "• Blocked words: none" in await told(bot, f"unblock term {written}")


async def test_every_change_is_audited(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await told(bot, "audit") == "Nothing has been changed in this workspace yet."
        await told(bot, "limits set max_frames 8")
        await told(bot, f"block user <@{MIRA}|mira>", OWNER)
        trail = (await told(bot, "audit")).splitlines()
    assert trail[1].startswith(f"• <@{OWNER}> blocked <@{MIRA}> · <!date^")
    assert trail[2].startswith(f"• <@{ADMIN}> changed frames per clip from 32 to 8 · <!date^")


async def test_the_last_channel_is_not_removed_without_saying_what_that_would_do(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await told(bot, f"channels add <#{STUDIO}|studio>")
        assert await told(bot, f"channels remove <#{STUDIO}|studio>") == (
            "That is the last channel that the bot is kept to; without it, it would answer in every channel. "
            "If you want that, use `/flipbook admin channels everywhere`."
        )
        assert f"• Channels: <#{STUDIO}>" in await told(bot, "channels show")
        await told(bot, f"channels add <#{GENERAL}|general>")
        assert f"• Channels: <#{GENERAL}>" in await told(bot, f"channels remove <#{STUDIO}|studio>")
