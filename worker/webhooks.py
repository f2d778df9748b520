"""Calls the URLs that callers named with their requests, once these have ended: signed, patiently, over restarts.

At least once, not exactly once: a worker that dies after a call, before it could write that down, calls again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from generation.errors import StorageFull, StoreError
from generation.wire import WebhookBody, WebhookStatus
from worker.outbound import Forbidden, Outbound, Undelivered
from worker.records import Clip, Failure, Request
from worker.signing import WebhookSigner
from worker.store import OwedWebhook, WorkerDatabase
from worker.views import output_of

log = structlog.get_logger()

AT_ONCE: Final = 16
FIRST_SECONDS: Final = 15.0
LATER_SECONDS: Final = 120.0
DELAYS: Final = tuple(timedelta(seconds=7 * 2**n) for n in range(10))
"""Between attempts: eleven attempts in all, over two hours."""
_CLAIM: Final = timedelta(seconds=10)
"""Beyond an attempt's own time, before anybody else may try."""
_LONGEST_PAUSE: Final = 30.0


class Webhooks:
    """Delivers what is owed. ``owed`` is set whenever there may be something new; ``base`` is our own address."""

    def __init__(
        self,
        database: WorkerDatabase,
        outbound: Outbound,
        signer: WebhookSigner,
        *,
        owed: asyncio.Event,
        base: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbound = outbound
        self._signer = signer
        self._owed = owed
        self._base = base
        self._clock = clock
        self._under_way: set[str] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as calls:
            while True:
                self._owed.clear()
                try:
                    await self._start_due(calls)
                    pause = await self._pause()
                except (StoreError, StorageFull) as error:
                    log.warning("webhooks wait for the database", reason=str(error))
                    pause = 1.0
                try:
                    async with asyncio.timeout(pause):
                        await self._owed.wait()
                except TimeoutError:
                    pass

    def look(self) -> None:
        """Look now whether anything is due."""
        self._owed.set()

    async def _start_due(self, calls: asyncio.TaskGroup) -> None:
        places = AT_ONCE - len(self._under_way)
        for webhook in await self._database.webhooks.due(self._clock(), at_most=max(places, 0)):
            until = self._clock() + timedelta(seconds=_patience(webhook)) + _CLAIM
            await self._database.webhooks.postpone(webhook.request_id, webhook.attempts + 1, until)
            self._under_way.add(webhook.request_id)
            calls.create_task(self._call(webhook), name=f"webhook {webhook.request_id}")

    async def _pause(self) -> float:
        due = await self._database.webhooks.next_attempt_at()
        if due is None or len(self._under_way) >= AT_ONCE:
            return _LONGEST_PAUSE
        return min(max((due - self._clock()).total_seconds(), 0.0), _LONGEST_PAUSE)

    async def _call(self, webhook: OwedWebhook) -> None:
        try:
            await self._attempt(webhook)
        except (StoreError, StorageFull) as error:
            log.warning("webhook called, but not written down", request_id=webhook.request_id, reason=str(error))
        finally:
            self._under_way.discard(webhook.request_id)
            self._owed.set()

    async def _attempt(self, webhook: OwedWebhook) -> None:
        kept = await self._database.requests.find(webhook.request_id)
        url = None if kept is None else kept.request.wishes.webhook
        if kept is None or url is None:
            return
        final, outcome = await self._post(url, kept.request, _patience(webhook))
        attempt = webhook.attempts + 1
        log.info("webhook", request_id=webhook.request_id, attempt=attempt, outcome=outcome)
        if final or attempt > len(DELAYS):
            await self._database.webhooks.settle(webhook.request_id)
        else:
            until = self._clock() + DELAYS[webhook.attempts]
            await self._database.webhooks.postpone(webhook.request_id, attempt, until)

    async def _post(self, url: str, request: Request, seconds: float) -> tuple[bool, str]:
        """Whether that was the last attempt, and how it went."""
        body = _body_of(request, self._base).to_bytes()
        headers = self._signer.headers(request.id, request.owner or "flipbook", int(self._clock().timestamp()), body)
        try:
            code = await self._outbound.post(url, body, headers, seconds=seconds)
        except Forbidden as error:
            return True, f"never called: {error}"
        except Undelivered as error:
            return False, f"no answer: {error}"
        return code < 400, f"HTTP {code}"


def _patience(webhook: OwedWebhook) -> float:
    return FIRST_SECONDS if webhook.attempts == 0 else LATER_SECONDS


def _body_of(request: Request, base: str) -> WebhookBody:
    match request.ending:
        case Clip() as clip:
            payload = output_of(clip, request.id, base).model_dump(mode="json")
            return WebhookBody(
                request_id=request.id, gateway_request_id=request.id, status=WebhookStatus.OK, payload=payload
            )
        case Failure() as failure:
            return WebhookBody(
                request_id=request.id,
                gateway_request_id=request.id,
                status=WebhookStatus.ERROR,
                error=failure.error,
                payload=failure.body.model_dump(mode="json"),
            )
        case None:
            raise ValueError("a request that has not ended owes nobody a call")
