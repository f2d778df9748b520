"""The REST API: reads, judges, limits, runs, answers and logs every request."""

import json
from dataclasses import dataclass, field

from aiohttp import web

from doubles.discord.backstage import Backstage
from doubles.discord.planned import InvalidRequests
from doubles.discord.record import Exchange
from doubles.discord.rest import account, interactions, messages, reactions
from doubles.discord.rest.buckets import Verdict
from doubles.discord.rest.call import Answer, Call, read_call
from doubles.discord.rest.routing import Route
from doubles.discord.rules.refusals import Refusal, form_refusal

PREFIX = "/api/v10"
ROUTES: list[Route] = [
    *account.ROUTES,
    *interactions.ROUTES,
    *messages.ROUTES,
    *reactions.ROUTES,
]
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
VIA = {"Via": "1.1 google"}
"""Without this header a client takes a 429 for Cloudflare's."""


@dataclass
class Rest:
    """Discord's HTTP API, as far as the double has it."""

    stage: Backstage
    served_429: int = 0
    invalid: InvalidRequests = field(default_factory=InvalidRequests)

    async def serve(self, request: web.Request) -> web.Response:
        """One request, from reading it to logging the answer."""
        record = self.stage.record
        try:
            call = await read_call(request, request.path.removeprefix(PREFIX))
        except ValueError as error:
            record.violations.append(f"{request.method} {request.path}: no valid JSON ({error})")
            return _response(Answer(400, {"message": "The request body contains invalid JSON.", "code": 50109}))
        record.judge_request(call.method, call.path, call.content_type, call.body)
        answer = self._answer(call)
        record.judge_answer(call.method, call.path, answer.status, answer.body)
        self._note(call, answer)
        return _response(answer)

    def _answer(self, call: Call) -> Answer:
        if planned := self.stage.planned.take(call.name, after_storing=False):
            return planned
        route, params = _find(call)
        if route is None:
            self.stage.record.violations.append(f"no route {call.name} in this double")
            return Answer(404, {"message": "404: Not Found", "code": 0})
        call.params = params
        if route.needs_token and call.authorization != f"Bot {self.stage.world.token}":
            return Answer(401, {"message": "401: Unauthorized", "code": 0})
        verdict = self._verdict(route, call)
        if verdict and verdict.retry_after is not None:
            return rate_limited(verdict.retry_after, verdict.headers, is_global=verdict.is_global)
        answer = self._run(route, call)
        stored = self.stage.planned.take(call.name, after_storing=True)
        headers = (verdict.headers if verdict else {}) | answer.headers
        return stored or Answer(answer.status, answer.body, headers)

    def _verdict(self, route: Route, call: Call) -> Verdict | None:
        if route.bucket is None:
            return None
        major = call.params.get(route.major, "") if route.major else f"{route.method} {route.pattern.pattern}"
        return self.stage.buckets.take(route.bucket, major, exempt=not route.needs_token)

    def _run(self, route: Route, call: Call) -> Answer:
        try:
            return route.handler(self.stage, call)
        except Refusal as refusal:
            return self._refused(refusal, call)
        except MALFORMED as error:  # the judge, when there is one, has said more
            return self._refused(form_refusal(f"not a form this double understands ({error!r})"), call)

    def _refused(self, refusal: Refusal, call: Call) -> Answer:
        if refusal.violation:
            self.stage.record.violations.append(f"{call.name}: {refusal.violation}")
        body = {"message": refusal.message, "code": refusal.code}
        if refusal.retry_after is None:
            return Answer(refusal.status, body)
        body |= {"retry_after": refusal.retry_after, "global": False}
        return Answer(refusal.status, body, VIA)

    def _note(self, call: Call, answer: Answer) -> None:
        now = self.stage.clock.now()
        self.served_429 += answer.status == 429
        if self.invalid.hammering(call.name, answer.status, now):
            self.stage.record.violations.append(f"{call.name}: hammered on in spite of {answer.status}")
        sizes = {upload.filename: len(upload.data) for upload in call.files.values()}
        code = answer.body.get("code") if answer.status >= 400 and isinstance(answer.body, dict) else None
        self.stage.log(Exchange(now, "rest", call.name, call.body, sizes, answer.status, code, answer.body))


def rate_limited(retry_after: float, headers: dict[str, str] | None = None, *, is_global: bool = False) -> Answer:
    """Discord's own 429."""
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": is_global, "code": 0}
    scope = {"X-RateLimit-Scope": "global" if is_global else "user", "Retry-After": f"{retry_after:.0f}"}
    return Answer(429, body, VIA | scope | (headers or {}) | ({"X-RateLimit-Global": "true"} if is_global else {}))


def cloudflare_429() -> Answer:
    """The 429 of a banned address: no JSON, no Via."""
    return Answer(429, "error code: 1015", {"Retry-After": "600"})


def _find(call: Call) -> tuple[Route | None, dict[str, str]]:
    for route in ROUTES:
        match = route.pattern.fullmatch(call.path) if route.method == call.method else None
        if match:
            return route, match.groupdict()
    return None, {}


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)
    # The type must be exactly this: discord.py takes anything with a charset behind it for text.
    headers = {"Content-Type": "application/json", **answer.headers}
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=headers)
