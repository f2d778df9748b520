"""✖: members cancel their own jobs, admins every one; a late click gets one sentence."""

import asyncio
from pathlib import Path

import pytest

from doubles.generation.backend import ScriptedBackend
from doubles.slack.server import SlackDouble
from doubles.slack.world import ADMIN, MIRA, NOAH, OWNER
from generation.domain.job import JobStatus
from slack_bot import Bot, buttons, running_bot, words


def held() -> ScriptedBackend:
    """A backend that finishes nothing by itself."""
    return ScriptedBackend(hold=asyncio.Event())


async def rendering(bot: Bot) -> None:
    """Until the job is at the backend."""
    await bot.until_status(JobStatus.RUNNING)


@pytest.mark.parametrize("user", [MIRA, ADMIN, OWNER])
async def test_its_owner_and_admins_stop_a_job(slack: SlackDouble, tmp_path: Path, user: str) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await bot.animate(user=MIRA)
        await rendering(bot)
        told = await bot.told(await slack.click(message, "v1:cancel", user=user), user)
        assert told.startswith("The clip is being cancelled.")
        await bot.until_recorded()
    assert "Cancelled. It does not count against your quota." in words(message)
    assert (message.file_ids, buttons(message)) == ([], ["v1:retry", "v1:edit", "v1:delete"])


async def test_other_members_are_told_who_may(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await bot.animate(user=MIRA)
        told = await bot.told(await slack.click(message, "v1:cancel", user=NOAH), NOAH)
        assert told == "Only whoever asked for the clip, or an admin, can do that."
        bot.release()
        await bot.delivered(message)


async def test_members_named_by_the_operator_are_admins_too(slack: SlackDouble, tmp_path: Path) -> None:
    options = {"admins": frozenset({NOAH})}
    async with running_bot(slack, tmp_path, backend=held(), chat_options=options) as bot:
        message = await bot.animate(user=MIRA)
        await slack.click(message, "v1:cancel", user=NOAH)
        await bot.until_recorded()
        assert (await bot.the_job()).status is JobStatus.CANCELLED


async def test_a_finished_clip_cannot_be_cancelled(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()
        job = await bot.the_job()
        told = await bot.told(await slack.slash("/flipbook", f"cancel {job.id}"))
        assert told == "That clip has already ended; there is nothing to cancel."


async def test_a_stale_button_under_a_finished_clip_says_so(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message = await bot.animate()
        shown_before = [dict(block) for block in message.revisions[0].blocks]
        await bot.delivered(message)
        message.blocks = shown_before  # a client that has not noticed the edit
        told = await bot.told(await slack.click(message, "v1:cancel"))
        assert told == "That clip has already ended; there is nothing to cancel."
