"""The queue over HTTP: submit, status, status stream, result and cancel, under ``/`` and under ``/queue``.

Under ``/run``, and for callers who know us as ``fal.run``, a submission is answered with its result.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from generation.wire import (
    ENGINE_HEADER,
    IDEMPOTENCY_HEADER,
    STILL_IN_PROGRESS,
    CancelAnswer,
    CancelStatus,
    ErrorBody,
    RequestState,
)
from worker.accepting import accept
from worker.answers import answer, refuse
from worker.auth import RUN_HOSTS, caller_of, host_name
from worker.failures import headers_of
from worker.parts import Parts
from worker.paths import About, Operation, Submission, parse_path
from worker.records import Clip, Failure
from worker.streams import PING_SECONDS, Streams
from worker.sync_run import wait_for_end
from worker.views import Bases, output_of, queue_status, submit_answer
from worker.waiting import LiveRequest

QUEUE: Final = "/queue"
RUN: Final = "/run"
_YES: Final = frozenset({"1", "true"})


class QueueApp:
    """An ASGI app that serves every path of the queue protocol; what is none is a 404 in fal's words."""

    def __init__(self, parts: Parts, *, ping_seconds: float = PING_SECONDS) -> None:
        self._parts = parts
        self._streams = Streams(parts, ping_seconds=ping_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, http: Request) -> Response:
        path = http.scope["path"]
        prefix = next((door for door in (QUEUE, RUN) if path.startswith(f"{door}/")), "")
        asked = parse_path(path.removeprefix(prefix))
        _check_method(http, asked.operation)
        caller = caller_of(http, self._parts.keys, self._parts.settings.cors_origins)
        if isinstance(asked, Submission):
            waits = prefix == RUN or (not prefix and _is_for_run_host(http))
            live = await accept(self._parts, http, asked.endpoint, caller, while_waiting=waits)
            if waits:
                await wait_for_end(self._parts, http, live, named=IDEMPOTENCY_HEADER in http.headers)
                return self._result(http, live)
            return self._submitted(live, self._parts.base_of(http) + prefix)
        found = await self._parts.book.find(asked.request_id, caller.owner)
        return _unknown(asked) if found is None else await self._about(http, found, asked.operation, prefix)

    def _submitted(self, live: LiveRequest, base: str) -> Response:
        body = submit_answer(live, base, self._parts.book.line.position(live.request.id))
        return answer(body, request_id=live.request.id)

    async def _about(self, http: Request, live: LiveRequest, operation: Operation, prefix: str) -> Response:
        base = self._parts.base_of(http)
        bases = Bases(base + prefix, base)
        match operation:
            case Operation.STATUS:
                return self._status(live, bases, with_logs=_logs_wanted(http))
            case Operation.STREAM:
                return self._streams.open(live, bases, with_logs=_logs_wanted(http))
            case Operation.CANCEL:
                became = await self._parts.book.cancel(live)
                return answer(CancelAnswer(status=became), became.http_status, request_id=live.request.id)
            case _:
                return self._result(http, live)

    def _status(self, live: LiveRequest, bases: Bases, *, with_logs: bool) -> Response:
        position = self._parts.book.line.position(live.request.id)
        eta = self._parts.forecast.seconds_left(live)
        body = queue_status(live, bases, position, logs_from=0 if with_logs else None, eta_seconds=eta)
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
                made_by = {ENGINE_HEADER: clip.engine} if clip.engine else {}
                body = output_of(clip, request.id, self._parts.base_of(http))
                return answer(body, request_id=request.id, headers=made_by)


def _is_for_run_host(http: Request) -> bool:
    return host_name(http.headers.get("host", "")) in RUN_HOSTS


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
