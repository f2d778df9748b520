"""A message that was deleted is not posted again in its channel: the member gets the clip in a direct message, or by
``/flipbook show``."""

from collections.abc import Awaitable, Callable

import pytest

from discord_bot import Bot, clips
from doubles.discord.state.messages import Message
from doubles.discord.state.places import Channel
from generation.protocol.errors import GenerationFailed

MINUTE = 60.0


async def while_its_token_lives(bot: Bot) -> Message:
    return await bot.rendering()


async def after_its_token_has_ended(bot: Bot) -> Message:
    message = await bot.rendering()
    bot.advance(20 * MINUTE)
    return message


async def in_a_thread(bot: Bot) -> Message:
    return await bot.rendering(channel=bot.double.places.thread)


async def of_a_re_roll_by_reaction(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.until_recorded()
    assert bot.backend.hold is not None
    bot.backend.hold.clear()
    await bot.double.react(first)
    message = await bot.double.wait_for_message(lambda message: message.replies_to is first)
    await bot.until(lambda: message.edits)
    return message


async def of_a_clip_that_fails(bot: Bot) -> Message:
    bot.backend.troubles["result"] = [GenerationFailed("worker", "no")] * 9
    return await bot.rendering()


Way = Callable[[Bot], Awaitable[Message]]
WAYS = [while_its_token_lives, after_its_token_has_ended, in_a_thread, of_a_re_roll_by_reaction, of_a_clip_that_fails]


def said_in(bot: Bot, channel: Channel) -> list[Message]:
    """What the bot has said in a channel and is still there."""
    return [m for m in bot.double.world.messages() if m.channel is channel and m.author is bot.double.people.bot]


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_deleted_goes_to_the_member_alone(slow_bot: Bot, way: Way) -> None:
    message = await way(slow_bot)
    await slow_bot.double.fault("unknown_message", message=message)
    before = said_in(slow_bot, message.channel)
    jobs = len(await slow_bot.jobs())
    slow_bot.release()
    await slow_bot.until_recorded(jobs)
    assert said_in(slow_bot, message.channel) == before
    if message.channel.parent is not None:
        assert said_in(slow_bot, message.channel.parent) == []
    (told,) = [m for m in slow_bot.double.world.messages() if m.channel.recipient is slow_bot.double.people.member]
    assert f"You asked for it in <#{message.channel.id}>. It is posted here because " in told.content
    assert "the message was deleted." in told.content
    assert told.custom_ids == []


async def test_without_direct_messages_it_is_kept_and_shown(slow_bot: Bot) -> None:
    double = slow_bot.double
    message = await slow_bot.rendering()
    await double.fault("unknown_message", message=message)
    await double.fault("dms_closed", user=double.people.member)
    slow_bot.release()
    await slow_bot.until(lambda: any(item.status == "abandoned" for item in slow_bot.core.observer.deliveries))
    assert clips(double) == []
    assert said_in(slow_bot, message.channel) == []
    job = await slow_bot.the_job()
    shown = await slow_bot.ask("flipbook show", id=job.id)
    assert (shown.ephemeral, shown.files) == (True, [f"flipbook-{job.id}.mp4"])
