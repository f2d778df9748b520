"""Every row of the tables of what goes wrong: bought once, posted once, told; and the bot goes on."""

from pathlib import Path
from typing import Any

import pytest

from acceptance.scenarios.chat import STEPS, Chat, Person, Post, Where
from acceptance.scenarios.discord_chat import DiscordScenario
from acceptance.scenarios.faults import Fault, Scene, When
from acceptance.scenarios.faults_of_discord import DISCORD_FAULTS
from acceptance.scenarios.faults_of_slack import SLACK_FAULTS
from acceptance.scenarios.slack_chat import SlackScenario
from acceptance.scenarios.story import Story
from acceptance.scenarios.studio import Studio
from generation import mp4

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", DISCORD_FAULTS, ids=lambda fault: fault.name)
async def test_whatever_goes_wrong_on_discord(discord: DiscordScenario, tmp_path: Path, fault: Fault) -> None:
    await play(fault, discord, tmp_path)


@pytest.mark.parametrize("fault", SLACK_FAULTS, ids=lambda fault: fault.name)
async def test_whatever_goes_wrong_on_slack(slack: SlackScenario, tmp_path: Path, fault: Fault) -> None:
    await play(fault, slack, tmp_path)


async def play(fault: Fault, chat: Chat, folder: Path) -> None:
    """One row, from the request to the end, and one more request."""
    async with Studio(chat, folder, **fault.prepare(chat)) as studio:
        story = Story(studio)
        if fault.bought == 0:
            await refused(fault, story)
        else:
            await made(fault, story)
        await story.bought(fault.bought)
        assert len(await story.jobs()) == fault.bought
        assert await story.core.store.ledger_discrepancies() == []
        if not fault.is_the_end:
            await goes_on(story)


async def refused(fault: Fault, story: Story) -> None:
    """There is no clip, and nothing is posted."""
    scene = Scene(story, story.chat)
    await fault.strike(scene)
    if fault.says:
        told = await story.chat.request_refused(Person.MEMBER)
        assert all(words in told for words in fault.says)
    else:
        await story.chat.request_clip(Person.MEMBER)
    assert list(story.chat.posts()) == []
    await fault.afterwards(scene)


async def made(fault: Fault, story: Story) -> None:
    """The clip is made in spite of the fault."""
    post = await under_way(fault, story)
    scene = Scene(story, story.chat, post)
    if fault.when is When.RENDERING:
        await fault.strike(scene)
    story.engine.run_free()
    await fault.afterwards(scene)
    await story.settled(1)
    if fault.when is When.RE_ROLLING:
        await fault.strike(scene)
        await story.chat.react(Person.OTHER, post)
        await story.settled(2)
    await is_as_expected(fault, story, post)


async def under_way(fault: Fault, story: Story) -> Post:
    """The member's message with a bar in it."""
    if fault.when is When.ASKING:
        await fault.strike(Scene(story, story.chat))
    post = await story.asks(Person.MEMBER)
    story.engine.allow(STEPS // 2)
    await story.shows(post, "rendering", "█")
    return post


async def is_as_expected(fault: Fault, story: Story, post: Post) -> None:
    messages: list[Any] = await story.chat.clip_messages(post)
    if fault.where is Where.NOWHERE:
        assert messages == []
        assert all(words in story.chat.words(post) for words in fault.says)
        return
    assert [len(each.clips) for each in messages] == [1] * fault.bought
    assert messages[0].where is fault.where
    assert all(words in story.chat.words(messages[0].post) for words in fault.says)
    (job, *_), (clip, *_) = await story.jobs(), messages[0].clips
    assert mp4.probe(clip).frames == 2
    assert (clip != await story.kept(job)) is fault.is_smaller


async def goes_on(story: Story) -> None:
    """The next request is served as usual."""
    story.chat.clear_faults()
    story.engine.run_free()
    await story.delivered(await story.asks(Person.THIRD))
