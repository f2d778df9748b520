"""fal's calls: a correct signature only wakes the job; everything else is refused and changes nothing."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from adapters.web.webhooks import MAX_BYTES, webhook_route
from core import Core, a_core
from doubles.generation.backend import ScriptedBackend
from generation.backends.webhook_signature import WebhookVerifier
from generation.domain.job import Job, JobStatus
from generation.lifecycle.webhooks import WebhookReceiver

FAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass
class WebhookServer:
    """The route in front of a core, with a list of forged calls."""

    core: Core
    web: httpx.AsyncClient
    nudged: list[str]
    forged: list[None]

    async def call(self, job: Job, body: bytes, *, key: Ed25519PrivateKey = FAL, **changes: str) -> httpx.Response:
        headers = signed(body, self.core, key) | changes
        return await self.web.post(f"/webhooks/fal/{job.id}", content=body, headers=headers)


def signed(body: bytes, core: Core, key: Ed25519PrivateKey, request_id: str = "request-1") -> dict[str, str]:
    timestamp = str(int(core.clock.now().timestamp()))
    message = "\n".join((request_id, "user-1", timestamp, hashlib.sha256(body).hexdigest()))
    return {
        "x-fal-webhook-request-id": request_id,
        "x-fal-webhook-user-id": "user-1",
        "x-fal-webhook-timestamp": timestamp,
        "x-fal-webhook-signature": key.sign(message.encode()).hex(),
    }


def a_body(request_id: str = "request-1") -> bytes:
    return json.dumps({"request_id": request_id, "gateway_request_id": "g", "status": "OK", "payload": {}}).encode()


@dataclass
class Keys:
    """fal's published keys."""

    down: bool = False
    asked: list[None] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(None)
        x = base64.urlsafe_b64encode(FAL.public_key().public_bytes_raw()).rstrip(b"=").decode()
        keys = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}
        return httpx.Response(503 if self.down else 200, json=keys)


@asynccontextmanager
async def a_server(folder: Path, keys: Keys | None = None) -> AsyncIterator[WebhookServer]:
    backend = ScriptedBackend("fal", resubmits_safely=False)
    async with a_core(folder, backend=backend) as core:
        nudged: list[str] = []
        forged: list[None] = []
        verifier = WebhookVerifier(clock=core.clock, transport=httpx.MockTransport(keys or Keys()))
        receiver = WebhookReceiver(core.store, core.observer, nudged.append)
        route = webhook_route(verifier, partial(receiver.receive, backend="fal"), lambda: forged.append(None))
        transport = httpx.ASGITransport(Starlette(routes=[route]))
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as web:
            yield WebhookServer(core, web, nudged, forged)


async def submitting(core: Core) -> Job:
    job = await core.submit()
    sent = job.submitting("fal", core.clock.now())
    async with core.store.transaction() as tx:
        await tx.save_job(sent, was=job)
    return sent


async def test_a_genuine_call_about_a_known_request_only_wakes(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        job = await server.core.run(await server.core.submit())
        assert (await server.call(job, a_body())).status_code == 200
        assert server.nudged == [job.id]
        assert await server.core.reload(job) == job


async def test_a_submission_whose_answer_was_lost_is_adopted(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        job = await submitting(server.core)
        assert (await server.call(job, a_body())).status_code == 200
        adopted = await server.core.reload(job)
        assert adopted.status is JobStatus.QUEUED
        assert adopted.handle is not None
        assert (adopted.handle.backend, adopted.handle.request_id, adopted.handle.attempt) == ("fal", "request-1", 1)
        assert server.core.backend.submissions == []


async def test_a_call_about_another_jobs_request_is_404(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        job = await server.core.run(await server.core.submit())
        body = a_body("request-2")
        headers = signed(body, server.core, FAL, "request-2")
        answer = await server.web.post(f"/webhooks/fal/{job.id}", content=body, headers=headers)
        assert (answer.status_code, server.nudged) == (404, [])


async def test_a_call_about_an_unknown_job_is_404(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        body = a_body()
        answer = await server.web.post("/webhooks/fal/nobody", content=body, headers=signed(body, server.core, FAL))
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"x-fal-webhook-signature": "00" * 64},
        {"x-fal-webhook-signature": "nonsense"},
        {"x-fal-webhook-user-id": "user-2"},
        {"x-fal-webhook-timestamp": "1"},
        {"x-fal-webhook-request-id": "request-9"},
        {"x-fal-webhook-request-id": ""},
    ],
)
async def test_a_forged_call_is_401_counted_and_changes_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    async with a_server(tmp_path) as server:
        job = await submitting(server.core)
        assert (await server.call(job, a_body(), **changes)).status_code == 401
        assert (len(server.forged), server.nudged) == (1, [])
        assert await server.core.reload(job) == job


async def test_another_key_is_401(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        job = await submitting(server.core)
        answer = await server.call(job, a_body(), key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
        assert (answer.status_code, len(server.forged)) == (401, 1)


@pytest.mark.parametrize("body", [a_body("request-2"), b"", b"null", b"[]", b'{"request_id": 5}', b"[" * 5000])
async def test_a_body_that_does_not_name_the_signed_request_is_401(tmp_path: Path, body: bytes) -> None:
    async with a_server(tmp_path) as server:
        job = await submitting(server.core)
        assert (await server.call(job, body)).status_code == 401
        assert await server.core.reload(job) == job


async def test_a_body_that_is_too_large_is_413(tmp_path: Path) -> None:
    async with a_server(tmp_path) as server:
        job = await submitting(server.core)
        assert (await server.call(job, b"x" * (MAX_BYTES + 1))).status_code == 413


async def test_while_fals_keys_cannot_be_fetched_it_is_asked_to_call_again(tmp_path: Path) -> None:
    async with a_server(tmp_path, Keys(down=True)) as server:
        job = await submitting(server.core)
        assert (await server.call(job, a_body())).status_code == 503
        assert server.forged == []
