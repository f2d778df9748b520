"""A member asks a running bot to forget them: nothing of them is left in its files, its log or its pages."""

import asyncio
from pathlib import Path

import httpx
import pytest

from acceptance.running import PATIENCE_SECONDS, Run, flipbook_run
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from kills_in_chats import InDiscord

pytestmark = pytest.mark.slow

SECRET = "lighthouse that only one member knows"
SMALL = {"width": 64, "height": 64, "num_frames": 2, "steps": 2}


async def replied(double: DiscordDouble, command: str, **options: object) -> Message:
    return await double.wait_for_reply(await double.slash(command, **options))


async def pressed(double: DiscordDouble, message: Message, label: str) -> Message:
    buttons = [button for row in message.components for button in row["components"]]
    custom_id = next(each["custom_id"] for each in buttons if each["label"] == label)
    return await double.wait_for_reply(await double.click(message, custom_id))


def direct_messages(double: DiscordDouble) -> list[str]:
    return [each.content for each in double.world.messages() if each.channel.recipient is not None]


async def pages(run: Run) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{run.port}") as web:
        return "".join([(await web.get(page)).text for page in ("/metrics", "/healthz", "/")])


async def test_nothing_is_left_of_a_member_who_was_forgotten(discord: InDiscord, tmp_path: Path) -> None:
    double = discord._double
    async with flipbook_run(tmp_path, discord.environment) as run:
        await discord.until_connected()
        clip = await replied(double, "animate", prompt=SECRET, **SMALL)
        await run.until(lambda: clip.files)
        await run.until(lambda: '"delivery sent"' in run.log)
        seen = await pages(run)
        question = await pressed(double, await replied(double, "flipbook privacy"), "Forget me")
        await pressed(double, question, "Forget me")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not direct_messages(double):
                assert run.process.returncode is None, run.log
                await asyncio.sleep(0.1)
        await run.until(lambda: '"members forgotten"' in run.log)
        seen += await pages(run)
        assert await run.stops() == 0, run.log
    assert direct_messages(double)[0].startswith("You are forgotten: ")
    assert [each for each in double.world.messages() if each.files and not each.ephemeral] == []
    member = str(double.people.member.id)
    for gone in (SECRET, member):
        assert gone not in run.log + seen
        # the embedded worker keeps what it has rendered for a day
        kept = {path for path in (tmp_path / "data").rglob("*") if "worker" not in path.parts and path.is_file()}
        assert [path.name for path in kept if gone.encode() in path.read_bytes()] == []
