"""Answers when the database is slow: Discord takes a first one within three seconds, and a form as that only."""

from pathlib import Path

import pytest

from adapters.discord import DiscordTiming
from adapters.discord.refs import user_ref
from discord_bot import running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Callback
from doubles.generation.slow_store import SlowStore
from factories import a_channel, a_job, a_server, a_user
from generation.service.clips import Actor
from integration.adapters.discord.clips.test_controls import custom_id, made


@pytest.mark.parametrize("command", ["flipbook quota", "flipbook privacy", "flipbook-admin limits show"])
async def test_a_slow_answer_is_said_after_thinking(
    discord_double: DiscordDouble, tmp_path: Path, command: str
) -> None:
    slow: list[SlowStore] = []
    timing = DiscordTiming(answer_within=0.0)
    async with running_bot(discord_double, tmp_path, timing=timing, around=lambda s: kept(slow, SlowStore(s))) as bot:
        slow[0].is_slow = True
        asked = await bot.double.slash(command, user=bot.double.people.moderator)
        await bot.double.wait_for_answer(asked)
        assert asked.answered_with is Callback.DEFERRED_MESSAGE
        slow[0].is_slow = False
        slow[0].go_on.set()
        answer = await bot.double.wait_for_reply(asked)
        assert answer.ephemeral
        assert answer.content


async def test_the_question_before_a_deletion_is_given_up_in_time(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    timing = DiscordTiming(defer_after=30.0, open_within=0.0)
    async with running_bot(discord_double, tmp_path, timing=timing) as bot:
        message, job = await made(bot)
        pressed = await bot.double.click(message, custom_id(message, "delete"))
        answer = await bot.double.wait_for_reply(pressed)
        assert answer.content.startswith("The bot's database is busy. Nothing was stored.")
        assert (await bot.core.service.job(job.id, job.channel.server)).deleted_at is None


def kept(stores: list[SlowStore], store: SlowStore) -> SlowStore:
    stores.append(store)
    return store


def test_a_moderator_of_one_channel_is_none_in_another() -> None:
    here, elsewhere = a_channel("501"), a_channel("502")
    moderator = Actor(user_ref(7), a_server(), is_moderator=True, only_in=here)
    assert moderator.moderates(a_job(channel=here, requested_by=a_user("8")))
    assert not moderator.moderates(a_job(channel=elsewhere, requested_by=a_user("8")))
    assert Actor(user_ref(7), a_server(), is_moderator=True).moderates(a_job(channel=elsewhere))
