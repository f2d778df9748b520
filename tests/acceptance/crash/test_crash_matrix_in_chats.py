"""The crash matrix through both chats: killed at any step, a member sees one message with one clip, bought once.

The bot is a process of its own; the chat goes on without it, and whoever asked sees in the end what the chat keeps.
"""

import asyncio
from pathlib import Path

import pytest

from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.slack.server import OpenDouble as OpenSlack
from generation import mp4
from kills import PATIENCE_SECONDS, POINTS, House, Process
from kills_in_chats import ANSWERED, COMPLETED, MOMENTS, UPLOADED, UPLOADING, Chat, InDiscord, InSlack
from slack_bot import SHIPPED

pytestmark = pytest.mark.slow

IN_DISCORD = ("before insert", *POINTS, ANSWERED, UPLOADING)
IN_SLACK = (
    "before insert",
    "after insert",
    "while RUNNING",
    "after SUCCEEDED, before delivery",
    "after delivery, before SENT",
    ANSWERED,
    UPLOADING,
    UPLOADED,
    COMPLETED,
)
"""Between its first answer and its outcome a job is the core's alone: one point there is enough for the second chat."""
CELLS = [
    *(("discord", point, "bot") for point in IN_DISCORD),
    *(("slack", point, "bot") for point in IN_SLACK),
    *((chat, "while RUNNING", victim) for chat in ("discord", "slack") for victim in ("worker", "both")),
    *((chat, "after POST, before save", "both") for chat in ("discord", "slack")),
]


@pytest.fixture
async def chat(request: pytest.FixtureRequest, open_discord_double: OpenDiscord, open_slack_double: OpenSlack) -> Chat:
    """The chat of that name, judged; the test fails on any violation."""
    if request.param == "discord":
        return InDiscord(await open_discord_double())
    return InSlack(await open_slack_double(**SHIPPED))


@pytest.mark.parametrize(("chat", "point", "victim"), CELLS, indirect=["chat"])
async def test_after_a_kill_exactly_one_clip_stands_in_the_channel(
    tmp_path: Path, chat: Chat, point: str, victim: str, crash_table: list[str]
) -> None:
    house = House(tmp_path, chat.environment)
    async with house.bot(point, victim) as bot:
        await ready(house, chat, bot)
        await (struck_by_the_chat if point in MOMENTS else struck_from_inside)(house, chat, bot, point, victim)
        if victim == "worker":
            await house.until_delivered(bot)
            engines = await house.until_one_engine(bot)
    if victim != "worker":
        async with house.bot(point, victim) as bot:
            if point == "before insert" and not chat.redelivers:
                await ready(house, chat, bot)
                await chat.ask()  # nobody answered the first time
            await house.until_delivered(bot)
            engines = await house.until_one_engine(bot)
    assert (tmp_path / "killed").exists() or point in MOMENTS
    messages = await chat.messages()
    assert [[mp4.probe(clip).frames for clip in clips] for clips in messages] == [[4]]
    house.assert_bought_and_charged_once(chat.server, chat.member)
    assert len(engines) == 1
    crash_table.append(f"| {chat.name} | {point} | {victim} | {len(messages)} | 1 | exact | {len(engines)} |")
    await house.until_gone(engines)


async def ready(house: House, chat: Chat, bot: Process) -> None:
    """Everybody is there who may have to die."""
    await house.until_worker_is_ready(bot)
    await chat.until_connected()


async def struck_from_inside(house: House, chat: Chat, bot: Process, point: str, victim: str) -> None:
    """The bot sees to it itself."""
    await chat.ask()
    if victim != "worker":
        await house.until_killed(bot)


async def struck_by_the_chat(house: House, chat: Chat, bot: Process, point: str, victim: str) -> None:
    """The kill comes while the chat has a request and has not answered it."""
    async with chat.hangs.one(chat.moments[point], is_done=MOMENTS[point]) as hang:
        await chat.ask()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await hang.reached.wait()
        house.kill(victim, bot)
        await house.until_killed(bot)
