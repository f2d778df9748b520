"""A bot that is backed up while members ask for clips, and goes on elsewhere: on another machine after a move, or where
it was when its disk died."""

import asyncio
from pathlib import Path
from typing import Final

from acceptance.scenarios.chat import STEPS, Chat, Person, Post
from acceptance.scenarios.story import Story
from acceptance.scenarios.studio import Studio
from bot.commands.backup.restore import restore
from bot.commands.backup.save import save, verify
from bot.settings import Settings
from databases import CIPHER_KEY
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import FailureKind, JobStatus

MEMBER, OTHER, THIRD = Person.MEMBER, Person.OTHER, Person.THIRD
ASKED_MEANWHILE: Final = 4
"""Clips that are asked for while the backup is made."""
A_MINUTE: Final = 60.0


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url=None, artifacts_url=None, secret_key=None)


async def a_busy_bot(story: Story, folder: Path) -> None:
    """One clip is delivered, one is owed, one is made, one waits."""
    (folder / "secret.key").write_text(CIPHER_KEY)
    await story.chat.set_limit("user_active_jobs", "20")
    first = story.keep("first", await story.asks(THIRD))
    story.engine.allow(STEPS)
    await story.delivered(first)
    story.core.relay.stop()  # as if the chat were away
    story.keep("owed", await story.asks(MEMBER))
    story.engine.allow(STEPS)
    await story.until(lambda: [each for _, each in story.core.observer.moves].count(JobStatus.SUCCEEDED) == 2)
    story.keep("made", await story.asks(OTHER))
    story.engine.allow(1)
    await story.until(lambda: [each for _, each in story.core.observer.moves].count(JobStatus.RUNNING) == 3)
    story.keep("waiting", await story.asks(OTHER))


async def ask_meanwhile(story: Story) -> list[Post]:
    return [await story.asks(THIRD) for _ in range(ASKED_MEANWHILE)]


async def goes_on(story: Story) -> None:
    """The old clip's buttons work, and the next request is served."""
    first = story.post("first")
    assert (await story.job_of(first)).name in await story.chat.settings(OTHER, first)
    again = await story.answers(lambda: story.chat.press_reroll(OTHER, first))
    await story.delivered(again)
    await story.is_a_re_roll_of("first", again, by=OTHER)
    await story.has_the_kept_clip(again)
    await story.delivered(await story.asks(MEMBER))
    assert await story.core.store.ledger_discrepancies() == []


async def clips_in(story: Story) -> list[int]:
    return [len(each.clips) for each in await story.chat.clip_messages(story.post("first"))]


async def lets_time_pass(story: Story) -> None:
    until = story.chat.now().timestamp() + A_MINUTE
    await story.until(lambda: story.chat.now().timestamp() > until)


async def test_a_bot_is_backed_up_while_it_works_and_its_disk_dies(chat: Chat, tmp_path: Path) -> None:
    here, there, saved = tmp_path / "here", tmp_path / "there", tmp_path / "saved.tar"
    here.mkdir()
    async with Studio(chat, here) as studio:
        story = Story(studio)
        await a_busy_bot(story, here)
        _, meanwhile = await asyncio.gather(save(settings_of(here), saved), ask_meanwhile(story))
        late = await story.asks(THIRD)

        # it works on after its backup, and delivers what it owes
        studio.engine.run_free()
        await studio.restart_bot()
        for post in (*map(story.post, ("owed", "made", "waiting")), *meanwhile, late):
            await story.delivered(post)
        clips = 5 + ASKED_MEANWHILE
        await story.bought(clips)
        await studio.stop_bot()

        assert (await verify(saved)).clips == 2
        await restore(saved, settings_of(there), resume=False)
        await studio.start_bot_in(there)
        await lets_time_pass(story)
        await story.bought(clips)
        assert await clips_in(story) == [1] * clips
        await are_over(story)
        await says_that_it_is_unknown(story, late)
        await goes_on(story)
        await story.bought(clips + 2)


async def are_over(story: Story) -> None:
    """What was unfinished in the backup has failed and is given back, and nothing is owed to anybody."""
    for name in ("made", "waiting"):
        job = await story.job_of(story.post(name))
        assert job.failure is not None
        assert (job.status, job.failure.kind) == (JobStatus.FAILED, FailureKind.RESTORED)
    assert (await story.clips_of(OTHER), await story.clips_of(MEMBER)) == (0, 1)
    for job in await story.jobs():
        delivery = await story.core.store.delivery_of(job.id)
        assert delivery is not None
        assert delivery.status in {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}


async def says_that_it_is_unknown(story: Story, post: Post) -> None:
    """The buttons under a clip that was made after the backup."""
    assert "There is no such clip" in await story.chat.settings(THIRD, post)


async def test_a_bot_moves_to_another_machine_with_all_its_work(chat: Chat, tmp_path: Path) -> None:
    here, there, saved = tmp_path / "here", tmp_path / "there", tmp_path / "saved.tar"
    here.mkdir()
    async with Studio(chat, here) as studio:
        story = Story(studio)
        await a_busy_bot(story, here)
        await studio.stop_bot()
        await save(settings_of(here), saved)
        await restore(saved, settings_of(there), resume=True)
        studio.engine.run_free()
        await studio.start_bot_in(there)
        for name in ("owed", "made", "waiting"):
            await story.delivered(story.post(name))
            await story.has_the_kept_clip(story.post(name))
        assert await clips_in(story) == [1] * 4
        await goes_on(story)
        await story.bought(6)
