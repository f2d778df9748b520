"""Takes a submission over HTTP into the book, or refuses it."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request

from generation.errors import StorageFull
from generation.request import Endpoint
from generation.wire import NEEDS_RETRY_HEADER
from worker.answers import refuse
from worker.auth import Caller
from worker.parts import Parts
from worker.records import Idempotency
from worker.requests import QueueFull, ShareUsedUp
from worker.store import IdempotencyConflict
from worker.submission import new_request, read_idempotency, read_max_ahead, read_object, read_wishes
from worker.waiting import LiveRequest

CLIP_ESTIMATE: Final = 4 * 2**20
"""Bytes of disk that each open request is expected to need at most."""
RUN_LIMIT: Final = "concurrent_requests_limit"
"""fal's word for a run that is refused because the key has too many unfinished requests."""


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
        may_run_again=wishes.may_run_again and (idempotency is not None or not while_waiting),
    )
    request = new_request(endpoint, values, owner=caller.owner, wishes=wishes, now=now)
    try:
        _check_room(parts)
        return await parts.book.submit(request, idempotency, max_ahead=max_ahead, max_open=caller.max_open)
    except IdempotencyConflict as error:
        raise _refused(error, while_waiting=while_waiting) from None
    except (QueueFull, ShareUsedUp, StorageFull) as error:
        earlier = await _submitted_earlier(parts, caller, idempotency)
        if earlier is None:
            raise _refused(error, while_waiting=while_waiting) from None
        return earlier


def _check_room(parts: Parts) -> None:
    expected = (len(parts.book.open_requests) + 1) * CLIP_ESTIMATE
    if not parts.storage.has_room_for(expected):
        raise StorageFull("no room for another clip")


async def _submitted_earlier(parts: Parts, caller: Caller, idempotency: Idempotency | None) -> LiveRequest | None:
    """What was accepted once is never refused when it is submitted again, however full everything is by now."""
    if idempotency is None:
        return None
    try:
        return await parts.book.submitted_earlier(caller.owner, idempotency)
    except IdempotencyConflict as error:
        raise _refused(error, while_waiting=False) from None


def _refused(error: Exception, *, while_waiting: bool) -> Exception:
    """The refusal that this means. A run over its key's share is told as fal tells it."""
    soon = {"retry-after": "5"}
    match error:
        case IdempotencyConflict():
            return refuse(409, "This Idempotency-Key was used for another request before")
        case QueueFull(allowed=allowed):
            return refuse(429, f"The queue is full: more than {allowed} requests are waiting", headers=soon)
        case ShareUsedUp(allowed=allowed):
            kind = RUN_LIMIT if while_waiting else None
            headers = {**soon, NEEDS_RETRY_HEADER: "1"} if while_waiting else soon
            return refuse(429, f"This key may have {allowed} unfinished requests", error_type=kind, headers=headers)
        case _:
            return error
