"""After a 429 nobody asks Slack again before Retry-After is over; nothing is lost, nothing is posted twice."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.world import EXTERNAL, GENERAL, OFFTOPIC, SHARED, STUDIO
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, clips, public, running_bot
from slack_outcomes import advancing, held, under_way

ROOMY = OperatorRules(backends=("worker",), default_limits=Limits(user_active_jobs=100))


async def test_a_429_holds_every_post_of_its_channel_and_of_no_other(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held(), rules=ROOMY):
        await slack.fault(faults.RateLimited("chat.postMessage", retry_after=12))
        began = slack.clock.now()
        for number in range(5):
            await slack.slash("/animate", f"fox {number}")
        await slack.slash("/animate", "elsewhere", channel=STUDIO)
        await slack.wait_for(lambda: public(slack, STUDIO))
        assert slack.clock.now() - began < 5
        async with advancing(slack):
            await slack.wait_for(lambda: len(public(slack)) == 5)
    posts = [call for call in slack.calls("chat.postMessage") if call.request["channel"] == GENERAL]
    assert [call.status for call in posts].count(429) == slack.rate_limited == 1
    first, *later = [call.at - began for call in posts]
    assert first < 1
    assert min(later) >= 12


async def a_share(bot: Bot) -> None:
    """A clip that goes into its thread."""
    await under_way(bot)
    await bot.double.fault(faults.AnswersError("chat.update", "cant_update_message", times=100))
    bot.release()


async def an_edit(bot: Bot) -> None:
    await under_way(bot)
    bot.release()


async def a_lookup(bot: Bot) -> None:
    for _ in range(3):
        await bot.double.slash("/animate", "a fox", channel=OFFTOPIC)


async def a_person(bot: Bot) -> None:
    for _ in range(3):
        await bot.double.mention("animate a fox", SHARED, user=EXTERNAL)


async def an_answer(bot: Bot) -> None:
    for _ in range(3):
        await bot.double.mention("hello")


METHODS: dict[str, tuple[Callable[[Bot], Awaitable[None]], int]] = {
    "files.completeUploadExternal": (a_share, 1),
    "files.getUploadURLExternal": (an_edit, 1),
    "chat.update": (an_edit, 0),
    "files.info": (an_edit, 1),
    "conversations.info": (a_lookup, 0),
    "users.info": (a_person, 0),
    "chat.postEphemeral": (an_answer, 0),
}


@pytest.mark.parametrize("method", METHODS)
async def test_a_429_holds_its_method_until_retry_after_is_over(
    slack: SlackDouble, tmp_path: Path, method: str
) -> None:
    act, delivered = METHODS[method]
    async with running_bot(slack, tmp_path, backend=held(), rules=ROOMY) as bot:
        await slack.fault(faults.RateLimited(method, retry_after=9))
        await act(bot)
        async with advancing(slack):
            await slack.wait_for(lambda: slack.rate_limited)
            if delivered:
                await bot.until_recorded(delivered)
            else:
                until = slack.clock.now() + 15
                await slack.platform.changes.until(lambda: slack.clock.now() > until, 10)
    calls = slack.calls(method)
    (refused,) = [call for call in calls if call.status == 429]
    assert min((call.at - refused.at for call in calls if call.at > refused.at), default=9) >= 9
    assert len(clips(slack)) == delivered or method == "chat.update"


async def test_an_answer_that_slack_put_off_reaches_its_member(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path):
        await slack.fault(faults.RateLimited("chat.postEphemeral", retry_after=4))
        await slack.mention("animate a fox --hd")
        async with advancing(slack):
            told = await slack.wait_for_message(lambda each: each.ephemeral_for)
    assert told.text == (
        "There is no flag --hd. The flags are --turbo, --size, --style, --frames, --seconds, --loop, --smooth, --fps, "
        "--steps, --guidance, --seed, --motion, --no, --private."
    )
