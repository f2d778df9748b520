"""The queue over HTTP: submit, status, status stream, result and cancel, under ``/`` and under ``/queue``."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from generation.errors import StorageFull
from generation.wire import STILL_IN_PROGRESS, CancelAnswer, CancelStatus, ErrorBody, RequestState
from worker.answers import answer, refuse
from worker.auth import Caller, caller_of
from worker.failures import headers_of
from worker.parts import Parts
from worker.paths import About, Operation, Submission, parse_path
from worker.records import Clip, Failure
from worker.requests import QueueFull
from worker.store import IdempotencyConflict
from worker.streams import Streams
from worker.submission import new_request, read_idempotency, read_max_ahead, read_object, read_wishes
from worker.views import output_of, queue_status, submit_answer
from worker.waiting import LiveRequest

PREFIX: Final = "/queue"
CLIP_ESTIMATE: Final = 4 * 2**20
"""Bytes of disk that each open request is expected to need at most."""
_YES: Final = frozenset({"1", "true"})


class QueueApp:
    """An ASGI app that serves every path of the queue protocol; what is none is a 404 in fal's words."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._streams = Streams(parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, http: Request) -> Response:
        path = http.scope["path"]
        prefix = PREFIX if path.startswith(f"{PREFIX}/") else ""
        asked = parse_path(path.removeprefix(prefix))
        _check_method(http, asked.operation)
        caller = caller_of(http, self._parts.keys, self._parts.settings.cors_origins)
        base = self._parts.base_of(http) + prefix
        if isinstance(asked, Submission):
            return await self._submit(http, asked, caller, base)
        live = await self._parts.book.find(asked.request_id, caller.owner)
        if live is None:
            return _unknown(asked)
        return await self._about(http, live, asked.operation, base)

    async def _submit(self, http: Request, asked: Submission, owner: str, base: str) -> Response:
        now = self._parts.clock()
        wishes, max_ahead = read_wishes(http, now), read_max_ahead(http)
        values = await read_object(http)
        idempotency = read_idempotency(http, asked.endpoint, values)
        request = new_request(asked.endpoint, values, owner=owner, wishes=wishes, now=now)
        self._check_room()
        try:
            live = await self._parts.book.submit(request, idempotency, max_ahead=max_ahead)
        except QueueFull as full:
            sentence = f"The queue is full: more than {full.allowed} requests are waiting"
            raise refuse(429, sentence, headers={"retry-after": "5"}) from None
        except IdempotencyConflict:
            raise refuse(409, "This Idempotency-Key was used for another request before") from None
        body = submit_answer(live, base, self._parts.book.line.position(live.request.id))
        return answer(body, request_id=live.request.id)

    async def _about(self, http: Request, live: LiveRequest, operation: Operation, base: str) -> Response:
        match operation:
            case Operation.STATUS:
                return self._status(live, base, with_logs=_logs_wanted(http))
            case Operation.STREAM:
                return self._streams.open(live, base, with_logs=_logs_wanted(http))
            case Operation.CANCEL:
                became = await self._parts.book.cancel(live)
                return answer(CancelAnswer(status=became), became.http_status, request_id=live.request.id)
            case _:
                return self._result(http, live)

    def _status(self, live: LiveRequest, base: str, *, with_logs: bool) -> Response:
        position = self._parts.book.line.position(live.request.id)
        body = queue_status(live, base, position, logs_from=0 if with_logs else None)
        code = 200 if body.status is RequestState.COMPLETED else 202
        return answer(body, code, request_id=live.request.id)

    def _result(self, http: Request, live: LiveRequest) -> Response:
        request = live.request
        match request.ending:
            case None:
                return answer(ErrorBody(detail=STILL_IN_PROGRESS), 400, request_id=request.id)
            case Failure() as failure:
                return answer(failure.body, failure.http_status, request_id=request.id, headers=headers_of(failure))
            case Clip() as clip:
                return answer(output_of(clip, request.id, self._parts.base_of(http)), request_id=request.id)

    def _check_room(self) -> None:
        expected = (len(self._parts.book.open_requests) + 1) * CLIP_ESTIMATE
        if not self._parts.storage.has_room_for(expected):
            raise StorageFull("no room for another clip")


def _check_method(http: Request, operation: Operation) -> None:
    allowed = [operation.method]
    if operation in {Operation.STATUS, Operation.RESULT}:
        allowed.append("HEAD")
    if http.method not in allowed:
        raise refuse(405, "Method Not Allowed", headers={"allow": ", ".join(allowed)})


def _logs_wanted(http: Request) -> bool:
    """fal's Python client writes ``true``, its JavaScript client ``1``."""
    return http.query_params.get("logs", "").lower() in _YES


def _unknown(asked: About) -> Response:
    if asked.operation is Operation.RESULT:
        return answer(ErrorBody(detail="Request not found"), 404)
    return answer(CancelAnswer(status=CancelStatus.NOT_FOUND), CancelStatus.NOT_FOUND.http_status)
