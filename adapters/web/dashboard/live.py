"""Fragments of pages that change while people look: one render serves all who look at it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError

MOST_VIEWERS: Final = 20
"""Streams of one fragment; the next viewer's page asks every few seconds instead."""
_EVERY: Final = 1.0
"""Seconds between two renders."""
_QUIET: Final = 15
"""Renders without a change after which a comment is sent: it keeps proxies from closing the stream,
and finds viewers who have gone."""
_LIFE: Final = 600
"""Renders after which a stream ends: the browser opens another one, and has to be let in again."""


class Live:
    """The stream of one fragment. ``render`` gives its HTML; it may raise FlipbookError, then the
    fragment stays as it is."""

    def __init__(
        self,
        render: Callable[[], Awaitable[str]],
        clock: Clock,
        *,
        most_viewers: int = MOST_VIEWERS,
    ) -> None:
        self._most_viewers = most_viewers
        self._render = render
        self._clock = clock
        self._streams: set[tuple[str, object]] = set()
        self._event = b""
        self._turn = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self._log = structlog.get_logger("flipbook.dashboard")

    async def response(self, session: str = "") -> Response:
        """The stream for a viewer of that session, or 503 where too many look already."""
        if len(self._streams) >= self._most_viewers or self._is_over:
            return PlainTextResponse("Too many look at this page live; ask again.", 503)
        return StreamingResponse(
            self._events(session),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    async def end(self, session: str) -> None:
        """End the streams of a session that is over."""
        self._streams = {stream for stream in self._streams if stream[0] != session}
        async with self._turn:
            self._turn.notify_all()

    async def close(self) -> None:
        """End every stream, at the end of the process."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
        async with self._turn:
            self._turn.notify_all()

    def _goes_on(self, stream: tuple[str, object]) -> bool:
        return not self._is_over and stream in self._streams

    async def _run(self) -> None:
        """Render while anybody looks."""
        while self._streams:
            # a fragment that cannot be made now stays as it was
            try:
                self._event = _event_of(await self._render())
            except FlipbookError:
                pass
            except Exception:  # noqa: BLE001 - those who look would wait for ever
                self._log.exception("a part of a page could not be made")
            async with self._turn:
                self._turn.notify_all()
            await self._clock.sleep(_EVERY)
        self._task, self._event = None, b""

    async def _events(self, session: str) -> AsyncIterator[bytes]:
        # counted here, not before: a stream whose viewer has gone by then is never begun, nor ended
        if self._is_over:
            return
        stream = (session, object())
        self._streams.add(stream)
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="dashboard fragment")
            yield b"retry: 2000\n\n"
            sent, quiet = b"", 0
            for _ in range(_LIFE):
                async with self._turn:
                    await self._turn.wait()
                if not self._goes_on(stream):
                    return
                event, quiet = self._event, quiet + 1
                # the same object for all who look: neither made nor compared for each
                if event is not sent and event != sent:
                    sent, quiet = event, 0
                    yield event
                elif quiet >= _QUIET:
                    quiet = 0
                    yield b": still here\n\n"
        finally:
            self._streams.discard(stream)


def _event_of(html: str) -> bytes:
    return ("".join(f"data: {line}\n" for line in html.splitlines()) + "\n").encode()
