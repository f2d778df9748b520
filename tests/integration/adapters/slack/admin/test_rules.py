"""``/flipbook admin``: presets, settings, lists of members, the log channel, pauses; and what members meet then."""

from dataclasses import replace
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, OFFTOPIC, STUDIO
from factories import a_notice, a_user
from generation.domain.refs import Platform
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, public, running_bot, words

CEILED = OperatorRules(backends=("fal",), ceilings={"user_clips_per_day": 30})


async def told(bot: Bot, text: str, user: str = ADMIN) -> str:
    """What ``/flipbook admin`` answers."""
    return await bot.told(await bot.double.slash("/flipbook", f"admin {text}", user=user))


async def refused(bot: Bot, user: str = MIRA, channel: str = GENERAL) -> str | None:
    """The refusal that a member gets for a clip; None when they get the clip."""
    before = len(bot.sent)
    act = await bot.double.slash("/animate", PROMPT, user=user, channel=channel)
    assert act.ack is not None
    if act.ack.payload:
        return str(act.ack.payload["text"])
    await bot.until_recorded(before + 1)
    bot.double.clock.advance(1.2)
    return None


async def test_a_ceiling_is_shown_and_told_where_a_wish_would_pass_it(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, rules=CEILED) as bot:
        said = await told(bot, "limits set user_clips_per_day 50")
        assert said.startswith("Clips per member per day: *50* from now on.")
        assert "30" in said
        shown = await told(bot, "limits show")
        assert "• Clips per member per day: *30* (set: 50, the operator's ceiling: 30) (`user_clips_per_day`)" in shown


async def test_a_preset_shows_what_it_changes_and_is_applied_by_one_more_word(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        shown = await told(bot, "limits preset open house")
        assert "• Clips per member per day: 20 → 5" in shown
        assert "`/flipbook admin limits preset open-house apply`" in shown
        assert await bot.core.service.limits_of(bot.server) == Limits()
        await told(bot, "limits preset open-house apply")
        assert (await bot.core.service.limits_of(bot.server)).user_clips_per_day == 5
        assert "already" in await told(bot, "limits preset open-house")
        wrong = await told(bot, "limits preset zoo")
        assert wrong == "Preset must be small community, company, open house, not 'zoo'."


async def test_a_preset_is_looked_at_and_applied_by_buttons_of_admins_alone(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:

        async def pressed(message: Message, action: str, user: str = ADMIN) -> Message:
            said = [each.ts for each in slack.state().bot_messages()]
            await slack.click(message, action, user=user)
            return await slack.wait_for_message(lambda each: each.ephemeral_for == user and each.ts not in said)

        await slack.slash("/flipbook", "admin limits show", user=ADMIN)
        shown = await slack.wait_for_message(lambda each: each.ephemeral_for == ADMIN)
        assert [(each["action_id"], each["value"]) for each in shown.blocks[-1]["elements"]] == [
            (f"v1:preset:{name}", name) for name in ("small-community", "company", "open-house")
        ]
        difference = await pressed(shown, "v1:preset:open-house")
        assert "• Clips per member per day: 20 → 5" in difference.text
        assert await bot.core.service.limits_of(bot.server) == Limits()
        refused = await pressed(difference, "v1:apply_preset", MIRA)
        assert refused.text.startswith("Only admins")
        assert await bot.core.service.limits_of(bot.server) == Limits()
        applied = await pressed(difference, "v1:apply_preset")
        assert applied.text.startswith("The preset *open house* changes")
        assert (await bot.core.service.limits_of(bot.server)).user_clips_per_day == 5
        assert "already" in (await pressed(shown, "v1:preset:open-house")).text
        shown.team = slack.other.team  # as if the same button stood in the other workspace
        slack.other.channels[GENERAL] = slack.home.channels[GENERAL]
        elsewhere = await bot.told(await slack.click(shown, "v1:preset:open-house", user="U00000LENA"))
        assert elsewhere.startswith("This bot is not set up for your workspace.")


async def test_settings_are_shown_and_set_one_by_one(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert "• Log channel: *none* (`log_channel`)" in await told(bot, "settings show")
        said = await told(bot, "settings set time_zone Europe/Berlin")
        assert said.startswith("Time zone: *Europe/Berlin*; the first day in it begins <!date^")
        await told(bot, "settings set default_frames 8")
        await told(bot, 'settings set negative "text, watermark"')
        message = await bot.clip()
        assert "8 frames" in words(message)
        assert "text, watermark" in words(message)
        assert "age" not in await told(bot, "settings show")
        for slip, sentence in (
            ("settings set", "Setting must be time_zone, reroll_emoji, negative, "),
            ("settings set age_restricted only", "Setting must be time_zone, "),
            (
                "settings set default_frames 99",
                "Default frames must be a whole number from 1 to 32, or none, not '99'.",
            ),
            ("settings log_channel", "Name the channels with # in front, so that Slack links them."),
        ):
            assert (await told(bot, slip)).startswith(sentence)


async def test_a_log_channel_is_tried_before_it_is_set(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert "test message" in await told(bot, f"settings log_channel <#{STUDIO}|studio>")
        (tried,) = public(slack, STUDIO)
        assert tried.text.startswith("This is now Flipbook's log channel")
        assert (await bot.core.service.policy_of(bot.server)).log_channel == STUDIO
        refusal = await told(bot, f"settings set log_channel <#{OFFTOPIC}|off-topic>")
        assert refusal == f"Nothing can be posted in <#{OFFTOPIC}>: the bot is not in the channel. Nothing was changed."
        assert (await bot.core.service.policy_of(bot.server)).log_channel == STUDIO
        assert "no log channel any more" in await told(bot, "settings log_channel off")


async def test_what_could_not_be_posted_is_told_under_the_next_answer_to_an_admin(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await told(bot, f"settings log_channel <#{GENERAL}|general>")
        await slack.fault(faults.BotRemoved(GENERAL))
        async with bot.core.store.transaction() as tx:
            await tx.add_notice(a_notice(server=bot.server, details={"channel": STUDIO, "reason": "it was full"}))
        await bot.core.notices.post_due()
        said = await told(bot, "limits show")
        assert f"The log channel <#{GENERAL}> is switched off: the bot is not in the channel." in said
        assert f"The log channel <#{STUDIO}> is switched off: it was full." in said
        assert "switched off" not in await told(bot, "limits show")
        assert "Flipbook changed the log channel" in await told(bot, "audit")


async def test_a_list_of_members_lets_only_them_ask(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert f"• Members who may ask: <@{NOAH}>" in await told(bot, f"members allow <@{NOAH}|noah>")
        assert (await refused(bot) or "").startswith("The admins of this workspace have listed who may make clips")
        assert await refused(bot, NOAH) is None
        last = await told(bot, f"members remove <@{NOAH}|noah>")
        assert last.endswith("If you want that, use `/flipbook admin members everyone`.")
        await told(bot, "members everyone")
        assert await refused(bot) is None


async def test_a_denied_channel_is_closed_until_it_is_allowed_again(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert f"• Channels without the bot: <#{GENERAL}>" in await told(bot, f"channels deny <#{GENERAL}|general>")
        assert await refused(bot) == "The admins of this workspace keep the bot to other channels."
        assert await refused(bot, channel=STUDIO) is None
        await told(bot, f"channels allow <#{GENERAL}|general>")
        assert await refused(bot) is None


async def test_the_workspace_chooses_the_emoji_that_make_a_clip_again(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await told(bot, "settings set reroll_emoji :game_die: :party-parrot:")
        assert said == "Emoji that re-roll: *:game_die: :party-parrot:* from now on."
        first = await bot.clip()
        await slack.react(first.channel, first.ts, "repeat")
        await slack.react(first.channel, first.ts, "party-parrot")
        await bot.until_recorded(2)
        assert len(await bot.jobs()) == 2


async def test_an_admin_pauses_the_workspace_and_takes_clips_again(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert "Back at six" in await told(bot, "pause Back at six until 2h")
        refusal = await refused(bot)
        assert refusal is not None
        assert refusal.startswith("No new clips are taken for now: Back at six; it goes on <!date^")
        await told(bot, "resume")
        assert await refused(bot) is None
        await told(bot, "pause wait until the storm is over")
        assert await refused(bot) == "No new clips are taken for now: wait until the storm is over."


async def test_only_an_operator_pauses_everywhere_and_ends_the_operators_pause(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await told(bot, "pause everywhere") == "Only the bot's operators can do that."
        operators = frozenset({a_user(NOAH, Platform.SLACK)})
        bot.core.service._rules = replace(bot.core.service._rules, operators=operators)
        await told(bot, "pause everywhere", NOAH)
        assert (await refused(bot) or "").startswith("No new clips are taken for now")
        assert await told(bot, "resume") == "The bot's operator has paused it; only the operator can change that."
        await told(bot, "resume everywhere", NOAH)
        assert await refused(bot) is None
        assert (await told(bot, "limits show", NOAH)).startswith("Only admins of this workspace")


@pytest.mark.parametrize("text", ["pause x until 25:99", "pause x until yesterday"])
async def test_a_moment_that_is_none_pauses_nothing(slack: SlackDouble, tmp_path: Path, text: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert (await told(bot, text)).startswith("until must be a time such as 18:00")
        assert await refused(bot) is None
