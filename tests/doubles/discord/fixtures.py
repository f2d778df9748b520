"""pytest fixtures of the Discord double; a conftest registers this module as a plugin."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from doubles.discord.server import DiscordDouble
from judges.specs import specs_if_any

OpenDouble = Callable[..., Awaitable[DiscordDouble]]


@pytest.fixture
async def discord_double(open_discord_double: OpenDouble) -> DiscordDouble:
    """A Discord with the usual people, judged where the official descriptions are there; at the end the test fails on
    any violation."""
    return await open_discord_double()


@pytest.fixture
async def open_discord_double() -> AsyncIterator[OpenDouble]:
    """Opens doubles with options (`buckets=True`, `strictness=Strictness(...)`); each is checked at the end."""
    judge = specs_if_any()
    async with AsyncExitStack() as stack:
        opened: list[DiscordDouble] = []

        async def open_double(**options: Any) -> DiscordDouble:
            double = await stack.enter_async_context(DiscordDouble(judge=judge, **options))
            opened.append(double)
            return double

        yield open_double
    for double in opened:
        assert double.violations == []
        assert double.judged > 0 or judge is None, "nothing was judged"
