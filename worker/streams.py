"""Status streams: server-sent events that tell each change once, and end with the request."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import StreamingResponse

from generation.wire import REQUEST_ID_HEADER, RequestState
from worker.answers import refuse
from worker.looks import Look
from worker.parts import Parts
from worker.views import Bases, queue_status
from worker.waiting import LiveRequest

PING_SECONDS: Final = 10.0
"""Well below the fifteen seconds after which clients and proxies suspect that nobody is there."""
POSITION_SECONDS: Final = 0.5
"""How soon after its last event a stream may say that its request has moved up, and nothing else."""
_PING: Final = b": ping\n\n"


class Streams:
    """The open status streams; no more of them than the settings allow."""

    def __init__(self, parts: Parts, *, ping_seconds: float = PING_SECONDS) -> None:
        self._parts = parts
        self._ping_seconds = ping_seconds
        self._open = 0
        self._last_event: tuple[tuple[object, ...], bytes] = ((), b"")

    def open(self, live: LiveRequest, bases: Bases, *, with_logs: bool) -> StreamingResponse:
        """A stream of that request's states. Raises a 503 when there are too many."""
        if self._open >= self._parts.settings.max_streams:
            raise refuse(503, "Too many status streams are open; poll the status instead")
        headers = {
            REQUEST_ID_HEADER: live.request.id,
            "cache-control": "no-store",
            "x-accel-buffering": "no",
        }
        frames = self._counted(live, bases, with_logs=with_logs)
        return StreamingResponse(frames, media_type="text/event-stream", headers=headers)

    async def _counted(self, live: LiveRequest, bases: Bases, *, with_logs: bool) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            async for frame in self._frames(live, bases, with_logs=with_logs):
                yield frame
        finally:
            self._open -= 1

    async def _frames(self, live: LiveRequest, bases: Bases, *, with_logs: bool) -> AsyncIterator[bytes]:
        """States, lines and looks are told at once; of the moves in a long queue only the newest, twice a second."""
        loop = asyncio.get_running_loop()
        logs_sent, told_at = 0, -math.inf
        seen: tuple[RequestState, Look | None, int] | None = None
        while True:
            version, state, logs = live.version, live.request.state, len(live.logs)
            now = state, live.look, self._parts.book.line.position(live.request.id)
            at_once = seen is None or now[:2] != seen[:2] or (with_logs and logs > logs_sent)
            hold = told_at + POSITION_SECONDS - loop.time() if now != seen and not at_once else 0.0
            if at_once or (now != seen and hold <= 0):
                event = self._event(live, bases, now[2], logs_from=logs_sent if with_logs else None)
                seen, logs_sent, told_at = now, logs, loop.time()
                yield event
            if state is RequestState.COMPLETED or self._parts.closing.is_set():
                return
            if hold > 0:
                await _newer_within(hold, live, version)
                continue
            async for ping in _pings_until_newer(live, version, self._ping_seconds):
                yield ping

    def _event(self, live: LiveRequest, bases: Bases, position: int, *, logs_from: int | None) -> bytes:
        """The watchers of a request wake one after the other, most of them for the same event: it is made once."""
        what = (live, live.version, bases, position, logs_from)
        if self._last_event[0] != what:
            eta = self._parts.forecast.seconds_left(live)
            status = queue_status(live, bases, position, logs_from=logs_from, eta_seconds=eta)
            self._last_event = what, b"data: " + status.to_bytes() + b"\n\n"
        return self._last_event[1]


async def _newer_within(seconds: float, live: LiveRequest, version: int) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await live.newer_than(version)


async def _pings_until_newer(live: LiveRequest, version: int, seconds: float) -> AsyncIterator[bytes]:
    while live.version == version:
        await _newer_within(seconds, live, version)
        if live.version == version:
            yield _PING
