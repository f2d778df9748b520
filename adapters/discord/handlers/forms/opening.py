"""What is read before a form is opened: Discord takes a form as first response only."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from generation.protocol.errors import StoreBusy

OPEN_WITHIN_SECONDS: Final = 2.0
"""A form is Discord's first response, which it takes within three seconds."""
Found = TypeVar("Found")


async def before_a_form(read: Awaitable[Found]) -> Found:
    """What is read. Raises StoreBusy where it takes so long that no form can be opened."""
    try:
        async with asyncio.timeout(OPEN_WITHIN_SECONDS):
            return await read
    except TimeoutError:
        raise StoreBusy from None
