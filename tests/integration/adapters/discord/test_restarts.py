"""The bot is killed at every step of a clip's life: one job bought, one message seen, and the clip in it."""

import asyncio
from collections.abc import Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest

from adapters.discord import DiscordTiming
from discord_bot import Bot, clips, of_jobs, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Interaction
from doubles.generation.backend import ScriptedBackend
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus


class Dead:
    """A service whose process dies before it can do one thing."""

    def __init__(self, service: Any, verb: str) -> None:
        self._service = service
        self._verb = verb
        self.reached = asyncio.Event()
        self.buried = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        if name != self._verb:
            return getattr(self._service, name)
        return self._die if iscoroutinefunction(getattr(self._service, name)) else self._die_at_once

    def _die_at_once(self, *_args: Any, **_keywords: Any) -> None:
        self.reached.set()
        raise asyncio.CancelledError

    async def _die(self, *_args: Any, **_keywords: Any) -> None:
        self.reached.set()
        await self.buried.wait()
        raise asyncio.CancelledError


async def killed_before(double: DiscordDouble, folder: Path, verb: str, backend: ScriptedBackend) -> Interaction:
    """A member asks; the bot is killed before its service runs ``verb``; messages sent so far stay."""
    timing = DiscordTiming(drain=0.01)
    async with running_bot(double, folder, backend=backend, kill=True, timing=timing) as bot:
        handler = (await bot.chat._session.login()).handler
        assert handler is not None
        dead = Dead(bot.core.service, verb)
        handler.service = dead  # type: ignore[assignment]
        handler.first_responses._service = dead  # type: ignore[assignment]
        asked = await double.slash("animate", prompt="a paper boat")
        async with asyncio.timeout(40):
            await dead.reached.wait()
    dead.buried.set()
    await asyncio.sleep(0)
    return asked


async def finish(bot: Bot, count: int = 1) -> None:
    """Let the clip be made and delivered; the relay waits ten seconds for a first answer that never comes."""
    bot.release()
    await bot.until_status(JobStatus.SUCCEEDED)
    bot.advance(11)
    await bot.until_recorded(count)


async def test_killed_before_submitting_the_member_asks_again(tmp_path: Path, discord_double: DiscordDouble) -> None:
    backend = ScriptedBackend()
    await killed_before(discord_double, tmp_path, "make", backend)
    async with running_bot(discord_double, tmp_path, backend=backend) as bot:
        assert await bot.jobs() == []
        message = await bot.clip()
        await bot.until_recorded()
    assert (clips(discord_double), len(backend.submissions)) == ([message], 1)


async def test_killed_between_submitting_and_answering_the_clip_is_posted(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    asked = await killed_before(discord_double, tmp_path, "progress_of", backend)
    assert not asked.answered
    async with running_bot(discord_double, tmp_path, backend=backend) as bot:
        await finish(bot)
        job = await bot.the_job()
    (message,) = of_jobs(discord_double)
    assert (clips(discord_double), message.nonce, len(backend.submissions)) == ([message], job.id, 1)


async def test_killed_between_answering_and_recording_it_the_clip_goes_into_that_answer(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    asked = await killed_before(discord_double, tmp_path, "opened", backend)
    assert asked.answered
    async with running_bot(discord_double, tmp_path, backend=backend) as bot:
        await finish(bot)
    assert clips(discord_double) == [asked.original] == of_jobs(discord_double)
    assert len(backend.submissions) == 1


async def test_killed_while_rendering_the_same_message_gets_the_clip(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(discord_double, tmp_path, backend=backend, kill=True) as bot:
        message = await bot.animate()
        await bot.until_status(JobStatus.RUNNING)
        await bot.until_opened(await bot.the_job())
    async with running_bot(discord_double, tmp_path, backend=backend) as bot:
        await finish(bot)
    assert clips(discord_double) == [message] == of_jobs(discord_double)
    assert len(backend.submissions) == 1


@pytest.mark.parametrize("minutes", [1, 20])
async def test_killed_after_the_clip_was_made_it_is_delivered_by_the_next_start(
    tmp_path: Path, discord_double: DiscordDouble, minutes: int
) -> None:
    async with running_bot(discord_double, tmp_path, kill=True) as bot:
        await discord_double.fault("cloudflare", route="^PATCH", times=5)
        message = await bot.animate()
        await bot.until_status(JobStatus.SUCCEEDED)
        await bot.until(lambda: bot.core.observer.troubles)
        bot.advance(minutes * 60)
    discord_double.stage.planned._waiting.clear()
    async with running_bot(discord_double, tmp_path) as bot:
        bot.advance(601)
        await bot.until_recorded()
    assert clips(discord_double) == [message] == of_jobs(discord_double)


class Amnesia:
    """A store that dies before it records that a clip has arrived."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transaction(self, *urgency: Any) -> Any:
        return _Forgetful(self._store.transaction(*urgency))


class _Forgetful:
    def __init__(self, context: Any) -> None:
        self._context = context

    async def __aenter__(self) -> Any:
        self._tx = await self._context.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> Any:
        return await self._context.__aexit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def save_delivery(self, delivery: Any) -> None:
        if delivery.status is DeliveryStatus.SENT:
            await asyncio.Event().wait()
        await self._tx.save_delivery(delivery)


async def test_killed_after_delivering_and_before_recording_the_same_edit_is_made_again(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    async with running_bot(discord_double, tmp_path, kill=True, around=Amnesia) as bot:
        message = await bot.clip()
    async with running_bot(discord_double, tmp_path) as bot:
        await bot.until_recorded()
    assert clips(discord_double) == [message] == of_jobs(discord_double)


@pytest.mark.parametrize("minutes_later", [1, 30])
async def test_killed_after_a_new_post_and_before_recording_nothing_is_posted_twice(
    tmp_path: Path, discord_double: DiscordDouble, minutes_later: int
) -> None:
    """Within some minutes by the nonce, later because the bot finds its own message."""
    async with running_bot(discord_double, tmp_path, kill=True, around=Amnesia) as bot:
        backend = bot.backend
        backend.hold = asyncio.Event()
        message = await bot.animate()
        await bot.until_opened(await bot.the_job())
        await discord_double.fault("unknown_message", message=message)
        bot.release()
        await discord_double.wait_until(lambda: clips(discord_double))
    discord_double.clock.advance(minutes_later * 60)
    async with running_bot(discord_double, tmp_path) as bot:
        await bot.until_recorded()
    (clip,) = of_jobs(discord_double)
    assert clips(discord_double) == [clip]


@pytest.mark.parametrize("minutes_later", [1, 30])
async def test_the_same_holds_for_direct_messages(
    tmp_path: Path, discord_double: DiscordDouble, minutes_later: int
) -> None:
    async with running_bot(discord_double, tmp_path, kill=True, around=Amnesia) as bot:
        bot.backend.hold = asyncio.Event()
        await bot.animate()
        await bot.until_opened(await bot.the_job())
        await discord_double.fault("channel_gone", channel=discord_double.places.text)
        bot.release()
        await discord_double.wait_until(lambda: clips(discord_double))
    discord_double.clock.advance(minutes_later * 60)
    async with running_bot(discord_double, tmp_path) as bot:
        await bot.until_recorded()
    (clip,) = of_jobs(discord_double)
    assert clip.channel.recipient is discord_double.people.member


async def test_killed_between_a_reaction_and_its_message_the_clip_is_posted_once(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    async with running_bot(discord_double, tmp_path, kill=True) as bot:
        first = await bot.clip()
        await bot.until_recorded()
        await discord_double.fault("cloudflare", route="^POST /channels", times=9)
        await discord_double.react(first)
        await bot.until(lambda: len(bot.core.observer.moves) > 5)
    discord_double.stage.planned._waiting.clear()
    async with running_bot(discord_double, tmp_path) as bot:
        bot.advance(700)
        await bot.until_recorded()
        assert len(await bot.jobs()) == 2
    assert len(clips(discord_double)) == 2 == len(of_jobs(discord_double))


async def test_a_restart_between_any_two_steps_of_a_clips_life(tmp_path: Path, discord_double: DiscordDouble) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())

    def start() -> Any:
        return running_bot(discord_double, tmp_path, backend=backend)

    async with start() as bot:
        message = await bot.animate()
        await bot.until_opened(await bot.the_job())
    async with start() as bot:
        await bot.ask_as_admin("limits set", limit="user_clips_per_day", value="2")
    async with start() as bot:
        bot.release()
        await bot.until_recorded()
    async with start() as bot:
        await discord_double.react(message, user=discord_double.people.other_member)
        await bot.until_recorded()
    async with start() as bot:
        second = await bot.press(message, "reroll")
        await bot.until_clip(second)
        await bot.until_recorded()
    async with start() as bot:
        assert (await bot.press(message, "reroll")).content.startswith(
            "You've used all 2 of your clips for today; you can make more "
        )
        assert len(await bot.jobs()) == 3
    assert (len(clips(discord_double)), len(backend.submissions)) == (3, 3)


async def test_stopping_waits_for_running_handlers(
    tmp_path: Path, discord_double: DiscordDouble, monkeypatch: Callable[..., Any]
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        asked = await discord_double.slash("animate", prompt="a boat")
        await bot.until(lambda: bot.core.observer.moves)
    assert asked.answered
