"""The crash matrix through both chats: killed at any point, a member sees one message with one clip, submitted once.

The bot is a process of its own; the chat goes on without it, and keeps what the member sees in the end.
"""

import asyncio
from pathlib import Path

import pytest

from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.slack.server import OpenDouble as OpenSlack
from generation import mp4
from kills import PATIENCE_SECONDS, POINTS, BotFolder, Process
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
"""Between its first answer and its outcome a job does not touch the chat: one point there is enough for the second."""
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
    folder = BotFolder(tmp_path, chat.environment)
    async with folder.bot(point, victim) as bot:
        await ready(folder, chat, bot)
        await (killed_by_the_chat if point in MOMENTS else killed_from_inside)(folder, chat, bot, point, victim)
        if victim == "worker":
            await folder.until_delivered(bot)
            engines = await folder.until_one_engine(bot)
    if victim != "worker":
        async with folder.bot(point, victim) as bot:
            if point == "before insert" and not chat.redelivers:
                await ready(folder, chat, bot)
                await chat.ask()  # the first command got no answer
            await folder.until_delivered(bot)
            engines = await folder.until_one_engine(bot)
    assert (tmp_path / "killed").exists() or point in MOMENTS
    messages = await chat.messages()
    assert [[mp4.probe(clip).frames for clip in clips] for clips in messages] == [[4]]
    folder.assert_submitted_and_charged_once(chat.server, chat.member)
    assert len(engines) == 1
    crash_table.append(f"| {chat.name} | {point} | {victim} | {len(messages)} | 1 | exact | {len(engines)} |")
    await folder.until_gone(engines)


async def ready(folder: BotFolder, chat: Chat, bot: Process) -> None:
    """The bot and the worker are up."""
    await folder.until_worker_is_ready(bot)
    await chat.until_connected()


async def killed_from_inside(folder: BotFolder, chat: Chat, bot: Process, point: str, victim: str) -> None:
    """The bot kills itself, or its worker, at the point."""
    await chat.ask()
    if victim != "worker":
        await folder.until_killed(bot)


async def killed_by_the_chat(folder: BotFolder, chat: Chat, bot: Process, point: str, victim: str) -> None:
    """The kill comes while the chat has a request and has not answered it."""
    async with chat.hangs.one(chat.moments[point], is_done=MOMENTS[point]) as hang:
        await chat.ask()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await hang.reached.wait()
        folder.kill(victim, bot)
        await folder.until_killed(bot)
