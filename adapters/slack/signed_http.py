"""Signed HTTP: accepts what Slack has signed within five minutes, and each request once."""

import asyncio
from typing import Final

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from generation.protocol.cache import BoundedCache

PATH: Final = "/slack/events"
"""Commands, buttons and events all come to this one address."""
MOST_BYTES: Final = 1_000_000
"""Of a body; Slack's payloads are far smaller."""
MOST_SIGNATURES: Final = 50_000
"""More than arrive in the five minutes for which a signature is valid."""


class SignedHttp:
    """Answers Slack's POSTs."""

    def __init__(self, app: AsyncApp, signing_secret: SecretStr) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret.get_secret_value())
        self._log = structlog.get_logger("flipbook.slack")
        self._answers: BoundedCache[str, asyncio.Future[Response]] = BoundedCache(MOST_SIGNATURES)

    def routes(self) -> list[Route]:
        """The route for the web app."""
        return [Route(PATH, self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        """Answers 401 to a request that Slack did not sign, signed too long ago, or that comes a
        second time."""
        # the signature covers the body, so it is read before anything else
        body = await _body_of(request)
        if body is None:
            return Response(status_code=413)
        signature = request.headers.get("x-slack-signature", "")
        if not self._is_signed(
            body, request.headers.get("x-slack-request-timestamp", ""), signature
        ):
            return Response("not signed by Slack", status_code=401)
        earlier = self._answers.get(signature)
        if earlier is None:
            return await self._dispatch_once(request, body, signature)
        if "x-slack-retry-num" not in request.headers:
            # Slack marks its retries; without the mark it is a replay
            return Response("served before", status_code=401)
        # Slack's own retry; shielded, because the first request waits for the same answer
        return await asyncio.shield(earlier)

    async def _dispatch_once(self, request: Request, body: bytes, signature: str) -> Response:
        """Dispatch a new request; a retry of it gets the same answer."""
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answers.put(signature, answer)
        response = Response(status_code=503)
        try:
            response = await self._dispatch(request, body)
        finally:
            answer.set_result(response)
            # a failure is no answer: Slack's retry is dispatched again
            if response.status_code >= 500:
                self._answers.pop(signature)
        return response

    async def _dispatch(self, request: Request, body: bytes) -> Response:
        """Bolt's answer; 400 for a signed body that Bolt cannot read."""
        try:
            return to_starlette_response(
                await self._app.async_dispatch(to_async_bolt_request(request, body))
            )
        except Exception as error:  # noqa: BLE001 - Bolt expects payloads; on others it raises anything
            self._log.warning("a signed delivery cannot be read", error=type(error).__name__)
            return Response(status_code=400)

    def _is_signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Whether Slack signed the request; headers that cannot be read are no signature."""
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):
            return False


async def _body_of(request: Request) -> bytes | None:
    """The body; None when it is larger than :data:`MOST_BYTES` or the connection breaks."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            # counted here: the Content-Length is only the sender's claim
            if len(body) > MOST_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)
