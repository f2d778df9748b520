"""The connection breaks in every way; the bot reconnects, misses nothing, and logs one line for each break."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import KeepAliveHandler
from pydantic import SecretStr
from structlog.typing import EventDict

from adapters.discord import DiscordChat, DiscordTiming, DiscordUnusable
from core import a_core
from discord_bot import Bot, DoubleTime, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.generation.backend import ScriptedBackend
from generation.protocol.backoff import Backoff


def a_chat(double: DiscordDouble, folder: Path, **changes: Any) -> DiscordChat:
    options = {"api_url": double.api_url, "gateway_url": double.gateway_url, "clock": DoubleTime(double)}
    return DiscordChat(SecretStr(changes.pop("token", double.token)), state_dir=folder, **(options | changes))


@pytest.mark.parametrize("fault", ["op7", "abort"])
async def test_a_break_between_asking_and_the_clip_is_resumed_and_nothing_is_lost(slow_bot: Bot, fault: str) -> None:
    message = await slow_bot.animate()
    await slow_bot.double.fault(fault)
    await slow_bot.double.wait_until(lambda: slow_bot.double.gateway.resumed == 1, timeout=7)
    slow_bot.release()
    await slow_bot.until_recorded()
    assert clips(slow_bot.double) == [message]
    assert (slow_bot.bought, slow_bot.double.gateway.identified) == (1, 1)


async def test_an_invalid_session_is_followed_by_a_new_one(start_bot: Callable[..., Any]) -> None:
    slow_bot = await start_bot(backend=ScriptedBackend(hold=asyncio.Event()), timing=DiscordTiming(new_session=0.05))
    message = await slow_bot.animate()
    await slow_bot.double.fault("op9")
    await slow_bot.double.wait_until(lambda: slow_bot.double.gateway.identified == 2)
    second = await slow_bot.animate()
    slow_bot.release()
    await slow_bot.until_recorded(2)
    assert clips(slow_bot.double) == [message, second]


async def test_a_gateway_that_falls_silent_is_left_and_the_session_resumed(
    discord_double: DiscordDouble, start_bot: Callable[..., Any]
) -> None:
    discord_double.gateway.heartbeat_ms = 100
    bot = await start_bot(backend=ScriptedBackend(hold=asyncio.Event()), timing=DiscordTiming(heartbeat=0.4))
    message = await bot.animate()
    await discord_double.fault("no_heartbeat_ack")
    await discord_double.wait_until(lambda: discord_double.gateway.resumed >= 1)
    bot.release()
    await bot.until_recorded()
    assert clips(discord_double) == [message]


async def test_a_replay_after_a_resume_makes_nothing_twice(bot: Bot) -> None:
    message = await bot.clip()
    await bot.until_recorded()
    await bot.double.fault("replay_too_much", events=50)
    await bot.double.fault("op7")
    await bot.double.wait_until(lambda: bot.double.gateway.resumed == 1)
    await bot.until_handled()
    assert (clips(bot.double), len(await bot.jobs()), bot.bought) == ([message], 1, 1)


async def test_the_clip_arrives_while_the_gateway_is_away(discord_double: DiscordDouble, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with running_bot(discord_double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        message = await bot.animate()
        discord_double.gateway.is_mute = True
        discord_double.gateway.forget_sessions()
        await discord_double.fault("abort")
        await discord_double.wait_until(lambda: len(discord_double.gateway.sockets) == 1)
        bot.release()
        await bot.until_recorded()
        assert clips(discord_double) == [message]
        assert discord_double.gateway.live == []
    hearts = [thread for thread in set(threading.enumerate()) - before if isinstance(thread, KeepAliveHandler)]
    for heart in hearts:
        heart.join(timeout=1)
    assert [heart for heart in hearts if heart.is_alive()] == []


async def test_a_client_that_is_closed_while_it_is_still_loading_hears_no_more_of_it(
    discord_double: DiscordDouble, tmp_path: Path, log: list[EventDict]
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        client = await bot.chat._session.login()
        await bot.until(lambda: client.user)  # the session has begun, its servers are awaited
    # as discord.py reports it, seconds after the last of them
    client.dispatch("ready")
    await asyncio.sleep(0)
    assert [line for line in log if line["event"] == "connected to Discord"] == []


async def test_a_wrong_token_ends_in_one_sentence(discord_double: DiscordDouble, tmp_path: Path) -> None:
    chat = a_chat(discord_double, tmp_path, token="MQ.wrong.token")
    async with a_core(tmp_path) as core:
        with pytest.raises(DiscordUnusable) as refused:
            await chat.run(core.service)
    await chat.close()
    assert str(refused.value) == (
        "Discord does not accept the bot's token. Set DISCORD_TOKEN to the one on the Bot page of the application."
    )
    assert [exchange.status for exchange in discord_double.requests("/users/@me")] == [401]


async def test_a_token_that_is_taken_back_while_running_ends_in_the_same_sentence(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(DiscordUnusable, match="does not accept the bot's token")):
        async with running_bot(discord_double, tmp_path):
            await discord_double.fault("close", code=4004)
            await asyncio.Event().wait()


@pytest.mark.parametrize(("code", "words"), [(4014, "does not allow the intents"), (4011, "too many servers")])
async def test_closures_that_no_reconnect_helps_end_in_a_sentence(
    discord_double: DiscordDouble, tmp_path: Path, code: int, words: str
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(DiscordUnusable, match=words)):
        async with running_bot(discord_double, tmp_path):
            await discord_double.fault("close", code=code)
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("code", "line", "resumed"),
    [
        (4000, "Discord closed the connection after an error of its own; the bot connects again.", 1),
        (4009, "The session at Discord timed out; the bot connects again.", 0),
    ],
)
async def test_other_closures_are_one_line_in_the_log(
    start_bot: Callable[..., Any],
    log: list[EventDict],
    caplog: pytest.LogCaptureFixture,
    code: int,
    line: str,
    resumed: int,
) -> None:
    bot = await start_bot(timing=DiscordTiming(new_session=0.05))
    await bot.double.fault("close", code=code)
    await bot.double.wait_until(lambda: not bot.double.gateway.live)
    await bot.double.wait_connected()
    assert (await bot.clip()).files != []
    assert bot.double.gateway.resumed == resumed
    assert {"event": line, "log_level": "info"} in log
    assert [record for record in caplog.records if record.exc_info] == []


async def test_leaving_because_discord_asks_for_it_is_no_error_in_the_log(bot: Bot, log: list[EventDict]) -> None:
    log.clear()
    await bot.double.fault("op7")
    await bot.double.wait_until(lambda: bot.double.gateway.resumed == 1)
    await bot.until_handled()
    assert [line["event"] for line in log[:2]] == [
        "The bot leaves this connection to Discord for a new one.",
        "connected to Discord again; nothing was missed",
    ]


async def test_where_discord_cannot_be_reached_at_the_start_it_is_tried_again(
    discord_double: DiscordDouble, start_bot: Callable[..., Any], log: list[EventDict]
) -> None:
    await discord_double.fault("cloudflare", route="^GET /users/@me", times=1)
    bot = await start_bot(timing=DiscordTiming(reconnect=Backoff(first=0.01)))
    message = await bot.clip()
    assert clips(discord_double) == [message]
    assert [line for line in log if line["log_level"] != "info"] == [
        {
            "event": "Discord cannot be reached",
            "error": "HTTPException",
            "retry_in": 0.01,
            "log_level": "warning",
        }
    ]


async def test_a_gateway_that_cannot_be_reached_at_first_is_no_traceback(
    discord_double: DiscordDouble, tmp_path: Path, log: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    chat = a_chat(discord_double, tmp_path, gateway_url="ws://127.0.0.1:9/", clock=None)
    async with a_core(tmp_path) as core:
        task = asyncio.create_task(chat.run(core.service))
        await discord_double.wait_until(lambda: discord_double.requests("PUT /applications"))
        async with asyncio.timeout(40):
            while "Discord cannot be reached" not in [line["event"] for line in log]:
                await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await chat.close()
    assert [line for line in log if "exc_info" in line] == []
    assert [record for record in caplog.records if record.exc_info] == []


async def test_the_messenger_works_before_the_gateway_is_connected(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    chat = a_chat(discord_double, tmp_path)
    channel = discord_double.places.text
    await chat._messenger.posts.say(channel.id, "hello")
    assert [message.content for message in discord_double.world.messages()] == ["hello"]
    assert discord_double.gateway.identified == 0
    await chat.close()


async def test_after_closing_nothing_is_sent_any_more(discord_double: DiscordDouble, tmp_path: Path) -> None:
    from generation.protocol.errors import DeliveryDelayed

    chat = a_chat(discord_double, tmp_path)
    await chat._session.login()
    await chat.close()
    with pytest.raises(DeliveryDelayed, match="not logged in"):
        await chat._session.client()


async def test_commands_are_registered_only_when_they_changed(discord_double: DiscordDouble, tmp_path: Path) -> None:
    for _ in range(3):
        async with running_bot(discord_double, tmp_path):
            pass
    assert len(discord_double.requests("PUT /applications")) == 1
    (tmp_path / "discord-commands").write_text("another application's")
    async with running_bot(discord_double, tmp_path):
        pass
    assert len(discord_double.requests("PUT /applications")) == 2


async def test_commands_that_discord_does_not_take_stay_as_they_were(
    discord_double: DiscordDouble, tmp_path: Path, log: list[EventDict]
) -> None:
    await discord_double.fault("cloudflare", route="^PUT /applications")
    async with running_bot(discord_double, tmp_path):
        pass
    assert not (tmp_path / "discord-commands").exists()
    assert {
        "event": "Discord did not take the commands; they stay as they were until the next start",
        "error": "code 0",
        "log_level": "warning",
    } in log


async def test_a_command_under_way_when_the_bot_stops_gets_an_answer(slow_bot: Bot) -> None:
    asked = await slow_bot.double.slash("animate", prompt="a boat")
    await slow_bot.double.wait_for_reply(asked)
    assert slow_bot.double.unanswered == []
