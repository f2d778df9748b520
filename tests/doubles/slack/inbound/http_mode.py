"""HTTP mode: the same deliveries as signed POSTs to an address of the bot."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from doubles.slack.faults import ClockSkewed, Unsigned, WronglySigned
from doubles.slack.inbound.deliveries import Attempt, Delivery
from doubles.slack.platform import Platform
from doubles.slack.world import SIGNING_SECRET

SIGNATURE_SECONDS = 300.0
"""How old a signed request may be before the bot must refuse it."""


class HttpMode:
    """Posts to `url`. Timestamps are the real time, because that is what the bot compares them with."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.url = ""
        self._session = aiohttp.ClientSession()

    async def send(self, delivery: Delivery, retry: int, patience: float | None) -> Attempt:
        """Start one POST; its answer is the ack. Nothing is waited for, so `patience` is not needed."""
        attempt = Attempt(self._platform.world.next_id("post-"), self._platform.clock.now(), retry)
        delivery.attempts.append(attempt)
        content_type, body = _written(delivery)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0"} | self._signed(body, attempt)
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        self._platform.tasks.start(self._post(delivery, attempt, body, headers))
        return attempt

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()

    def _signed(self, body: bytes, attempt: Attempt) -> dict[str, str]:
        skewed = self._platform.faults.standing(ClockSkewed)
        age = skewed.seconds if skewed else 0.0
        if self._platform.faults.take(Unsigned):
            attempt.forged = "unsigned"
            return {}
        secret = SIGNING_SECRET
        if self._platform.faults.take(WronglySigned):
            attempt.forged, secret = "wrongly signed", "another secret"
        elif abs(age) > SIGNATURE_SECONDS:
            attempt.forged = f"{age:g} s old"
        return signature_headers(body, secret, int(time.time() - age))

    async def _post(self, delivery: Delivery, attempt: Attempt, body: bytes, headers: dict[str, str]) -> None:
        try:
            async with self._session.post(self.url, data=body, headers=headers) as answer:
                status, text = answer.status, await answer.text()
        except aiohttp.ClientError as failure:
            attempt.lost = True
            self._platform.journal.note("frame", "unreachable", str(failure))
            return
        if status == 200 and attempt.forged is None:
            self._platform.courier.acknowledge(delivery, attempt, _read(text))
            return
        attempt.status = status
        self._platform.journal.note("ack", delivery.kind, text, status=status)
        if attempt.forged and status != 401:
            self._platform.journal.violate(f"{delivery.kind}: {attempt.forged}, but answered with {status}")
        elif not attempt.forged:
            self._platform.journal.violate(f"{delivery.kind}: answered with {status}")


def signature_headers(body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The two headers that prove that Slack sent a body at that time (seconds since the epoch)."""
    signed = hmac.new(secret.encode(), b"v0:%d:" % timestamp + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={signed}"}


def _written(delivery: Delivery) -> tuple[str, bytes]:
    if delivery.envelope == "slash_commands":
        return "application/x-www-form-urlencoded", urlencode(delivery.payload).encode()
    if delivery.envelope == "interactive":
        return "application/x-www-form-urlencoded", urlencode({"payload": json.dumps(delivery.payload)}).encode()
    return "application/json", json.dumps(delivery.payload).encode()


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
