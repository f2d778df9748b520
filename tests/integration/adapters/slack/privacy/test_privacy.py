"""/flipbook privacy in Slack: what is kept, a copy as a file in a direct message, being forgotten, an app that left."""

import asyncio
import json
from pathlib import Path
from typing import Any

from core_running import PATIENCE_SECONDS
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import File, Message
from doubles.slack.world import MIRA, NOAH
from generation.domain.refs import Platform, ServerRef, UserRef
from integration.generation.privacy.keeping import until_forgotten
from slack_bot import Bot, button, clips, running_bot, words


def advance(bot: Bot) -> Any:
    """Moves the time of double and bot."""
    return bot.double.clock.advance


def direct(double: SlackDouble) -> list[Message]:
    """The bot's direct messages."""
    return [said for said in double.state().bot_messages() if said.channel.startswith("D")]


def copies(double: SlackDouble) -> list[File]:
    """The files with members' data that were sent."""
    return [each for each in double.home.files.values() if each.name == "flipbook-my-data.json" and each.completed]


async def shown(bot: Bot, typed: str = "privacy", user: str = MIRA) -> Message:
    """What the member reads after a command, buttons included."""
    act = await bot.double.slash("/flipbook", typed, user=user)
    assert act is not None
    at = act.attempts[0].sent_at
    return await bot.double.wait_for_message(lambda each: each.ephemeral_for == user and float(each.ts) >= at)


async def test_what_is_kept_is_said_with_its_days(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(user=MIRA)
        said = words(await shown(bot)).splitlines()
        assert said[:4] == [
            "*What Flipbook keeps of you*",
            "• 1 clip that you asked for: who asked, where, when, and its settings",
            "• 1 of their prompts; in this workspace they are removed after 90 days",
            "• 1 clip itself (0.0 MB); in this workspace they are removed after 30 days",
        ]


async def test_a_copy_comes_as_a_direct_message_once_an_hour(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip("a lighthouse", user=MIRA)
        told = await bot.told(await slack.click(await shown(bot), "v1:privacy:export", user=MIRA), MIRA)
        assert told == "A copy of your data is on its way to you in a direct message."
        (copy,) = copies(slack)
        data = json.loads(copy.content)
        assert [job["request"]["prompt"] for job in data["jobs"]] == ["a lighthouse"]
        assert copy.id in [name for said in direct(slack) for name in said.file_ids]
        refused = await bot.told(await slack.slash("/flipbook", "privacy export", user=MIRA), MIRA)
        assert refused.startswith("You got a copy of your data within the last hour.")
        assert len(copies(slack)) == 1


async def test_a_member_is_forgotten_after_confirming_also_over_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        clip = await bot.clip("a lighthouse", user=MIRA)
        others = await bot.clip("a boat", user=NOAH)
        question = await shown(bot, "privacy forget")
        assert "That cannot be undone." in words(question)
        proof = button(question, "v1:forget")["value"]
    async with running_bot(slack, tmp_path) as again:
        told = await again.told(await slack.click(question, "v1:forget", user=MIRA), MIRA)
        assert told.startswith("You are being forgotten.")
        await until_forgotten(again.core, advance(again))
        assert clips(slack) == [others]
        assert clip.ts not in {each.ts for each in clips(slack)}
        assert [said.text for said in direct(slack)][-1].startswith("You are forgotten: ")
        quota = await again.core.service.quota(UserRef(Platform.SLACK, MIRA), again.server)
        assert quota.usage.user_clips_today == 1
        assert "0 clips that you asked for" in words(await shown(again))
        # the same button again, by another member
        refused = await again.told(await slack.slash("/flipbook", "privacy forget", user=NOAH), NOAH)
        assert proof not in refused


async def test_a_forged_confirmation_forgets_nobody(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(user=MIRA)
        question = await shown(bot, "privacy forget", NOAH)
        button(question, "v1:forget")["value"] = button(await shown(bot, "privacy forget"), "v1:forget")["value"]
        refused = await bot.told(await slack.click(question, "v1:forget", user=NOAH), NOAH)
        assert refused.startswith("That confirmation has expired, or is not yours.")
        assert await bot.core.store.forgettings() == []


async def test_a_workspace_that_removes_the_app_is_noted_and_forgiven_when_it_is_back(
    slack: SlackDouble, tmp_path: Path
) -> None:
    server = ServerRef(Platform.SLACK, slack.home.team)
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip(user=MIRA)
        await bot.core.service.server_left(server)
        now = bot.chat._clock.now()
        assert await bot.core.store.gone_servers(now) == [server]
    async with running_bot(slack, tmp_path) as again:
        await shown(again)
        # noted beside the first answer, not before it
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await again.core.store.gone_servers(now):
                await asyncio.sleep(0.002)
