"""Webhooks: delivered, signed, retried, kept over restarts, and never sent to private networks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doubles.clock import ManualClock
from doubles.http.live_http import http_server
from doubles.worker.engine import SteppedEngine
from generation.backends.webhook_signature import WebhookVerifier
from worker.webhooks.sender import DELAYS
from worker.webhooks.signing import WebhookSigner
from workers import APP, INPUT, STANDARD, Worker, listening, open_worker


@dataclass
class Receiver:
    """A server that is called: which answers it gives, and what it received."""

    url: str = ""
    codes: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    rang: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, http: Request) -> Response:
        self.calls.append((dict(http.headers), await http.body()))
        self.rang.set()
        return Response(status_code=self.codes.pop(0) if self.codes else 200)

    async def called(self, times: int) -> None:
        """Wait until it was called that many times."""
        async with asyncio.timeout(40):
            while len(self.calls) < times:
                self.rang.clear()
                await self.rang.wait()


@asynccontextmanager
async def receiving(*codes: int) -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    receiver = Receiver(codes=list(codes))
    async with http_server(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver


@asynccontextmanager
async def delivering(worker: Worker) -> AsyncIterator[None]:
    """The worker's webhooks are delivered meanwhile."""
    task = asyncio.create_task(worker.parts.webhooks.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def submit(worker: Worker, url: str, **fields: object) -> str:
    """Submit with a webhook; the request's id."""
    answer = await worker.http.post(STANDARD, json={**INPUT, **fields}, params={"fal_webhook": url})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


async def nothing_is_owed(worker: Worker) -> None:
    """Wait until no webhook is due any more."""
    async with asyncio.timeout(40):
        while await worker.parts.database.webhooks.next_attempt_at() is not None:
            await asyncio.sleep(0.002)


async def test_a_finished_clip_is_told_with_a_signature_that_the_core_verifies(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        open_worker(tmp_path, webhooks_to_private=True) as worker,
        listening(worker) as url,
        delivering(worker),
    ):
        request_id = await submit(worker, receiver.url)
        await receiver.called(1)
        await nothing_is_owed(worker)
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        (headers, body), *rest = receiver.calls
        assert rest == []
        assert json.loads(body) == {
            "request_id": request_id,
            "gateway_request_id": request_id,
            "status": "OK",
            "payload": result.json(),
        }
        verifier = WebhookVerifier(clock=ManualClock(worker.clock.now()), jwks_url=f"{url}/.well-known/jwks.json")
        assert await verifier.is_genuine(headers, body)
        assert not await verifier.is_genuine(headers, body.replace(b"OK", b"KO"))
        assert (headers["content-type"], headers["x-fal-webhook-user-id"]) == ("application/json", "flipbook")


@pytest.mark.parametrize(
    ("fields", "error", "payload"),
    [
        (
            {"prompt": "bad"},
            "Internal Server Error",
            {"detail": "Internal Server Error", "error_type": "runner_server_error"},
        ),
        ({"prompt": "odd"}, "Invalid status code: 422", None),
    ],
)
async def test_a_failure_is_told_with_its_errors_body(
    tmp_path: Path, fields: dict[str, object], error: str, payload: object
) -> None:
    engine = SteppedEngine(failures={"bad": RuntimeError("boom")}, refusals={"odd": "This engine cannot do that."})
    async with (
        receiving() as receiver,
        open_worker(tmp_path, engine, webhooks_to_private=True) as worker,
        delivering(worker),
    ):
        request_id = await submit(worker, receiver.url, **fields)
        await receiver.called(1)
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert json.loads(receiver.calls[0][1]) == {
            "request_id": request_id,
            "gateway_request_id": request_id,
            "status": "ERROR",
            "error": error,
            "payload": payload or result.json(),
        }


async def test_a_receiver_in_trouble_is_called_again_and_again_for_two_hours(tmp_path: Path) -> None:
    async with (
        receiving(*[500] * 11) as receiver,
        open_worker(tmp_path, webhooks_to_private=True) as worker,
        delivering(worker),
    ):
        await submit(worker, receiver.url)
        for attempt, delay in enumerate(DELAYS, start=1):
            await receiver.called(attempt)
            await postponed(worker, attempt)
            worker.clock.advance(delay.total_seconds())
            worker.parts.webhooks.check_now()
        await receiver.called(11)
        await nothing_is_owed(worker)
        assert 1.9 < sum(delay.total_seconds() for delay in DELAYS) / 3600 < 2.1


async def postponed(worker: Worker, attempts: int) -> None:
    """Wait until that many attempts are stored, and the next one has its time."""
    async with asyncio.timeout(40):
        while True:
            distant = worker.clock.now() + 2 * DELAYS[-1]
            owed = await worker.parts.database.webhooks.due(distant, 10)
            due_in = [(w.attempts, w.next_attempt_at - worker.clock.now()) for w in owed]
            if due_in == [(attempts, DELAYS[attempts - 1])]:
                return
            await asyncio.sleep(0.002)


async def test_a_receiver_that_recovers_is_not_called_any_more(tmp_path: Path) -> None:
    async with (
        receiving(503, 204) as receiver,
        open_worker(tmp_path, webhooks_to_private=True) as worker,
        delivering(worker),
    ):
        await submit(worker, receiver.url)
        await postponed(worker, 1)
        worker.clock.advance(7)
        worker.parts.webhooks.check_now()
        await receiver.called(2)
        await nothing_is_owed(worker)
        assert receiver.calls[0][1] == receiver.calls[1][1]


async def test_a_redirect_ends_it(tmp_path: Path) -> None:
    async with (
        receiving(302) as receiver,
        open_worker(tmp_path, webhooks_to_private=True) as worker,
        delivering(worker),
    ):
        await submit(worker, receiver.url)
        await receiver.called(1)
        await nothing_is_owed(worker)


async def test_private_addresses_are_never_called(tmp_path: Path) -> None:
    async with receiving() as receiver, open_worker(tmp_path) as worker, delivering(worker):
        request_id = await submit(worker, receiver.url)
        await worker.completed(request_id)
        await nothing_is_owed(worker)
        assert receiver.calls == []


async def test_what_is_owed_outlives_the_worker(tmp_path: Path) -> None:
    async with receiving() as receiver:
        async with open_worker(tmp_path, webhooks_to_private=True) as worker:
            request_id = await submit(worker, receiver.url)
            await worker.completed(request_id)
        async with open_worker(tmp_path, webhooks_to_private=True) as worker, delivering(worker):
            await receiver.called(1)
            await nothing_is_owed(worker)
        assert json.loads(receiver.calls[0][1])["request_id"] == request_id


async def test_a_cancelled_request_is_told_too(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        open_worker(tmp_path, rendering=False, webhooks_to_private=True) as worker,
        delivering(worker),
    ):
        request_id = await submit(worker, receiver.url)
        await worker.http.put(f"{APP}/requests/{request_id}/cancel")
        await receiver.called(1)
        body = json.loads(receiver.calls[0][1])
        assert (body["status"], body["error"]) == ("ERROR", "Request was cancelled")


async def test_the_published_key_is_the_same_after_a_restart_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        async with open_worker(tmp_path, rendering=False) as worker:
            seen.append((await worker.http.get("/.well-known/jwks.json")).json())
    assert seen[0] == seen[1]
    assert (tmp_path / "webhook.key").stat().st_mode & 0o777 == 0o600


def test_signatures_are_those_of_the_computed_vector() -> None:
    request_id = "123e4567-e89b-12d3-a456-426614174000"
    body = (
        b'{"request_id":"123e4567-e89b-12d3-a456-426614174000","gateway_request_id":"123e4567-e89b-12d3-a456-426614174000"'
        b',"status":"OK","payload":{"seed":1}}'
    )
    signer = WebhookSigner(bytes(range(32)))
    assert signer.headers(request_id, "user-1", 1_700_000_000, body) == {
        "x-fal-webhook-request-id": request_id,
        "x-fal-webhook-user-id": "user-1",
        "x-fal-webhook-timestamp": "1700000000",
        "x-fal-webhook-signature": "b06ec7d980c20d202f10a42795eabfdb9f96749fc50daf71cc41fabf242ad02c"
        "af76784c3cfa08b32b9ec36cc15e4293084b6a5ba7eeae4342361d37410cc804",
    }
    assert signer.jwks()["keys"][0]["x"] == "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="


async def test_a_receiver_that_is_away_is_no_reason_to_stop(tmp_path: Path) -> None:
    async with receiving() as receiver:
        away = "http://127.0.0.1:9/hook"
        async with open_worker(tmp_path, webhooks_to_private=True) as worker, delivering(worker):
            await submit(worker, away)
            await submit(worker, receiver.url)
            await receiver.called(1)
            async with asyncio.timeout(40):
                while len(await worker.parts.database.webhooks.due(worker.clock.now() + DELAYS[-1], 10)) != 1:
                    await asyncio.sleep(0.002)
