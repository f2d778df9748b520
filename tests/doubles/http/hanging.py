"""Requests that get no answer, although the double has received them, or has even done what they ask."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Matches = Callable[[web.Request], Awaitable[bool]]
"""Whether this is the request that is meant; it leaves the body unread."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(eq=False)
class Hang:
    """One request that hangs. ``is_done``: what it asks for is done before it hangs, else only its bytes are taken."""

    matches: Matches
    is_done: bool
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """The request is here, and hangs."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Take the request and keep its client waiting, then cut the connection."""
        if self.is_done:
            await handler(request)
        else:
            await request.read()
        self.reached.set()
        await self.over.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


class Hangs:
    """Which requests hang at a double, whose application has :attr:`middleware`."""

    def __init__(self) -> None:
        self._waiting: list[Hang] = []

    @property
    def middleware(self) -> Any:
        """The middleware that lets requests hang before or after their handler."""

        @web.middleware
        async def hang_matching(request: web.Request, handler: Handler) -> web.StreamResponse:
            for hang in self._waiting:
                if await hang.matches(request):
                    self._waiting.remove(hang)
                    return await hang.hold(request, handler)
            return await handler(request)

        return hang_matching

    @asynccontextmanager
    async def one(self, matches: Matches, *, is_done: bool) -> AsyncIterator[Hang]:
        """Let the next request of that kind hang until the block ends."""
        hang = Hang(matches, is_done)
        self._waiting.append(hang)
        try:
            yield hang
        finally:
            hang.over.set()
            if hang in self._waiting:
                self._waiting.remove(hang)
