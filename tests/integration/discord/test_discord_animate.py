"""From ``/animate`` to the MP4: one message, from the first answer to the clip with its button."""

import asyncio

from discord_bot import PROMPT, Bot, clips
from doubles.backend import tiny_mp4
from generation.delivery import DeliveryStatus
from generation.job import JobStatus


async def test_the_clip_is_put_into_the_first_answer(slow_bot: Bot) -> None:
    message = await slow_bot.animate(seed=42)
    job = await slow_bot.the_job()
    assert message.content.startswith("⏳ Queued, next\n> a paper boat on a stormy sea\n-# standard · 512×512 · 16 frames")
    assert message.custom_ids == [f"v1:cancel:{job.id}"]
    slow_bot.release()
    await slow_bot.until_recorded()
    assert message.files == [f"flipbook-{job.id}.mp4"]
    assert await slow_bot.double.download(message.attachments[0]) == tiny_mp4()
    assert message.custom_ids == [f"v1:reroll:{job.id}"]
    assert clips(slow_bot.double) == [message]
