"""A bot without a token that works: it answers, buys nothing, says so, and loses nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import GENERAL, MIRA
from generation.domain.job import JobStatus
from generation.lifecycle.dispatcher import DispatcherTiming
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, clips, of_jobs, running_bot
from slack_outcomes import held, the_clip, under_way

REVOKED = "The bot's access to this workspace was revoked"
ROOMY = OperatorRules(backends=("worker",), default_limits=Limits(user_active_jobs=100))
CODES = ["token_revoked", "invalid_auth", "token_expired", "account_inactive", "not_authed"]


async def command(bot: Bot, _: Message) -> None:
    await bot.double.slash("/animate", PROMPT)


async def click(bot: Bot, clip: Message) -> None:
    await bot.double.click(clip, "v1:reroll")


async def reaction(bot: Bot, clip: Message) -> None:
    await bot.double.react(GENERAL, clip.ts, "repeat")


async def mention(bot: Bot, _: Message) -> None:
    await bot.double.mention(f"animate {PROMPT}")


ACTS: dict[str, tuple[Callable[[Bot, Message], Awaitable[None]], bool]] = {
    "command": (command, True),
    "click": (click, True),
    # their answer needs the token: silence
    "mention": (mention, False),
    "reaction": (reaction, False),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("code", CODES)
async def test_nothing_is_bought_without_a_token_and_the_member_reads_why(
    slack: SlackDouble, tmp_path: Path, act: str, code: str
) -> None:
    do, is_told = ACTS[act]
    async with running_bot(slack, tmp_path) as bot:
        clip = await bot.clip()
        await slack.fault(faults.TokensDead(code))
        slack.clock.advance(61)  # what was known of the channel is asked again
        await do(bot, clip)
        await slack.platform.courier.settle()
        if is_told:
            told = await slack.wait_for_message(lambda each: REVOKED in each.text)
            assert told.ephemeral_for == MIRA
        # whatever was stored before the token was known to be dead is cancelled
        await bot.until(lambda: bot.chat.trouble is not None)
        await do(bot, clip)
        assert [job.status for job in await bot.jobs() if job.status is not JobStatus.CANCELLED] == [
            JobStatus.SUCCEEDED
        ]
        assert bot.bought == 1


async def test_a_token_that_died_since_its_last_good_call_lets_nothing_in_after_five_seconds(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        clip = await bot.clip()
        await slack.fault(faults.TokensDead(CODES[0]))
        slack.clock.advance(5.1)
        await command(bot, clip)
        await slack.wait_for_message(lambda each: REVOKED in each.text)
        assert [job.status for job in await bot.jobs()] == [JobStatus.SUCCEEDED]


async def test_health_says_since_when_nothing_can_be_posted_and_what_to_do(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        await under_way(bot)
        assert bot.chat.trouble is None
        await slack.fault(faults.TokensDead())
        bot.release()
        await bot.until_put_off()
        told = bot.chat.trouble or ""
    assert "Slack no longer accepts the bot's token (token_revoked)" in told
    assert "install the app again and set its SLACK_BOT_TOKEN" in told


async def test_what_is_owed_is_tried_at_once_after_a_start_with_a_good_token(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.TokensDead())
        bot.release()
        await bot.until_put_off()
    slack.home.tokens.error = None
    # no time passes: the stored wait is a quarter of an hour
    async with running_bot(slack, tmp_path) as bot:
        await bot.delivered(message)
    assert of_jobs(slack) == [the_clip(slack)]


async def test_a_token_that_works_again_is_found_without_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.TokensDead("invalid_auth"))
        bot.release()
        await bot.until_put_off()
        slack.home.tokens.error = None
        slack.clock.advance(901)
        await bot.delivered(message)
        assert bot.chat.trouble is None
    assert of_jobs(slack) == [the_clip(slack)]


async def test_a_removed_app_cancels_what_waits_and_buys_nothing_more(slack: SlackDouble, tmp_path: Path) -> None:
    one_at_once = DispatcherTiming(in_flight=1)
    async with running_bot(slack, tmp_path, backend=held(), dispatcher_timing=one_at_once, rules=ROOMY) as bot:
        await under_way(bot)
        for number in range(3):
            await slack.slash("/animate", f"fox {number}")
            slack.clock.advance(1.2)
        await slack.uninstall()
        await bot.until(lambda: sum(status is JobStatus.CANCELLED for _, status in bot.core.observer.moves) == 3)
        bot.release()
        await bot.until_status(JobStatus.SUCCEEDED)
        assert [job.status for job in await bot.jobs()] == [JobStatus.SUCCEEDED] + [JobStatus.CANCELLED] * 3
        assert bot.bought == 1
    assert clips(slack) == []
