"""While a clip waits to be uploaded, its message says so, never an old step or time; where the clip may be in the
message already, it is left alone."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from discord_bot import Bot, clips
from generation.domain.job import Artifact
from generation.protocol.errors import ArtifactError, StorageFull

SAYS_SO = "📤 **Uploading the clip**"
OLD_WORDS = re.compile(r"Queued|left|ready <t:")


def failing(bot: Bot, times: int, error: ArtifactError) -> Callable[[Artifact], object]:
    """The store of clips, whose next readings fail: a share that is away, a disk without room for a copy."""
    checkout, left = bot.core.artifacts.checkout, times

    @asynccontextmanager
    async def read(artifact: Artifact) -> AsyncIterator[Path]:
        nonlocal left
        if left:
            left -= 1
            raise error
        async with checkout(artifact) as path:
            yield path

    return read


@pytest.mark.parametrize("error", [ArtifactError("the share is away"), StorageFull("no room")], ids=["away", "full"])
@pytest.mark.parametrize("where", ["channel", "thread", "after 14 minutes"])
async def test_a_clip_that_waits_to_be_uploaded_says_so(slow_bot: Bot, where: str, error: ArtifactError) -> None:
    places = slow_bot.double.places
    message = await slow_bot.rendering(channel=places.thread if where == "thread" else places.text)
    if where == "after 14 minutes":
        slow_bot.advance(15 * 60)
    slow_bot.core.artifacts.checkout = failing(slow_bot, 1, error)  # type: ignore[method-assign, assignment]
    slow_bot.release()
    await slow_bot.until(lambda: slow_bot.core.observer.troubles)
    slow_bot.advance(3)  # the least between two edits of a message
    await slow_bot.until(lambda: SAYS_SO in message.content)
    assert OLD_WORDS.search(message.content) is None
    assert clips(slow_bot.double) == []
    slow_bot.advance(60)
    await slow_bot.until_recorded()
    assert slow_bot.the_clip is message
    assert SAYS_SO not in message.content


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        ("server_error", {"route": "^PATCH", "status": 500}),
        ("server_error", {"route": "^PATCH", "status": 502}),
        ("server_error", {"route": "^PATCH", "status": 502, "times": 2}),
        ("server_error", {"route": "^PATCH", "status": 503, "after_storing": False}),
        ("rate_limit", {"route": "^PATCH", "times": 2, "retry_after": 0.01}),
    ],
    ids=["500", "502", "502 twice", "503", "429"],
)
async def test_a_message_that_may_have_its_clip_is_left_alone(
    slow_bot: Bot, fault: str, details: dict[str, object]
) -> None:
    message = await slow_bot.rendering()
    before = len(message.edits)
    await slow_bot.double.fault(fault, **details)
    slow_bot.release()
    await slow_bot.until_recorded()
    assert slow_bot.the_clip is message
    later = [str(edit) for edit in message.edits[before:]]
    assert not any("Uploading" in edit or OLD_WORDS.search(edit) for edit in later)
