"""Calls the URLs that callers named in their submissions, once the requests have ended: signed,
with retries, over restarts.

At least once, not exactly once: a worker that dies after a call, before it has stored that, calls
again.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock
from generation.protocol.errors import StorageFull, StoreError
from generation.protocol.net_guard import AddressRefused
from generation.protocol.wire import WebhookBody, WebhookStatus
from worker.records import Request, RequestFailure, StoredClip
from worker.scheduling.views import output_of
from worker.store import OwedWebhook, WorkerDatabase
from worker.webhooks.client import Undelivered, WebhookClient
from worker.webhooks.signing import WebhookSigner

log = structlog.get_logger("flipbook.worker.webhooks")

MAX_CONCURRENT_CALLS: Final = 16
FIRST_SECONDS: Final = 15.0
LATER_SECONDS: Final = 120.0
_BACKOFF: Final = Backoff(first=7.0, longest=7.0 * 2**9)
DELAYS: Final = tuple(timedelta(seconds=_BACKOFF.before(attempt)) for attempt in range(1, 11))
"""Between attempts, as fal documents them: eleven attempts in all, over two hours."""
_CLAIM: Final = timedelta(seconds=10)
"""How long after an attempt's timeout another one may begin, if the worker dies meanwhile."""
_LONGEST_PAUSE: Final = 30.0  # seconds


class WebhookSender:
    """Sends the webhooks that are due. ``owed`` is set when there may be a new one; ``base`` is the
    worker's own address."""

    def __init__(
        self,
        database: WorkerDatabase,
        client: WebhookClient,
        signer: WebhookSigner,
        *,
        owed: asyncio.Event,
        base: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._client = client
        self._signer = signer
        self._owed = owed
        self._base = base
        self._clock = clock
        self._calling: set[str] = set()

    async def run(self) -> None:
        """Send webhooks until cancelled."""
        async with asyncio.TaskGroup() as calls:
            while True:
                # cleared before the database is read: what comes after that ends the next pause
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

    def check_now(self) -> None:
        """Check now whether a webhook is due."""
        self._owed.set()

    async def _start_due(self, calls: asyncio.TaskGroup) -> None:
        slots = MAX_CONCURRENT_CALLS - len(self._calling)
        for webhook in await self._database.webhooks.due(self._clock.now(), at_most=max(slots, 0)):
            # stored before the call, so that a worker that dies in it neither repeats it at once
            # nor gives it another attempt
            until = self._clock.now() + timedelta(seconds=_timeout_of(webhook)) + _CLAIM
            await self._database.webhooks.postpone(webhook.request_id, webhook.attempts + 1, until)
            self._calling.add(webhook.request_id)
            calls.create_task(self._call(webhook), name=f"webhook {webhook.request_id}")

    async def _pause(self) -> float:
        due = await self._database.webhooks.next_attempt_at()
        # each call that ends sets `owed`, which ends the pause early
        if due is None or len(self._calling) >= MAX_CONCURRENT_CALLS:
            return _LONGEST_PAUSE
        return min(max((due - self._clock.now()).total_seconds(), 0.0), _LONGEST_PAUSE)

    async def _call(self, webhook: OwedWebhook) -> None:
        try:
            await self._attempt(webhook)
        except (StoreError, StorageFull) as error:
            log.warning(
                "webhook called, but not written down",
                request_id=webhook.request_id,
                reason=str(error),
            )
        finally:
            self._calling.discard(webhook.request_id)
            self._owed.set()

    async def _attempt(self, webhook: OwedWebhook) -> None:
        stored = await self._database.requests.find(webhook.request_id)
        url = None if stored is None else stored.request.options.webhook
        # the request was deleted together with its expired result
        if stored is None or url is None:
            return
        final, outcome = await self._post(url, stored.request, _timeout_of(webhook))
        attempt = webhook.attempts + 1
        log.info("webhook", request_id=webhook.request_id, attempt=attempt, outcome=outcome)
        # stored last: a crash before this line means one more call
        if final or attempt > len(DELAYS):
            await self._database.webhooks.delete(webhook.request_id)
        else:
            until = self._clock.now() + DELAYS[webhook.attempts]
            await self._database.webhooks.postpone(webhook.request_id, attempt, until)

    async def _post(self, url: str, request: Request, seconds: float) -> tuple[bool, str]:
        """Whether that was the last attempt, and how it went."""
        body = _body_of(request, self._base).to_bytes()
        headers = self._signer.headers(
            # fal signs with a user id; a worker without keys has no users
            request.id,
            request.owner or "flipbook",
            int(self._clock.now().timestamp()),
            body,
        )
        try:
            code = await self._client.post(url, body, headers, seconds=seconds)
        except AddressRefused as error:
            return True, f"never called: {error}"
        except Undelivered as error:
            return False, f"no answer: {error}"
        # a redirect counts as delivered: it is neither followed nor tried again
        return code < 400, f"HTTP {code}"


def _timeout_of(webhook: OwedWebhook) -> float:
    return FIRST_SECONDS if webhook.attempts == 0 else LATER_SECONDS


def _body_of(request: Request, base: str) -> WebhookBody:
    match request.outcome:
        case StoredClip() as clip:
            payload = output_of(clip, request.id, base).model_dump(mode="json")
            return WebhookBody(
                request_id=request.id,
                gateway_request_id=request.id,
                status=WebhookStatus.OK,
                payload=payload,
            )
        case RequestFailure() as failure:
            return WebhookBody(
                request_id=request.id,
                gateway_request_id=request.id,
                status=WebhookStatus.ERROR,
                error=failure.error,
                payload=failure.body.model_dump(mode="json"),
            )
        case None:
            raise ValueError("a request that has not ended owes no webhook")
