"""`flipbook run` as an operator starts it: one process for every chat that has a token, and for none of them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.slack.server import OpenDouble as OpenSlack
from generation import mp4
from kills_in_chats import InDiscord, InSlack
from slack_bot import SHIPPED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
LEAVE_SECONDS = 10.0


@dataclass
class Run:
    """A running `flipbook run`, its data folder and where it listens."""

    process: asyncio.subprocess.Process
    environment: Mapping[str, str]
    folder: Path
    port: int

    @property
    def log(self) -> str:
        """What it has written down."""
        return (self.folder / "log").read_text()

    async def until(self, holds: Callable[[], object]) -> None:
        """Until something is so, while it runs."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                assert self.process.returncode is None, self.log
                await asyncio.sleep(0.05)

    async def health(self) -> dict[str, Any]:
        """What its health page says."""
        async with httpx.AsyncClient() as http:
            answer: dict[str, Any] = (await http.get(f"http://127.0.0.1:{self.port}/healthz")).json()
        return answer

    async def leaves(self) -> int:
        """Told to stop, it is gone in time; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LEAVE_SECONDS):
            return await self.process.wait()

    def left_behind(self) -> list[int]:
        """Processes that still work on its data."""
        place = str(self.folder / "data")
        found = psutil.process_iter(["cmdline", "status"])
        return [p.pid for p in found if p.info["status"] != "zombie" and place in " ".join(p.info["cmdline"] or [])]


@asynccontextmanager
async def flipbook_run(folder: Path, *environments: Mapping[str, str], **more: str) -> AsyncIterator[Run]:
    """The process, with these variables beside the test's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FLIPBOOK_DATA_DIR": str(folder / "data"),
        "FLIPBOOK_WEB_PORT": str(port),
        "FLIPBOOK_ENGINE": "preview",
        "FLIPBOOK_LOG_FORMAT": "json",
        **{name: value for each in environments for name, value in each.items()},
        **more,
    }
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env=environment,
            stderr=log,
            stdin=asyncio.subprocess.DEVNULL,
        )
    try:
        yield Run(process, environment, folder, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def discord(open_discord_double: OpenDiscord) -> InDiscord:
    """Discord, judged."""
    return InDiscord(await open_discord_double())


@pytest.fixture
async def slack(open_slack_double: OpenSlack) -> InSlack:
    """Slack, judged, with the app made from the manifest that we ship."""
    return InSlack(await open_slack_double(**SHIPPED))


async def the_clip(run: Run, chat: InDiscord | InSlack) -> None:
    """Somebody asks, and there is one message with one clip."""
    await chat.ask()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(await chat.messages()):
            assert run.process.returncode is None, run.log
            await asyncio.sleep(0.1)
    assert [[mp4.probe(clip).frames for clip in clips] for clips in await chat.messages()] == [[4]]


async def test_with_both_tokens_one_process_serves_both_chats_and_leaves_when_it_is_told(
    discord: InDiscord, slack: InSlack, tmp_path: Path
) -> None:
    async with flipbook_run(tmp_path, discord.environment, slack.environment) as run:
        await asyncio.gather(discord.until_connected(), slack.until_connected())
        await asyncio.gather(the_clip(run, discord), the_clip(run, slack))
        parts = (await run.health())["parts"]
        assert (parts["chat discord"], parts["chat slack"]) == ("serving", "serving")
        assert await run.leaves() == 0, run.log
        await run_is_over(run)
    assert "Traceback" not in run.log
    assert "a boat" not in run.log  # what was asked for is nobody's business


async def run_is_over(run: Run) -> None:
    """Its worker has left with it."""
    async with asyncio.timeout(LEAVE_SECONDS):
        while run.left_behind():
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
        assert await run.leaves() == 0, run.log


async def test_when_every_token_is_refused_it_says_so_of_each_and_ends(
    discord: InDiscord, slack: InSlack, tmp_path: Path
) -> None:
    wrong = {"DISCORD_TOKEN": "MQ.wrong.token", "SLACK_BOT_TOKEN": "xoxb-wrong"}
    async with flipbook_run(tmp_path, discord.environment, slack.environment, **wrong) as run:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await run.process.wait() == 1
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
        assert await run.leaves() == 0, run.log
