"""Accepts a submission over HTTP into the registry, or refuses it."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request as HttpRequest

from generation.protocol.errors import StorageFull, UnreadableFile
from generation.protocol.extensions.capabilities import needed_by
from generation.protocol.wire import NEEDS_RETRY_HEADER
from worker.api.app_parts import AppParts
from worker.api.auth import Caller
from worker.api.parsing import (
    new_input,
    new_request,
    read_idempotency,
    read_max_ahead,
    read_object,
    read_options,
    unreadable_file,
)
from worker.api.paths import SubmitPath
from worker.api.responses import api_error, body_error
from worker.api.schemas import CommonInput, TakenFile
from worker.records import Idempotency, Request
from worker.scheduling import failures
from worker.scheduling.live_request import LiveRequest
from worker.scheduling.submission_limits import KeyLimitReached, QueueFull
from worker.store import IdempotencyConflict

RUN_LIMIT: Final = "concurrent_requests_limit"
"""fal's error type for a run that is refused because its key has too many open requests."""


async def accept(
    parts: AppParts, http: HttpRequest, path: SubmitPath, caller: Caller, *, is_run: bool = False
) -> LiveRequest:
    """The request that this submission makes, stored; or the one that was submitted under its
    idempotency key before.

    ``is_run``: the caller waits on this connection. If the worker dies, such a request is not run
    again, unless its idempotency key lets the caller ask for it. Raises errors with 400, 408, 409,
    413, 422 and 429, and StorageFull.
    """
    now = parts.clock.now()
    # headers first: their errors need not wait for the body
    options, max_ahead = read_options(http, now), read_max_ahead(http)
    values = await read_object(http, parts.inputs.large_bodies)
    idempotency = read_idempotency(http, path, values)
    options = replace(
        options,
        low_priority=options.low_priority or caller.low_priority,
        # the caller of a run leaves with the worker and cannot ask for the result
        may_run_again=options.may_run_again and (idempotency is not None or not is_run),
    )
    given = new_input(path, values)
    if given.file_url is not None:
        # what was accepted once is not read again, and may be gone by now
        earlier = await _submitted_earlier(parts, caller, idempotency)
        if earlier is not None:
            return earlier
    file = await _taken(parts, given)
    request = new_request(path.endpoint, given, file, owner=caller.owner, options=options, now=now)
    _check_capabilities(parts, request)
    try:
        # checked now, because a clip that finds no room after its render is lost work
        if not parts.has_room:
            raise StorageFull("no room for another clip")
        return await parts.registry.submit(
            request, idempotency, max_ahead=max_ahead, max_open=caller.max_open
        )
    except IdempotencyConflict as error:
        raise _error_for(error, is_run=is_run) from None
    except (QueueFull, KeyLimitReached, StorageFull) as error:
        earlier = await _submitted_earlier(parts, caller, idempotency)
        if earlier is None:
            raise _error_for(error, is_run=is_run) from None
        return earlier


def _check_capabilities(parts: AppParts, request: Request) -> None:
    """Refuse (422) what this worker's engine does not offer beyond fal's endpoints."""
    if request.input is None:
        return
    lacking = sorted(needed_by(request.input) - parts.capabilities)
    if lacking:
        message = f"This worker's engine does not offer: {', '.join(lacking)}"
        raise body_error(failures.detail_item(("body",), message, "not_offered"))


async def _taken(parts: AppParts, given: CommonInput) -> TakenFile | None:
    """The file that the clip starts from, read and kept; None where it starts from none. Raises a
    422 for one that it cannot start from."""
    if given.file_url is None:
        return None
    wanted = given.wanted()
    if not parts.has_room:
        raise StorageFull("no room for another clip")
    try:
        name, frames = await parts.inputs.take(given.file_url, wanted)
    except UnreadableFile as error:
        raise unreadable_file(error, is_video=wanted.is_video) from None
    count, height, width = frames.shape[:3]
    return TakenFile(name, count, width, height)


async def _submitted_earlier(
    parts: AppParts, caller: Caller, idempotency: Idempotency | None
) -> LiveRequest | None:
    """What was accepted once is never refused when it is submitted again, even when the queue or
    the disk is full by then."""
    if idempotency is None:
        return None
    try:
        return await parts.registry.submitted_earlier(caller.owner, idempotency)
    except IdempotencyConflict as error:
        raise _error_for(error, is_run=False) from None


def _error_for(error: Exception, *, is_run: bool) -> Exception:
    """The API error for that exception. A run over its key's limit gets the error that fal
    sends."""
    soon = {"retry-after": "5"}
    match error:
        case IdempotencyConflict():
            return api_error(409, "This Idempotency-Key was used for another request before")
        case QueueFull(allowed=allowed):
            return api_error(
                429, f"The queue is full: more than {allowed} requests are waiting", headers=soon
            )
        case KeyLimitReached(allowed=allowed):
            kind = RUN_LIMIT if is_run else None
            headers = {**soon, NEEDS_RETRY_HEADER: "1"} if is_run else soon
            return api_error(
                429,
                f"This key may have {allowed} unfinished requests",
                error_type=kind,
                headers=headers,
            )
        case _:
            return error
