"""Status streams: server-sent events that send each change once, and end with the request."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable
from typing import Final

from starlette.responses import StreamingResponse

from generation.protocol.wire import REQUEST_ID_HEADER, RequestState
from worker.api.app_parts import AppParts
from worker.api.responses import api_error
from worker.scheduling.live_request import LiveRequest, PreviewImage
from worker.scheduling.views import BaseUrls, queue_status

PING_SECONDS: Final = 10.0
"""Well below the fifteen seconds after which clients and proxies drop a silent connection."""
DETAIL_SECONDS: Final = 0.5
"""How soon after its last event a stream may send one for log lines or a new position alone: more
often nobody looks, and each event costs both sides."""
_PING: Final = b": ping\n\n"


class StatusStreams:
    """The open status streams; at most as many as the settings allow."""

    def __init__(self, parts: AppParts, *, ping_seconds: float = PING_SECONDS) -> None:
        self._parts = parts
        self._ping_seconds = ping_seconds
        self._open = 0
        self._last_event: tuple[tuple[object, ...], bytes] = ((), b"")

    def open(self, live: LiveRequest, base_urls: BaseUrls, *, with_logs: bool) -> StreamingResponse:
        """A stream of that request's states. Raises a 503 when too many are open."""
        if self._open >= self._parts.settings.max_streams:
            raise api_error(503, "Too many status streams are open; poll the status instead")
        headers = {
            REQUEST_ID_HEADER: live.request.id,
            "cache-control": "no-store",
            # nginx would otherwise hold events back
            "x-accel-buffering": "no",
        }
        # counted inside the generator: it always ends, also when the caller disconnects
        frames = self._counted_frames(live, base_urls, with_logs=with_logs)
        return StreamingResponse(frames, media_type="text/event-stream", headers=headers)

    async def _counted_frames(
        self, live: LiveRequest, base_urls: BaseUrls, *, with_logs: bool
    ) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            async for frame in self._frames(live, base_urls, with_logs=with_logs):
                yield frame
        finally:
            self._open -= 1

    async def _frames(
        self, live: LiveRequest, base_urls: BaseUrls, *, with_logs: bool
    ) -> AsyncIterator[bytes]:
        """New states and previews are sent at once, with what else is new; of log lines and
        positions alone the newest, twice a second."""
        loop = asyncio.get_running_loop()
        logs_sent, sent_at = 0, -math.inf
        seen: tuple[RequestState, PreviewImage | None, int] | None = None
        while True:
            # read before the event is sent: a change during the send gives another round
            version, turns, state, logs = (
                live.version,
                live.turns,
                live.request.state,
                len(live.logs),
            )
            now = state, live.preview, self._parts.registry.queue.position(live.request.id)
            has_turned = seen is None or now[:2] != seen[:2]
            has_news = has_turned or now != seen or (with_logs and logs > logs_sent)
            wait = 0.0 if has_turned else sent_at + DETAIL_SECONDS - loop.time()
            if has_news and wait <= 0:
                event = self._event(
                    live, base_urls, now[2], logs_from=logs_sent if with_logs else None
                )
                seen, logs_sent, sent_at = now, logs, loop.time()
                yield event
            if state is RequestState.COMPLETED or self._parts.closing.is_set():
                return
            if has_news and wait > 0:
                # more lines may come during the wait, and wake nobody
                await _within(wait, live.turned_since(turns))
                continue
            async for ping in _pings_until_change(live, version, self._ping_seconds):
                yield ping

    def _event(
        self, live: LiveRequest, base_urls: BaseUrls, position: int, *, logs_from: int | None
    ) -> bytes:
        """All watchers of a request wake for the same change, and most need the same event: it is
        made once."""
        what = (live, live.version, base_urls, position, logs_from)
        if self._last_event[0] != what:
            eta = self._parts.eta.seconds_left(live)
            status = queue_status(live, base_urls, position, logs_from=logs_from, eta_seconds=eta)
            self._last_event = what, b"data: " + status.to_bytes() + b"\n\n"
        return self._last_event[1]


async def _within(seconds: float, change: Awaitable[None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await change


async def _pings_until_change(
    live: LiveRequest, version: int, seconds: float
) -> AsyncIterator[bytes]:
    while live.version == version:
        await _within(seconds, live.changed_since(version))
        if live.version == version:
            yield _PING
