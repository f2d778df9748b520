"""Takes a submission over HTTP into the book, or refuses it."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request

from generation.errors import StorageFull
from generation.request import Endpoint
from worker.answers import refuse
from worker.auth import Caller
from worker.parts import Parts
from worker.requests import QueueFull
from worker.store import IdempotencyConflict
from worker.submission import new_request, read_idempotency, read_max_ahead, read_object, read_wishes
from worker.waiting import LiveRequest

CLIP_ESTIMATE: Final = 4 * 2**20
"""Bytes of disk that each open request is expected to need at most."""


async def accept(
    parts: Parts, http: Request, endpoint: Endpoint, caller: Caller, *, while_waiting: bool = False
) -> LiveRequest:
    """The request that this submission makes, safe on disk; or the one that it made before under the same name.

    ``while_waiting``: its caller stays on the line; if the worker dies under it, nobody wants it any more. Raises
    refusals: 400, 408, 409, 413, 422, 429, and StorageFull.
    """
    now = parts.clock()
    wishes, max_ahead = read_wishes(http, now), read_max_ahead(http)
    values = await read_object(http)
    idempotency = read_idempotency(http, endpoint, values)
    wishes = replace(
        wishes,
        low_priority=wishes.low_priority or caller.low_priority,
        may_run_again=wishes.may_run_again and not while_waiting,
    )
    request = new_request(endpoint, values, owner=caller.owner, wishes=wishes, now=now)
    _check_room(parts)
    _check_share(parts, caller)
    try:
        return await parts.book.submit(request, idempotency, max_ahead=max_ahead)
    except QueueFull as full:
        sentence = f"The queue is full: more than {full.allowed} requests are waiting"
        raise refuse(429, sentence, headers={"retry-after": "5"}) from None
    except IdempotencyConflict:
        raise refuse(409, "This Idempotency-Key was used for another request before") from None


def _check_room(parts: Parts) -> None:
    expected = (len(parts.book.open_requests) + 1) * CLIP_ESTIMATE
    if not parts.storage.has_room_for(expected):
        raise StorageFull("no room for another clip")


def _check_share(parts: Parts, caller: Caller) -> None:
    if caller.max_open is None:
        return
    theirs = sum(live.request.owner == caller.owner for live in parts.book.open_requests)
    if theirs >= caller.max_open:
        sentence = f"This key may have {caller.max_open} unfinished requests"
        raise refuse(429, sentence, headers={"retry-after": "5"})
