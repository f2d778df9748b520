"""The protocol's rules for webhooks, row by row: what is sent for each ending, and after which answer it is sent
again."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from doubles.worker.engine import SteppedEngine
from worker.webhooks.client import WebhookClient
from worker.webhooks.sender import DELAYS, FIRST_SECONDS, LATER_SECONDS, WebhookSender
from workers import ADDRESS, APP, INPUT, STANDARD, Worker, open_worker

ANSWERS = {200: True, 201: True, 204: True, 301: True, 302: True, 308: True}
ANSWERS |= dict.fromkeys((400, 401, 404, 408, 410, 422, 429, 500, 502, 503, 504), False)
"""The receiver's answer, and whether it ends the matter: redirects are never followed and never tried again."""


class Receivers:
    """Stands for the internet: ``https://CODE.example/`` answers with that code, and remembers what it received."""

    def __init__(self) -> None:
        self.told: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.timeouts: set[float] = set()

    async def take(self, request: httpx.Request) -> httpx.Response:
        name = request.headers["host"].partition(".")[0]
        self.told[name].append(json.loads(request.content))
        self.timeouts.add(request.extensions["timeout"]["read"])
        return httpx.Response(int(name) if name.isdigit() else 200)


def webhooks_to(receivers: Receivers, worker: Worker) -> WebhookSender:
    """The worker's webhooks, where every name leads to the receivers."""

    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return ("93.184.216.34",)

    parts = worker.parts
    outbound = WebhookClient(to_private=False, resolve=resolve, transport=httpx.MockTransport(receivers.take))
    return WebhookSender(parts.database, outbound, parts.signer, owed=asyncio.Event(), base=ADDRESS, clock=worker.clock)


async def owe(worker: Worker, name: str, **fields: object) -> str:
    """A finished request whose end is to be sent to that receiver."""
    hook = {"fal_webhook": f"https://{name}.example/hook"}
    answer = await worker.http.post(STANDARD, json={**INPUT, **fields}, params=hook)
    await worker.completed(answer.json()["request_id"])
    return str(answer.json()["request_id"])


async def told(webhooks: WebhookSender, worker: Worker) -> set[str]:
    """Deliver until every due webhook was sent once: the requests whose webhook is to be sent again."""
    delivering = asyncio.create_task(webhooks.run())
    async with asyncio.timeout(40):
        while True:
            owed = await worker.parts.database.webhooks.due(worker.clock.now() + 2 * DELAYS[-1], 100)
            if {one.next_attempt_at - worker.clock.now() for one in owed} <= {DELAYS[0]}:
                break
            await asyncio.sleep(0.005)
    delivering.cancel()
    await asyncio.wait([delivering])
    return {one.request_id for one in owed}


async def test_answers_of_a_receiver_row_by_row(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        receivers = Receivers()
        requests = {await owe(worker, str(code)): code for code in ANSWERS}
        again = await told(webhooks_to(receivers, worker), worker)
        assert {code: request_id not in again for request_id, code in requests.items()} == ANSWERS
        assert {name: len(bodies) for name, bodies in receivers.told.items()} == {str(code): 1 for code in ANSWERS}
        assert receivers.timeouts == {FIRST_SECONDS}


OUTCOMES = {
    "fine": ("OK", None),
    "refused": ("ERROR", "Invalid status code: 422"),
    "broken": ("ERROR", "Internal Server Error"),
}
"""Ending, status and error of its webhook; the payload is always what the result says."""


async def test_payloads_row_by_row(tmp_path: Path) -> None:
    engine = SteppedEngine(
        failures={"broken": RuntimeError("a secret")}, refusals={"refused": "This engine cannot do that."}
    )
    async with open_worker(tmp_path, engine) as worker:
        receivers, seen = Receivers(), {}
        for name in OUTCOMES:
            request_id = await owe(worker, name, prompt=name)
            await told(webhooks_to(receivers, worker), worker)
            (body,) = receivers.told[name]
            result = await worker.http.get(f"{APP}/requests/{request_id}")
            assert (body.pop("request_id"), body.pop("gateway_request_id")) == (request_id, request_id)
            assert body.pop("payload") == result.json()
            seen[name] = body.pop("status"), body.pop("error", None)
            assert body == {}
        assert seen == OUTCOMES


def test_attempts_are_spread_as_fal_spreads_them() -> None:
    assert (FIRST_SECONDS, LATER_SECONDS, len(DELAYS)) == (15, 120, 10)
    assert sum(delay.total_seconds() for delay in DELAYS) == pytest.approx(2 * 3600, rel=0.01)
    assert list(DELAYS) == sorted(DELAYS)
