"""Requests that are submitted and waited for on one connection."""

import asyncio

from starlette.requests import Request

from worker.answers import refuse
from worker.parts import Parts
from worker.waiting import LiveRequest


async def wait_for_end(parts: Parts, http: Request, live: LiveRequest, *, named: bool) -> None:
    """Wait until the request has ended. If its caller leaves, or the worker stops, nobody wants it: it is cancelled.

    One that has a name (an idempotency key) goes on: whoever gave the name may ask for it again. Raises a 503 when the
    worker stops.
    """
    ended = asyncio.create_task(_ended(parts, live))
    gone = asyncio.create_task(_gone(http))
    try:
        await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        gone.cancel()
    if live.request.open:
        if not named:
            await parts.book.cancel(live)
        raise refuse(503, f"The worker is stopping; {'submit it again' if named else 'nothing was made'}")


async def _ended(parts: Parts, live: LiveRequest) -> None:
    while live.request.open and not parts.closing.is_set():
        await live.newer_than(live.version)


async def _gone(http: Request) -> None:
    """The body was read to its end; all that can still come is the caller's leaving."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
