"""Answers when the database is slow: Discord takes a first one within three seconds, and a form as that only."""

import asyncio
from typing import Any

import pytest

from adapters.discord.handlers import interactions
from adapters.discord.handlers.forms import opening
from adapters.discord.refs import user_ref
from discord_bot import Bot
from doubles.discord.state.interactions import Callback
from factories import a_channel, a_job, a_server, a_user
from generation.service.clips import Actor
from integration.adapters.discord.clips.test_controls import custom_id, made


@pytest.mark.parametrize("command", ["flipbook quota", "flipbook privacy", "flipbook-admin limits show"])
async def test_a_slow_answer_is_said_after_thinking(bot: Bot, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    name = {"flipbook quota": "quota", "flipbook privacy": "privacy_of"}.get(command, "rules_of")
    read, go_on = getattr(bot.core.service, name), asyncio.Event()

    async def slow(*given: Any, **named: Any) -> Any:
        await go_on.wait()
        return await read(*given, **named)

    monkeypatch.setattr(bot.core.service, name, slow)
    monkeypatch.setattr(interactions, "ANSWER_WITHIN_SECONDS", 0.0)
    asked = await bot.double.slash(command, user=bot.double.people.moderator)
    await bot.double.wait_for_answer(asked)
    assert asked.answered_with is Callback.DEFERRED_MESSAGE
    go_on.set()
    answer = await bot.double.wait_for_reply(asked)
    assert answer.ephemeral
    assert answer.content


async def test_the_question_before_a_deletion_is_given_up_in_time(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    message, job = await made(bot)
    monkeypatch.setattr(opening, "OPEN_WITHIN_SECONDS", 0.0)
    pressed = await bot.double.click(message, custom_id(message, "delete"))
    answer = await bot.double.wait_for_reply(pressed)
    assert answer.content.startswith("The bot's database is busy. Nothing was stored.")
    assert (await bot.core.service.job(job.id, job.channel.server)).deleted_at is None


def test_a_moderator_of_one_channel_is_none_in_another() -> None:
    here, elsewhere = a_channel("501"), a_channel("502")
    moderator = Actor(user_ref(7), a_server(), is_moderator=True, only_in=here)
    assert moderator.moderates(a_job(channel=here, requested_by=a_user("8")))
    assert not moderator.moderates(a_job(channel=elsewhere, requested_by=a_user("8")))
    assert Actor(user_ref(7), a_server(), is_moderator=True).moderates(a_job(channel=elsewhere))
