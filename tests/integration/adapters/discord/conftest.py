"""A bot that runs against a judged Discord, and ends with the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from discord_bot import Bot, running_bot
from doubles.discord.server import DiscordDouble
from doubles.generation.backend import ScriptedBackend


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    """The log lines of our own code, each with its event and fields."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def start_bot(tmp_path: Path, discord_double: DiscordDouble) -> AsyncIterator[Callable[..., Any]]:
    """Starts bots on the usual double and database, with options of :func:`discord_bot.running_bot`."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Bot:
            return await stack.enter_async_context(running_bot(discord_double, tmp_path, **options))

        yield start


@pytest.fixture
async def bot(start_bot: Callable[..., Any]) -> Bot:
    """A bot whose backend finishes at once."""
    return await start_bot()


@pytest.fixture
async def slow_bot(start_bot: Callable[..., Any]) -> Bot:
    """A bot whose backend renders until ``release`` is called."""
    return await start_bot(backend=ScriptedBackend(hold=asyncio.Event()))
