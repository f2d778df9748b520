"""Requests that are submitted and waited for on one connection."""

import asyncio

from starlette.requests import Request

from worker.api.app_parts import AppParts
from worker.api.responses import api_error
from worker.scheduling.live_request import LiveRequest


async def wait_for_result(
    parts: AppParts, http: Request, live: LiveRequest, *, has_key: bool
) -> None:
    """Wait until the request has ended. It is cancelled when its caller disconnects or the worker
    stops.

    One with an idempotency key is not cancelled: its caller may ask for it again. Raises a 503 when
    the worker stops.
    """
    ended = asyncio.create_task(_ended(parts, live))
    disconnected = asyncio.create_task(_disconnected(http))
    try:
        # without the second task a caller who leaves would keep the engine busy
        await asyncio.wait({ended, disconnected}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        disconnected.cancel()
    # still open: the caller has left, or the worker is stopping
    if live.request.open:
        if not has_key:
            await parts.registry.cancel(live)
        raise api_error(
            503, f"The worker is stopping; {'submit it again' if has_key else 'nothing was made'}"
        )


async def _ended(parts: AppParts, live: LiveRequest) -> None:
    while live.request.open and not parts.closing.is_set():
        # closing the streams notifies too
        await live.changed_since(live.version)


async def _disconnected(http: Request) -> None:
    """The body has been read, so the only message that can still come is the disconnect."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
