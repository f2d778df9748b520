"""``/flipbook show``: a clip again, or how far it is, for one member alone."""

from collections.abc import Awaitable, Callable

import pytest

from discord_bot import Bot, actions, clips
from doubles.discord.state.messages import Message
from generation.domain.job import JobStatus


async def from_a_channel(bot: Bot) -> Message:
    return await bot.clip()


async def from_a_thread(bot: Bot) -> Message:
    return await bot.clip(channel=bot.double.places.thread)


async def from_an_age_restricted_channel(bot: Bot) -> Message:
    return await bot.clip(channel=bot.double.places.age_restricted)


async def with_every_setting(bot: Bot) -> Message:
    return await bot.clip(negative_prompt="fog, text", quality="turbo", num_frames=8, fps=4, steps=6, seed=9)


async def of_a_re_roll(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.until_recorded()
    again = await bot.press(first, "reroll")
    await bot.until_clip(again)
    return again


@pytest.mark.parametrize(
    "way", [from_a_channel, from_a_thread, from_an_age_restricted_channel, with_every_setting, of_a_re_roll]
)
async def test_show_brings_the_clip_again_to_one_member_alone_with_its_buttons(
    bot: Bot, way: Callable[[Bot], Awaitable[Message]]
) -> None:
    first = await way(bot)
    job, bought = (await bot.jobs())[-1], bot.bought
    await bot.until_recorded(bought)
    shown = await bot.ask("flipbook show", id=job.id, channel_of_command=first.channel)
    assert shown.ephemeral
    assert shown.files == first.files
    assert shown.content == first.content
    await bot.until_recorded(bought + 1)
    assert (clips(bot.double)[-2:], bot.bought) == ([first, shown], bought)
    # shown again it has not arrived again
    assert [each for each, _ in bot.core.observer.arrived].count(job.id) == 1
    assert actions(shown) == actions(first)
    await bot.press(shown, "reroll")
    await bot.until_recorded(bought + 2)
    again = (await bot.jobs())[-1]
    assert again.request == job.request.with_seed(again.request.seed)


async def test_after_flipbook_show_the_first_message_still_re_rolls_by_reaction(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.ask("flipbook show", id=(await bot.the_job()).id)
    await bot.until_recorded(2)
    await bot.double.react(first)
    await bot.until_recorded(3)
    assert len(await bot.jobs()) == 2


async def test_show_of_an_unfinished_clip_says_where_it_is(slow_bot: Bot) -> None:
    await slow_bot.animate(seed=1)
    await slow_bot.until_status(JobStatus.RUNNING)
    job = await slow_bot.the_job()
    shown = await slow_bot.ask("flipbook show", id=job.id)
    lines = shown.content.splitlines()
    assert lines[0].startswith("**Rendering**, asked for by <@")
    assert lines[1:] == [
        "> a paper boat on a stormy sea",
        f"standard · 512×512 · 16 frames at 8 fps · 25 steps · guidance 7.5 · seed 1 · `{job.name}`",
    ]


async def test_a_private_channels_clip_is_shown_to_its_owner_to_admins_and_there_alone(bot: Bot) -> None:
    people, night = bot.double.people, bot.double.places.age_restricted
    await bot.clip(channel=night)
    await bot.until_recorded()
    job = await bot.the_job()
    refusal = await bot.ask("flipbook show", id=job.id, user=people.other_member)
    assert refusal.content == f"There is no clip {job.id} here."
    # by its number: the id would say that there is one
    refusal = await bot.ask("flipbook show", id=job.name, user=people.other_member)
    assert refusal.content == rf"There is no clip \{job.name} here."
    assert (await bot.ask("flipbook show", id=job.id, user=people.moderator)).files != []
    await bot.until_recorded(2)
    there = await bot.ask("flipbook show", id=job.id, user=people.other_member, channel_of_command=night)
    assert there.files != []
