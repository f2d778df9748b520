"""`flipbook run` as an operator starts it: one process for every chat that has a token, and for none of them."""

import asyncio
import sys
from pathlib import Path

import pytest

from acceptance.running import LEAVE_SECONDS, PATIENCE_SECONDS, Run, flipbook_run
from generation import mp4
from judges.log_lines import odd, read
from kills_in_chats import InDiscord, InSlack

pytestmark = pytest.mark.slow


async def the_clip(run: Run, chat: InDiscord | InSlack) -> None:
    """A member asks, and there is one message with one clip."""
    await chat.ask()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(await chat.messages()):
            assert run.process.returncode is None, run.log
            await asyncio.sleep(0.1)
    assert [[mp4.probe(clip).frames for clip in clips] for clips in await chat.messages()] == [[4]]


async def test_with_both_tokens_one_process_serves_both_chats_and_stops_when_it_is_told(
    discord: InDiscord, slack: InSlack, tmp_path: Path
) -> None:
    async with flipbook_run(tmp_path, discord.environment, slack.environment) as run:
        await asyncio.gather(discord.until_connected(), slack.until_connected())
        await asyncio.gather(the_clip(run, discord), the_clip(run, slack))
        parts = (await run.health())["parts"]
        assert (parts["chat discord"], parts["chat slack"]) == ("serving", "serving")
        assert await run.stops() == 0, run.log
        await run_is_over(run)
    assert odd(read(run.log)) == []
    assert "Traceback" not in run.log
    assert "a boat" not in run.log  # prompts are never logged


async def run_is_over(run: Run) -> None:
    """Its worker has ended with it."""
    async with asyncio.timeout(LEAVE_SECONDS):
        while run.remaining_processes():
            await asyncio.sleep(0.05)


async def test_a_chat_whose_token_is_refused_leaves_the_other_one_alone(
    discord: InDiscord, slack: InSlack, tmp_path: Path
) -> None:
    async with flipbook_run(tmp_path, discord.environment, slack.environment, DISCORD_TOKEN="MQ.wrong.token") as run:
        await slack.until_connected()
        await the_clip(run, slack)
        await run.until(lambda: "chat refused" in run.log)
        parts = (await run.health())["parts"]
        assert parts["chat discord"].startswith("Discord does not accept the bot's token. Set DISCORD_TOKEN")
        assert parts["chat slack"] == "serving"
        assert await run.stops() == 0, run.log


async def test_when_every_token_is_refused_it_says_so_of_each_and_ends(
    discord: InDiscord, slack: InSlack, tmp_path: Path
) -> None:
    wrong = {"DISCORD_TOKEN": "MQ.wrong.token", "SLACK_BOT_TOKEN": "xoxb-wrong"}
    async with flipbook_run(tmp_path, discord.environment, slack.environment, **wrong) as run:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await run.process.wait() == 78
        last = run.log.strip().splitlines()[-1]
        assert "Set DISCORD_TOKEN to the one on the Bot page" in last
        assert "Slack does not accept SLACK_BOT_TOKEN" in last
        assert "Traceback" not in run.log


async def test_without_any_token_the_terminal_is_served_beside_it(tmp_path: Path) -> None:
    async with flipbook_run(tmp_path) as run:
        await run.until(lambda: "no chat is configured" in run.log)
        small = ("--size", "64x64", "--frames", "2", "--steps", "2")
        animate = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "animate", "a boat", *small, "--output", str(tmp_path / "clip.mp4")),
            cwd=tmp_path,
            env=run.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, errors = await animate.communicate()
        assert animate.returncode == 0, errors.decode()
        assert mp4.probe(tmp_path / "clip.mp4").frames == 2
        assert (await run.health())["status"] == "ok"
        assert await run.stops() == 0, run.log
