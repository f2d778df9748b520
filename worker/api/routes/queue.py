"""The queue over HTTP: submit, status, status stream, result and cancel, under ``/`` and under
``/queue``.

Under ``/run``, and for callers who reach the worker as ``fal.run``, the answer to a submission is
its result.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from generation.protocol.hosts import host_name
from generation.protocol.wire import (
    ENGINE_HEADER,
    IDEMPOTENCY_HEADER,
    STILL_IN_PROGRESS,
    CancelAnswer,
    CancelStatus,
    ErrorBody,
    RequestState,
)
from worker.api.app_parts import AppParts
from worker.api.auth import RUN_HOSTS, Caller, caller_of
from worker.api.paths import Operation, RequestPath, SubmitPath, parse_path
from worker.api.responses import api_error, respond
from worker.api.sse import PING_SECONDS, StatusStreams
from worker.api.submit import accept
from worker.api.sync_run import wait_for_result
from worker.records import RequestFailure, StoredClip
from worker.scheduling.failures import headers_of
from worker.scheduling.live_request import LiveRequest
from worker.scheduling.views import BaseUrls, output_of, queue_status, submit_answer

QUEUE: Final = "/queue"
RUN: Final = "/run"
_TRUE: Final = frozenset({"1", "true"})


class QueueApp:
    """An ASGI app that serves every path of the queue protocol; any other path is a 404 in fal's
    words."""

    def __init__(self, parts: AppParts, *, ping_seconds: float = PING_SECONDS) -> None:
        self._parts = parts
        self._streams = StatusStreams(parts, ping_seconds=ping_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, http: Request) -> Response:
        path = http.scope["path"]
        prefix = next((base for base in (QUEUE, RUN) if path.startswith(f"{base}/")), "")
        parsed = parse_path(path.removeprefix(prefix))
        _check_method(http, parsed.operation)
        caller = caller_of(http, self._parts.keys, self._parts.settings.cors_origins)
        if isinstance(parsed, SubmitPath):
            is_run = prefix == RUN or (not prefix and _is_for_run_host(http))
            submit = self._run if is_run else self._submit
            return await submit(http, parsed, caller, prefix)
        live = await self._parts.registry.find(parsed.request_id, caller.owner)
        if live is None:
            return _not_found(parsed)
        return await self._operate(http, live, parsed.operation, prefix)

    async def _submit(
        self, http: Request, path: SubmitPath, caller: Caller, prefix: str
    ) -> Response:
        live = await accept(self._parts, http, path, caller)
        base = self._parts.base_of(http) + prefix
        body = submit_answer(live, base, self._parts.registry.queue.position(live.request.id))
        return respond(body, request_id=live.request.id)

    async def _run(self, http: Request, path: SubmitPath, caller: Caller, _prefix: str) -> Response:
        live = await accept(self._parts, http, path, caller, is_run=True)
        await wait_for_result(self._parts, http, live, has_key=IDEMPOTENCY_HEADER in http.headers)
        return self._result(http, live)

    async def _operate(
        self, http: Request, live: LiveRequest, operation: Operation, prefix: str
    ) -> Response:
        base = self._parts.base_of(http)
        base_urls = BaseUrls(base + prefix, base)
        match operation:
            case Operation.STATUS:
                return self._status(live, base_urls, with_logs=_wants_logs(http))
            case Operation.STREAM:
                return self._streams.open(live, base_urls, with_logs=_wants_logs(http))
            case Operation.CANCEL:
                status = await self._parts.registry.cancel(live)
                body = CancelAnswer(status=status)
                return respond(body, status.http_status, request_id=live.request.id)
            case _:
                return self._result(http, live)

    def _status(self, live: LiveRequest, base_urls: BaseUrls, *, with_logs: bool) -> Response:
        position = self._parts.registry.queue.position(live.request.id)
        eta = self._parts.eta.seconds_left(live)
        body = queue_status(
            live, base_urls, position, logs_from=0 if with_logs else None, eta_seconds=eta
        )
        code = 200 if body.status is RequestState.COMPLETED else 202
        return respond(body, code, request_id=live.request.id)

    def _result(self, http: Request, live: LiveRequest) -> Response:
        request = live.request
        match request.outcome:
            case None:
                return respond(ErrorBody(detail=STILL_IN_PROGRESS), 400, request_id=request.id)
            case RequestFailure() as failure:
                return respond(
                    failure.body,
                    failure.http_status,
                    request_id=request.id,
                    headers=headers_of(failure),
                )
            case StoredClip() as clip:
                # clips of older workers have no engine stored
                headers = {ENGINE_HEADER: clip.engine} if clip.engine else {}
                body = output_of(clip, request.id, self._parts.base_of(http))
                return respond(body, request_id=request.id, headers=headers)


def _is_for_run_host(http: Request) -> bool:
    return host_name(http.headers.get("host", "")) in RUN_HOSTS


def _check_method(http: Request, operation: Operation) -> None:
    allowed = [operation.method]
    if operation in {Operation.STATUS, Operation.RESULT}:
        allowed.append("HEAD")
    if http.method not in allowed:
        raise api_error(405, "Method Not Allowed", headers={"allow": ", ".join(allowed)})


def _wants_logs(http: Request) -> bool:
    """fal's Python client sends ``true``, its JavaScript client ``1``."""
    return http.query_params.get("logs", "").lower() in _TRUE


def _not_found(path: RequestPath) -> Response:
    if path.operation is Operation.RESULT:
        return respond(ErrorBody(detail="Request not found"), 404)
    return respond(CancelAnswer(status=CancelStatus.NOT_FOUND), CancelStatus.NOT_FOUND.http_status)
