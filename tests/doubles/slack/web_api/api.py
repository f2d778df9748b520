"""The Web API: who is calling, may they, what does the judge say, and the answer (or what spoils it)."""

from __future__ import annotations

import base64
import json
from typing import Any

from aiohttp import web

from doubles.slack.faults import AnswersError, ConnectionCut, RateLimited, StoredThenFails
from doubles.slack.platform import Platform
from doubles.slack.state.workspaces import Json, Workspace
from doubles.slack.web_api import chat, conversations, files, reactions, team, views
from doubles.slack.web_api.calls import METHODS, Call, Method, Refusal
from doubles.slack.world import HOME
from judges.slack_validate import parse

DECLARING = (chat, conversations, files, reactions, team, views)
"""The modules whose functions are the methods."""


class TooMany(Exception):
    """A call that is answered 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class WebApi:
    """Answers `/api/{method}` out of the world."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request."""
        name = request.match_info["method"]
        if request.method not in ("GET", "POST"):
            self._platform.journal.violate(f"{name}: called with {request.method}")
        arguments = parse(request.content_type, request.query_string, await request.read())
        status, headers = 200, {}
        try:
            answer = self._execute(name, request, arguments)
        except TooMany as too_many:
            answer, status = {"ok": False, "error": "ratelimited"}, 429
            headers["Retry-After"] = str(too_many.retry_after)
            self._platform.journal.rate_limited += 1
        self._platform.journal.note("call", name, arguments, answer, status)
        return self._spoilt(name, request, answer) or self._sent(name, request, answer, status, headers)

    def _execute(self, name: str, request: web.Request, arguments: Json) -> Json:
        method = METHODS.get(name)
        if method is None:
            self._platform.journal.violate(f"{name}: unknown method")
            return {"ok": False, "error": "unknown_method"}
        try:
            answer: Json = {"ok": True} | self._allowed(method, request, arguments)
        except Refusal as refusal:
            answer = {"ok": False, "error": refusal.error} | refusal.extra
        self._platform.journal.judge_answer(name, answer)
        return answer

    def _allowed(self, method: Method, request: web.Request, arguments: Json) -> Json:
        token = self._token(request, arguments)
        limited = self._platform.faults.take(RateLimited, method.name)
        if limited:
            raise TooMany(limited.retry_after)
        call = Call(self._platform, method.name, arguments, self._caller(method, token), _client(request, arguments))
        if method.holder == "bot":
            wait = self._platform.limiter.seconds_to_wait(method.name, call.workspace.team, arguments)
            if wait is not None:
                raise TooMany(wait)
            call.need_scope(*method.scopes)
        return self._handled(method, call)

    def _handled(self, method: Method, call: Call) -> Json:
        wrong = self._platform.journal.judge_arguments(method.name, call.arguments)
        if call.arguments.get("team_id") not in (None, call.workspace.team) and method.holder == "bot":
            call.violate(f"team_id {call.arguments['team_id']} with the token of {call.workspace.team}")
        error = self._platform.faults.take(AnswersError, method.name)
        if error:
            raise Refusal(error.error)
        if any(" blocks " in each or " view " in each for each in wrong):
            raise Refusal("invalid_blocks", response_metadata={"messages": wrong})
        return method.handler(call)

    def _token(self, request: web.Request, arguments: Json) -> str | None:
        if "token" in request.query:
            self._platform.journal.violate(f"{request.match_info['method']}: a token in the query")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return given if scheme == "Bearer" and given else arguments.pop("token", None)

    def _caller(self, method: Method, token: str | None) -> Workspace:
        """The workspace of a bot token. Methods for others work on the world and get Home in its place."""
        if method.holder == "nobody":
            return self._platform.world.workspaces[HOME]
        if not token:
            raise Refusal("not_authed")
        if method.holder == "app" or token == self._platform.world.app_token:
            return self._app_level(method, token)
        workspace = self._platform.world.by_token(token)
        if workspace is None:
            raise Refusal("invalid_auth")
        expires = workspace.tokens.expires_at
        if workspace.tokens.error or (expires is not None and expires < self._platform.clock.now()):
            raise Refusal(workspace.tokens.error or "token_expired")
        return workspace

    def _app_level(self, method: Method, token: str) -> Workspace:
        if method.holder != "app":
            raise Refusal("not_allowed_token_type")
        if token != self._platform.world.app_token:
            raise Refusal("not_allowed_token_type" if self._platform.world.by_token(token) else "invalid_auth")
        return self._platform.world.workspaces[HOME]

    def _spoilt(self, name: str, request: web.Request, answer: Json) -> web.StreamResponse | None:
        if answer["ok"] and self._platform.faults.take(ConnectionCut, name):
            return cut(request)
        fails = self._platform.faults.take(StoredThenFails, name) if answer["ok"] else None
        if fails is None:
            return None
        if fails.status is not None:
            return web.Response(status=fails.status, text="upstream error")
        return web.json_response({"ok": False, "error": fails.error})

    def _sent(
        self, name: str, request: web.Request, answer: Json, status: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        workspace = self._platform.world.by_token(token) if scheme == "Bearer" else None
        if workspace is not None:
            headers["X-OAuth-Scopes"] = ",".join(workspace.tokens.scopes)
            headers["X-Accepted-OAuth-Scopes"] = ",".join(METHODS[name].scopes) if name in METHODS else ""
        return web.Response(text=json.dumps(answer), status=status, headers=headers, content_type="application/json")


def cut(request: web.Request) -> web.StreamResponse:
    """Let the connection die without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _client(request: web.Request, arguments: dict[str, Any]) -> tuple[str, str] | None:
    """The client id and secret of an OAuth call, from Basic authentication or from the form."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        name, _, secret = base64.b64decode(given).decode().partition(":")
        return name, secret
    if "client_id" in arguments:
        return str(arguments["client_id"]), str(arguments.get("client_secret", ""))
    return None
