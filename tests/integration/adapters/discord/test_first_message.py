"""Submitted first, then answered: public when there is a job, private when there is none, once in any case."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.typing import EventDict

from adapters.discord import DiscordTiming
from discord_bot import Bot, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Callback
from doubles.discord.state.permissions import Permission
from generation.protocol.errors import StoreBusy

P = Permission


class SlowStore:
    """The store; a transaction begins only when the test lets it, and may fail."""

    def __init__(self, store: Any, gate: asyncio.Event, failure: Exception | None = None) -> None:
        self._store = store
        self._gate = gate
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        await self._gate.wait()
        if self._failure is not None:
            raise self._failure
        async with self._store.transaction(*urgency) as tx:
            yield tx


async def test_a_quick_submit_is_answered_at_once_and_for_all_to_see(slow_bot: Bot) -> None:
    asked = await slow_bot.double.slash("animate", prompt="a boat")
    await slow_bot.double.wait_for_reply(asked)
    assert asked.answered_with is Callback.MESSAGE
    assert asked.original is not None
    assert not asked.original.ephemeral


async def test_a_slow_submit_is_deferred_and_the_deferred_answer_becomes_the_message(
    start_bot: Callable[..., Any],
) -> None:
    gate = asyncio.Event()
    bot = await start_bot(around=lambda store: SlowStore(store, gate), timing=DiscordTiming(defer_after=0.01))
    asked = await bot.double.slash("animate", prompt="a boat")
    await bot.double.wait_for_answer(asked)
    assert asked.answered_with is Callback.DEFERRED_MESSAGE
    gate.set()
    message = await bot.double.wait_for_reply(asked)
    assert not message.ephemeral
    await bot.until_clip(message)
    assert clips(bot.double) == [message]
    assert bot.bought == 1


async def test_a_refusal_after_a_deferral_is_still_private(start_bot: Callable[..., Any]) -> None:
    gate = asyncio.Event()
    bot = await start_bot(
        around=lambda store: SlowStore(store, gate, StoreBusy()), timing=DiscordTiming(defer_after=0.01)
    )
    asked = await bot.double.slash("animate", prompt="a boat")
    await bot.double.wait_for_answer(asked)
    gate.set()
    refusal = await bot.double.wait_for_message(lambda message: message.ephemeral)
    assert refusal.content == "The bot's database is busy. Nothing was stored. Please try again in a minute."
    assert bot.double.world.messages() == [refusal]
    assert (asked.original is None or asked.original.deleted, bot.bought) == (True, 0)


async def test_a_handler_that_is_cancelled_at_shutdown_leaves_no_error_in_the_log(
    discord_double: DiscordDouble, tmp_path: Path, log: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()
    around = {"around": lambda store: SlowStore(store, gate), "timing": DiscordTiming(drain=0.01)}
    async with running_bot(discord_double, tmp_path, **around) as bot:
        handler = (await bot.chat._session.login()).handler
        assert handler is not None
        await discord_double.slash("animate", prompt="a boat")
        await bot.until(lambda: handler._running)
        (serving,) = handler._running
    assert serving.done()
    assert [line for line in log if line["log_level"] == "error"] == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_answer_that_comes_too_late_is_posted_by_the_bot_itself(slow_bot: Bot) -> None:
    await slow_bot.double.fault("unknown_interaction")
    await slow_bot.double.slash("animate", prompt="a boat")
    message = await slow_bot.double.wait_for_message(lambda message: message.custom_ids)
    job = await slow_bot.the_job()
    assert message.nonce == job.id
    await slow_bot.until_opened(job)
    slow_bot.release()
    await slow_bot.until_recorded()
    assert clips(slow_bot.double) == [message]
    assert slow_bot.bought == 1


async def test_where_another_process_has_answered_the_clip_goes_into_that_answer(slow_bot: Bot) -> None:
    await slow_bot.double.fault("already_acknowledged")
    asked = await slow_bot.double.slash("animate", prompt="a boat")
    job = await slow_bot.until_job()
    await slow_bot.until_opened(job)
    slow_bot.release()
    await slow_bot.until_recorded()
    assert clips(slow_bot.double) == [asked.original] == slow_bot.double.world.messages()
    assert slow_bot.bought == 1


async def test_an_interaction_that_is_delivered_twice_is_handled_once(bot: Bot) -> None:
    await bot.double.fault("duplicate_events", event="INTERACTION_CREATE")
    message = await bot.animate()
    await bot.until_recorded()
    assert clips(bot.double) == [message] == bot.double.world.messages()
    assert (len(await bot.jobs()), bot.bought) == (1, 1)
    assert bot.double.refusals == []


async def test_an_answer_stored_in_spite_of_an_error_is_found_and_used(slow_bot: Bot) -> None:
    await slow_bot.double.fault("server_error", route="callback$", status=502)
    asked = await slow_bot.double.slash("animate", prompt="a boat")
    job = await slow_bot.until_job()
    await slow_bot.until_opened(job)
    slow_bot.release()
    await slow_bot.until_recorded()
    assert clips(slow_bot.double) == [asked.original] == slow_bot.double.world.messages()
    (repeated,) = slow_bot.double.take_violations()  # discord.py sends it again by itself after a 502
    assert repeated.endswith("a second first response")


class Forgetful:
    """A service that cannot record which message shows a job."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    async def opened(self, *_args: Any) -> None:
        raise StoreBusy


@pytest.mark.parametrize("asks", ["by command", "by reaction"])
async def test_when_the_message_cannot_be_recorded_the_member_is_not_told_to_ask_again(bot: Bot, asks: str) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    handler = (await bot.chat._session.login()).handler
    assert handler is not None
    handler.first_responses._service = Forgetful(bot.core.service)  # type: ignore[assignment]
    if asks == "by command":
        second = await bot.animate()
    else:
        await bot.double.react(first)
        second = await bot.double.wait_for_message(lambda message: message.replies_to is first)
    assert second.content.startswith("⏳ **Queued, next** · ready <t:")
    await bot.until_handled()
    bot.advance(11)
    await bot.until_recorded(2)
    assert clips(bot.double) == [first, second]
    assert [message for message in bot.double.world.messages() if "again" in message.content] == []


async def test_an_answer_that_never_gets_through_does_not_lose_the_clip(start_bot: Callable[..., Any]) -> None:
    bot = await start_bot()
    await bot.double.fault("cloudflare", route="callback$")
    await bot.double.slash("animate", prompt="a boat")
    await bot.until_job()
    await bot.until(lambda: bot.backend.submissions)
    bot.advance(11)  # the relay waits ten seconds for the first answer
    message = await bot.double.wait_for_message(lambda message: message.files)
    await bot.until_recorded()
    assert clips(bot.double) == [message]
    assert message.nonce == (await bot.the_job()).id


@pytest.mark.parametrize(
    ("taken", "label"),
    [
        (P.VIEW_CHANNEL, "View Channel"),
        (P.SEND_MESSAGES, "Send Messages"),
        (P.ATTACH_FILES, "Attach Files"),
        (P.READ_MESSAGE_HISTORY, "Read Message History"),
    ],
)
async def test_a_missing_permission_is_named_before_anything_is_spent(bot: Bot, taken: P, label: str) -> None:
    await bot.double.fault("missing_permission", channel=bot.double.places.text, permission=taken)
    refusal = await bot.animate()
    assert refusal.ephemeral
    assert refusal.content == (
        f"Flipbook lacks a permission in this channel: **{label}**. An admin can grant it in the channel's settings."
    )
    assert (await bot.jobs(), bot.bought) == ([], 0)


async def test_in_a_thread_it_is_the_permission_for_threads_that_counts(bot: Bot) -> None:
    places = bot.double.places
    await bot.double.fault("missing_permission", channel=places.thread, permission=P.SEND_MESSAGES_IN_THREADS)
    refusal = await bot.animate(channel=places.thread)
    assert "**Send Messages in Threads**" in refusal.content
    assert not (await bot.animate(channel=places.text)).ephemeral


async def test_several_missing_permissions_are_all_named(bot: Bot) -> None:
    taken = P.ATTACH_FILES | P.SEND_MESSAGES
    await bot.double.fault("missing_permission", channel=bot.double.places.text, permission=taken)
    assert "**Send Messages**, **Attach Files**" in (await bot.animate()).content


async def test_outside_of_servers_there_are_no_clips(bot: Bot) -> None:
    double = bot.double
    sent = await double.slash("animate", prompt="a boat", channel=double.places.dm, force=True)
    refusal = await double.wait_for_reply(sent)
    assert refusal.content == "Flipbook makes clips in servers only, not in direct messages."
    assert await bot.jobs() == []


async def test_a_command_from_before_an_update_gets_a_sentence(bot: Bot) -> None:
    old = await bot.forged("flipbook", [{"type": 1, "name": "of-last-year", "options": []}])
    assert old.ephemeral
    assert old.content == "This command has changed. Restart Discord (Ctrl+R) and try again."
    assert bot.double.violations == []
