"""Only for me: a clip that comes in its member's own conversation with the bot, wherever it was asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.state.workspaces import OpenView
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, OFFTOPIC
from generation.domain.refs import Platform, UserRef
from generation.service.clips import Actor
from slack_bot import Bot, buttons, clips, public, running_bot, words

ASKED = f"{PROMPT} --private"


@pytest.fixture
async def bot(slack: SlackDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(slack, tmp_path) as bot:
        yield bot


def alone(slack: SlackDouble, user: str = MIRA) -> str:
    """A member's own conversation with the bot."""
    return posting.direct_channel(slack.platform, slack.home, user).id


@pytest.mark.parametrize("channel", [GENERAL, OFFTOPIC], ids=["where the bot is", "where it is not"])
async def test_it_comes_in_the_members_own_conversation_alone(bot: Bot, slack: SlackDouble, channel: str) -> None:
    act = await slack.slash("/animate", ASKED, user=MIRA, channel=channel)
    assert (await bot.told(act)).startswith("Only you see this clip")
    await bot.until_recorded()
    (clip,) = clips(slack)
    assert clip.channel == alone(slack)
    assert "only you see this" in words(clip)
    assert public(slack) == []


async def test_others_read_nothing_of_it(bot: Bot, slack: SlackDouble) -> None:
    await slack.slash("/animate", ASKED, user=MIRA)
    await bot.until_recorded()
    job = await bot.the_job()
    for user in (NOAH, ADMIN):
        for command in (f"show {job.name}", f"cancel {job.id}"):
            told = await bot.told(await slack.slash("/flipbook", command, user=user), user)
            assert told.startswith("There is no clip")
    assert PROMPT in await bot.told(await slack.slash("/flipbook", f"show {job.name}", user=MIRA), MIRA)


async def test_what_is_made_from_it_stays_there(bot: Bot, slack: SlackDouble) -> None:
    await slack.slash("/animate", ASKED, user=MIRA)
    await bot.until_recorded()
    (clip,) = clips(slack)
    assert "v1:reroll" in buttons(clip)
    await slack.click(clip, "v1:reroll", user=MIRA)
    await bot.until_recorded(2)
    assert {each.channel for each in clips(slack)} == {alone(slack)}
    assert [job.is_private for job in await bot.jobs()] == [True, True]


async def test_one_that_was_shown_again_is_found_and_hidden_in_its_message(bot: Bot, slack: SlackDouble) -> None:
    await slack.slash("/animate", ASKED, user=MIRA)
    await bot.until_recorded()
    (clip,) = clips(slack)
    job = await bot.the_job()
    await slack.click(clip, "v1:settings", user=MIRA)
    settings = await slack.wait_for_message(lambda each: "v1:show" in buttons(each))
    await slack.click(settings, "v1:show", user=MIRA)
    await slack.wait_for(lambda: len(clips(slack)) == 2)
    await bot.until_recorded()
    page = await bot.core.service.history(job.requested_by, job.channel.server)
    assert [each.message and each.message.id for each in page.shown] == [clip.ts]
    operator = Actor(UserRef(Platform.TERMINAL, "operator"), job.channel.server, is_operator=True, is_moderator=True)
    await bot.core.service.hide(job.id, operator)
    await slack.wait_for(lambda: clip not in clips(slack))


async def test_the_form_makes_it_private(bot: Bot, slack: SlackDouble) -> None:
    await slack.slash("/animate", "", user=MIRA)

    def ready() -> OpenView | None:
        return next((view for view in slack.home.views.values() if "submit" in view.body), None)

    view = await slack.wait_for(ready)
    await slack.submit(view, {"prompt": PROMPT, "private": "yes"})
    await bot.until_recorded()
    assert [each.channel for each in clips(slack)] == [alone(slack)]
    assert (await bot.the_job()).is_private


async def test_the_rules_of_the_channel_hold_where_it_was_asked(bot: Bot, slack: SlackDouble) -> None:
    await bot.told(await slack.slash("/flipbook", f"admin channels deny <#{OFFTOPIC}|off-topic>", user=ADMIN), ADMIN)
    refused = await slack.slash("/animate", ASKED, user=MIRA, channel=OFFTOPIC)
    assert "channel" in await bot.told(refused, MIRA)
    assert await bot.jobs() == []
    await slack.slash("/animate", ASKED, user=MIRA)
    await bot.until_recorded()
    assert [each.channel for each in clips(slack)] == [alone(slack)]
