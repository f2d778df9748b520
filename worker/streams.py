"""Status streams: server-sent events that tell each change once, and end with the request."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import StreamingResponse

from generation.wire import REQUEST_ID_HEADER, RequestState
from worker.answers import refuse
from worker.parts import Parts
from worker.views import queue_status
from worker.waiting import LiveRequest

PING_SECONDS: Final = 10.0
"""Well below the fifteen seconds after which clients and proxies suspect that nobody is there."""
_PING: Final = b": ping\n\n"


class Streams:
    """The open status streams; no more of them than the settings allow."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._open = 0

    def open(self, live: LiveRequest, base: str, *, with_logs: bool) -> StreamingResponse:
        """A stream of that request's states. Raises a 503 when there are too many."""
        if self._open >= self._parts.settings.max_streams:
            raise refuse(503, "Too many status streams are open; poll the status instead")
        headers = {
            REQUEST_ID_HEADER: live.request.id,
            "cache-control": "no-store",
            "x-accel-buffering": "no",
        }
        frames = self._counted(live, base, with_logs=with_logs)
        return StreamingResponse(frames, media_type="text/event-stream", headers=headers)

    async def _counted(self, live: LiveRequest, base: str, *, with_logs: bool) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            async for frame in self._frames(live, base, with_logs=with_logs):
                yield frame
        finally:
            self._open -= 1

    async def _frames(self, live: LiveRequest, base: str, *, with_logs: bool) -> AsyncIterator[bytes]:
        logs_sent = 0
        seen: tuple[RequestState, int] | None = None
        while True:
            version, state, logs = live.version, live.request.state, len(live.logs)
            now = state, self._parts.book.line.position(live.request.id)
            if now != seen or (with_logs and logs > logs_sent):
                status = queue_status(live, base, now[1], logs_from=logs_sent if with_logs else None)
                seen, logs_sent = now, logs
                yield b"data: " + status.to_bytes() + b"\n\n"
            if state is RequestState.COMPLETED or self._parts.closing.is_set():
                return
            async for ping in _pings_until_newer(live, version):
                yield ping


async def _pings_until_newer(live: LiveRequest, version: int) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await live.newer_than(version)
        except TimeoutError:
            yield _PING
        else:
            return
