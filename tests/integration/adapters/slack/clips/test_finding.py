"""History and queue on Slack: pages, a menu beside each clip, and ✖; after a restart too."""

import asyncio
from pathlib import Path
from typing import Any

from doubles.generation.backend import ScriptedBackend
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH
from factories import a_delivery, a_job, later, moved
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.refs import ChannelRef, MessageRef, Platform, UserRef
from slack_bot import Bot, running_bot


async def add_clips(bot: Bot, count: int) -> list[Job]:
    """Clips of Mira, from long ago."""
    channel = ChannelRef(bot.server, GENERAL)
    made = [
        moved(
            a_job(
                number=n,
                created_at=later(seconds=n),
                requested_by=UserRef(Platform.SLACK, MIRA),
                channel=channel,
            ),
            JobStatus.FAILED,
        )
        for n in range(1, count + 1)
    ]
    async with bot.core.store.transaction() as tx:
        for job in made:
            assert await tx.next_number(job.channel.server) == job.number
            shown = MessageRef(channel, f"1700000000.00000{job.number}")
            await tx.add_job(job, a_delivery(job, message=shown, status=DeliveryStatus.SENT), None)
    return made


async def asked(bot: Bot, text: str, user: str = MIRA) -> Message:
    """What ``/flipbook`` answers, as a message."""
    act = await bot.double.slash("/flipbook", text, user=user)
    since = act.attempts[0].sent_at
    return await bot.double.wait_for_message(lambda each: each.ephemeral_for == user and float(each.ts) >= since)


def numbers(page: Message) -> list[str]:
    return [line.split("`")[1] for line in page.text.splitlines()[1:]]


def accessories(page: Message) -> list[dict[str, Any]]:
    return [block["accessory"] for block in page.blocks if "accessory" in block]


async def test_a_history_is_turned_in_its_own_message_and_after_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await add_clips(bot, 7)
        page = await asked(bot, "history")
        assert numbers(page) == ["#7", "#6", "#5", "#4", "#3"]
    async with running_bot(slack, tmp_path) as bot:
        await slack.click(page, "v1:history:older", user=MIRA)
        await bot.until(lambda: numbers(page) == ["#2", "#1"])
        await slack.click(page, "v1:history:newer", user=MIRA)
        await bot.until(lambda: len(numbers(page)) == 5)


async def test_each_clip_has_a_menu_that_works_after_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        (made,) = await add_clips(bot, 1)
        page = await asked(bot, "history")
        (menu,) = accessories(page)
        values = [each["value"] for each in menu["options"]]
        assert values == [f"{word}:{made.id}" for word in ("retry", "edit", "delete")]
    async with running_bot(slack, tmp_path) as bot:
        await slack.click(page, "v1:more", user=MIRA, value=f"edit:{made.id}")
        await bot.double.wait_for(lambda: [view for view in slack.home.views.values() if view.is_open])
        slack.clock.advance(1)  # two clicks are two moments
        await slack.click(page, "v1:more", user=MIRA, value=f"retry:{made.id}")
        await bot.until(lambda: bot.bought == 1)
        await bot.until_recorded()


async def test_the_queue_cancels_ones_own_and_only_those(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await bot.animate(user=MIRA)
        await bot.until(lambda: bot.bought == 1)
        job = await bot.the_job()
        (button,) = accessories(await asked(bot, "queue"))
        assert (button["action_id"], button["value"]) == ("v1:cancel", job.id)
        assert accessories(await asked(bot, "queue", NOAH)) == []
        bot.release()
        await bot.until_recorded()


async def test_a_clip_is_shown_and_cancelled_by_its_number(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await add_clips(bot, 1)
        assert "`#1`" in (await asked(bot, "show #1")).text
        assert (await asked(bot, "show 7")).text == "There is no clip #7 here."
        assert (await asked(bot, "cancel `1`")).text.startswith("That clip has already ended")
        assert (await asked(bot, "admin reports hide #9", ADMIN)).text == "There is no clip #9 here."
