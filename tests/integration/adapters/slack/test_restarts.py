"""The process dies at any step; the next one goes on, and the member sees one message with one clip."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core_running import PROMPT
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from doubles.generation.faulty_store import FaultyStore
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from generation.domain.job import JobId, JobStatus
from generation.protocol.errors import StoreBusy
from slack_bot import Bot, clips, public, running_bot, words


async def the_one_clip(slack: SlackDouble, bot: Bot) -> None:
    """What members see at the end of every test here."""
    await bot.until_recorded()
    (message,) = public(slack)
    assert slack.file(message.file_ids[0]).content == tiny_mp4()
    assert len(message.file_ids) == 1
    assert "*Done*" in words(message)
    job = await bot.the_job()
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 1)
    delivery = await bot.core.store.delivery_of(job.id)
    assert delivery is not None
    assert delivery.message == bot.ref(message)


async def test_killed_after_the_job_was_stored_and_before_its_message(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend, kill=True) as bot:
        await slack.fault(faults.AnswersError("chat.postMessage", "internal_error", times=100))
        await slack.slash("/animate", PROMPT)
        await bot.until_status(JobStatus.RUNNING)
    slack.heal(faults.AnswersError)
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        slack.clock.advance(11)  # another process might still post a younger job's message
        message = await slack.wait_for_message(lambda said: PROMPT in said.text)
        await bot.until_opened(message)
        bot.release()
        await the_one_clip(slack, bot)


@dataclass
class BusyAtFirst:
    """A store that is busy when it is first asked where a job is shown."""

    store: Any
    asked: list[JobId] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def delivery_of(self, job_id: JobId) -> Any:
        self.asked.append(job_id)
        if len(self.asked) == 1:
            raise StoreBusy
        return await self.store.delivery_of(job_id)


async def test_one_message_that_cannot_be_opened_again_keeps_no_other_from_it(
    slack: SlackDouble, tmp_path: Path
) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend, kill=True) as bot:
        await slack.fault(faults.AnswersError("chat.postMessage", "internal_error", times=100))
        for prompt in ("a fox", "an owl"):
            await slack.slash("/animate", prompt)
        await bot.until_status(JobStatus.RUNNING)
        async with asyncio.timeout(40):
            while len(await bot.jobs()) < 2:
                await asyncio.sleep(0.002)
    slack.heal(faults.AnswersError)
    slack.clock.advance(11)
    async with running_bot(slack, tmp_path, backend=backend, around=BusyAtFirst):
        await slack.wait_for_message(lambda said: "a fox" in said.text or "an owl" in said.text)


async def test_killed_after_posting_the_message_and_before_recording_it(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    forgetful = partial(FaultyStore, always={"delivery open": StoreBusy()})
    async with running_bot(slack, tmp_path, backend=backend, around=forgetful, kill=True) as bot:
        message = await bot.animate()
        await bot.until(lambda: "delivery open" in bot.core.store.refused)
    slack.clock.advance(11)
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        await bot.until_opened(message)
        bot.release()
        await the_one_clip(slack, bot)


async def test_killed_before_recording_the_message_of_a_job_that_ends_meanwhile(
    slack: SlackDouble, tmp_path: Path
) -> None:
    forgetful = partial(FaultyStore, always={"delivery open": StoreBusy(), "delivery owed": StoreBusy()})
    async with running_bot(slack, tmp_path, around=forgetful, kill=True) as bot:
        await bot.animate()
        await bot.until(lambda: {"delivery open", "delivery owed"} <= set(bot.core.store.refused))
    slack.clock.advance(11)
    async with running_bot(slack, tmp_path) as bot:
        await the_one_clip(slack, bot)


async def test_killed_while_rendering(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend, kill=True) as bot:
        await bot.until_opened(await bot.animate())
        await bot.until_status(JobStatus.RUNNING)
    backend.hold.set()
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        await the_one_clip(slack, bot)
    assert len(backend.submissions) == 1


@pytest.mark.parametrize(
    ("fault", "method"),
    [
        (faults.AnswersError("files.getUploadURLExternal", "internal_error", times=100), "files.getUploadURLExternal"),
        (faults.UploadFails(times=100), "files.getUploadURLExternal"),
        (faults.AnswersError("files.completeUploadExternal", "internal_error", times=100), "files.info"),
        (faults.AnswersError("chat.update", "internal_error", times=100), "chat.update"),
    ],
    ids=["before the upload", "in the upload", "before completing it", "before the edit"],
)
async def test_killed_while_the_clip_was_on_its_way(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault, method: str
) -> None:
    async with running_bot(slack, tmp_path, kill=True) as bot:
        await slack.fault(fault)
        await bot.animate()
        await slack.wait_for(lambda: slack.calls(method))
        await bot.until_put_off()
    slack.heal(type(fault))
    slack.clock.advance(5)
    async with running_bot(slack, tmp_path) as bot:
        await the_one_clip(slack, bot)


async def test_killed_between_completing_the_upload_and_the_edit_uploads_nothing_again(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, kill=True) as bot:
        await slack.fault(faults.AnswersError("chat.update", "internal_error", times=100))
        await bot.animate()
        await bot.until_put_off()
    (file_id,) = slack.home.files
    slack.heal(faults.AnswersError)
    slack.clock.advance(5)
    async with running_bot(slack, tmp_path) as bot:
        await the_one_clip(slack, bot)
    assert [each.file_ids for each in clips(slack)] == [[file_id]]
    assert len(slack.home.files) == 1


async def test_killed_after_the_edit_and_before_recording_it_edits_again(slack: SlackDouble, tmp_path: Path) -> None:
    forgetful = partial(FaultyStore, always={"delivery sent": StoreBusy()})
    async with running_bot(slack, tmp_path, around=forgetful, kill=True) as bot:
        message = await bot.animate()
        await slack.wait_for(lambda: message.file_ids)
        await bot.until(lambda: "delivery sent" in bot.core.store.refused)
    async with running_bot(slack, tmp_path) as bot:
        await the_one_clip(slack, bot)
    assert len(slack.home.files) == 1


async def test_a_stop_lets_an_opening_message_arrive(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        await slack.slash("/animate", PROMPT)
    (message,) = public(slack)
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        await bot.until_opened(message)
        bot.release()
        await the_one_clip(slack, bot)
