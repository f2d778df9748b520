"""Signed HTTP, the other way in: only what Slack has signed just now is served, and nothing is served twice."""

import asyncio
from collections import OrderedDict
from typing import Final

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

PATH: Final = "/slack/events"
"""Commands, buttons and events all come to this one address."""
MOST_BYTES: Final = 1_000_000
MOST_SIGNATURES: Final = 50_000
"""More than can arrive in the five minutes during which a signature is worth anything."""


class SignedHttp:
    """Answers Slack's POSTs."""

    def __init__(self, app: AsyncApp, signing_secret: SecretStr) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret.get_secret_value())
        self._log = structlog.get_logger("flipbook.slack")
        self._seen: OrderedDict[str, asyncio.Future[Response]] = OrderedDict()

    def routes(self) -> list[Route]:
        """For the web app."""
        return [Route(PATH, self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        """401 for what Slack did not sign, signed too long ago, or what somebody sends a second time."""
        body = await _body_of(request)
        if body is None:
            return Response(status_code=413)
        signature = request.headers.get("x-slack-signature", "")
        if not self._is_signed(body, request.headers.get("x-slack-request-timestamp", ""), signature):
            return Response("not signed by Slack", status_code=401)
        earlier = self._seen.get(signature)
        if earlier is None:
            return await self._serve_once(request, body, signature)
        if "x-slack-retry-num" not in request.headers:
            return Response("served before", status_code=401)
        return await asyncio.shield(earlier)

    async def _serve_once(self, request: Request, body: bytes, signature: str) -> Response:
        """Serve it; whoever repeats it within the second gets the same answer."""
        promise = self._seen[signature] = asyncio.get_running_loop().create_future()
        while len(self._seen) > MOST_SIGNATURES:
            self._seen.popitem(last=False)
        response = Response(status_code=503)
        try:
            response = await self._served(request, body)
        finally:
            promise.set_result(response)
            if response.status_code >= 500:
                self._seen.pop(signature, None)
        return response

    async def _served(self, request: Request, body: bytes) -> Response:
        """Bolt's answer; Bolt takes the form of what is signed for granted, so nonsense raises anything."""
        try:
            return to_starlette_response(await self._app.async_dispatch(to_async_bolt_request(request, body)))
        except Exception as error:  # noqa: BLE001 - a body that nobody can read is refused, whatever it breaks
            self._log.warning("a signed delivery cannot be read", error=type(error).__name__)
            return Response(status_code=400)

    def _is_signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Headers and body are anybody's: what cannot even be read is not signed."""
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):
            return False


async def _body_of(request: Request) -> bytes | None:
    """The body, None when it is larger than anything Slack sends or does not come to its end."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)
