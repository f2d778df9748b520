"""A clip that appears in the chat: its preview is in the message of the clip, sent once, and removed at the end."""

import asyncio
from typing import Any

import pytest

from doubles.generation.backend import ScriptedBackend
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import ContentRejected
from generation.protocol.progress import PreviewFrame, Steps

FIRST = PreviewFrame("http://127.0.0.1/files/looks/a.webp?step=2", b"RIFF\x00\x00\x00\x00WEBPone")
SECOND = PreviewFrame("http://127.0.0.1/files/looks/a.webp?step=4", b"RIFF\x00\x00\x00\x00WEBPtwo")
DONE = BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0)


def at(step: int, preview: PreviewFrame | None) -> BackendUpdate:
    return BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(step, 8), preview=preview)


class Stepping(ScriptedBackend):
    """Tells each update only when the test lets it."""

    def __init__(self, *updates: BackendUpdate, **options: Any) -> None:
        super().__init__(updates=updates, **options)
        self.allowed: asyncio.Queue[None] = asyncio.Queue()

    async def watch(self, handle: Any) -> Any:
        for update in self.updates:
            await self.allowed.get()
            yield update


async def shows(bot: Any, message: Any, words: str) -> None:
    """Let the backend tell its next update and wait until the message shows it."""
    bot.advance(3)
    bot.backend.allowed.put_nowait(None)
    await bot.until(lambda: words in message.content)


async def test_a_preview_is_sent_once_and_the_clip_replaces_it(start_bot: Any) -> None:
    bot = await start_bot(backend=Stepping(at(1, None), at(2, FIRST), at(3, FIRST), at(4, SECOND), DONE))
    message = await bot.animate()
    files = []
    for step in (1, 2, 3, 4):
        await shows(bot, message, f"step {step} of 8")
        files.append([(attachment.filename, attachment.id) for attachment in message.attachments])
    assert [[name for name, _ in shown] for shown in files] == [[], *[["appearing.webp"]] * 3]
    assert files[1] == files[2] != files[3]
    bot.backend.allowed.put_nowait(None)
    await bot.until_recorded()
    (clip,) = message.files
    assert clip.endswith(".mp4")


@pytest.mark.parametrize("trouble", [ContentRejected("worker", "no")])
async def test_a_preview_is_removed_when_there_will_be_no_clip(start_bot: Any, trouble: Exception) -> None:
    bot = await start_bot(backend=Stepping(at(2, FIRST), DONE, troubles={"result": [trouble]}))
    message = await bot.animate()
    await shows(bot, message, "step 2 of 8")
    assert message.files == ["appearing.webp"]
    bot.backend.allowed.put_nowait(None)
    await bot.until_recorded()
    assert message.files == []
