"""What a submission sends, and what each of its outcomes proves."""

import json
from datetime import timedelta

import httpx
import pytest

from doubles.backends.queue_backend import ACCEPTED, FAL, REQUEST_ID, SUBMIT, SUBMIT_TURBO, a_request, fal, worker
from doubles.backends.scripted_queue import Reply
from doubles.clock import START, AutoClock
from generation.backends.client import QueueClient
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendUnavailable,
    CredentialsRejected,
    EndpointNotFound,
    ProtocolViolation,
    RequestRejected,
    SubmissionOutcomeUnknown,
)
from generation.protocol.request import Endpoint

OUTPUT = {"video": {"url": "https://v3.fal.media/files/a/b.mp4"}, "seed": 7}


async def test_a_submission_is_the_raw_input_with_the_key_and_nothing_else(queue):
    queue.on(SUBMIT, Reply(200, ACCEPTED))
    async with fal(queue) as backend:
        request_id = await backend.submit(a_request(), idempotency_key="job-1")
    (sent,) = queue.requests
    assert request_id == REQUEST_ID
    assert str(sent.url) == f"{FAL}/fal-ai/fast-animatediff/text-to-video"
    assert json.loads(sent.content) == a_request().to_input()
    assert {name: sent.headers.get(name) for name in ("authorization", "content-type", "idempotency-key")} == {
        "authorization": "Key kid:s3cret",
        "content-type": "application/json",
        "idempotency-key": None,
    }


@pytest.mark.parametrize("backend_of", [fal, worker])
async def test_both_backends_get_the_prompt_without_other_programs_syntax(queue, backend_of):
    queue.on(SUBMIT, Reply(200, ACCEPTED))
    typed = a_request(prompt="a (fox:1.2) <lora:add_detail:0.8> BREAK [snow|rain]")
    async with backend_of(queue) as backend:
        await backend.submit(typed, idempotency_key="job-1")
    assert json.loads(queue.requests[0].content)["prompt"] == "a (fox:1.2), snow"


async def test_the_idempotency_key_goes_to_our_own_worker_only(queue):
    queue.on(SUBMIT_TURBO, Reply(200, ACCEPTED))
    async with worker(queue) as backend:
        await backend.submit(a_request(endpoint=Endpoint.TURBO), idempotency_key="job-1")
    assert queue.requests[0].headers["idempotency-key"] == "job-1"


async def test_the_webhook_address_travels_encoded(queue):
    query = "?fal_webhook=https%3A%2F%2Fbot.example%2Fwebhooks%2Ffal%2Fabc%3Fx%3D1%26y%3D2"
    queue.on(SUBMIT + query, Reply(200, ACCEPTED))
    async with fal(queue) as backend:
        await backend.submit(
            a_request(), idempotency_key="k", webhook_url="https://bot.example/webhooks/fal/abc?x=1&y=2"
        )
    assert queue.asked == [SUBMIT + query]


async def test_without_a_key_no_authorization_is_sent(queue):
    queue.on(SUBMIT, Reply(200, ACCEPTED))
    async with QueueClient(
        "worker", "http://127.0.0.1:1", None, resubmits_safely=True, clock=AutoClock(), transport=queue
    ) as backend:
        await backend.submit(a_request(), idempotency_key="k")
    assert "authorization" not in queue.requests[0].headers


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectError("[Errno -2] Name or service not known"),
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
        httpx.ConnectTimeout(""),
        httpx.PoolTimeout(""),
        httpx.ProxyError("403 Forbidden"),
        httpx.UnsupportedProtocol("no"),
    ],
    ids=lambda error: f"{type(error).__name__}{error}"[:30],
)
async def test_what_never_left_may_be_sent_again(queue, error):
    queue.on(SUBMIT, error)
    async with fal(queue) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.submit(a_request(), idempotency_key="k")
    assert len(queue.requests) == 1


@pytest.mark.parametrize("make_client", [fal, worker])
@pytest.mark.parametrize(
    "line",
    [
        httpx.ReadTimeout(""),
        httpx.WriteTimeout(""),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.CloseError(""),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.LocalProtocolError("odd"),
        Reply(200, chunks=[b'{"request_', httpx.ReadError("reset")]),
        Reply(200, chunks=[b"x" * 70_000] * 20),
    ],
    ids=lambda line: type(line).__name__,
)
async def test_a_submission_broken_after_sending_is_never_resent(queue, line, make_client):
    queue.on(SUBMIT, line)
    async with make_client(queue) as backend:
        with pytest.raises(SubmissionOutcomeUnknown):
            await backend.submit(a_request(), idempotency_key="k")
    assert len(queue.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to the hotel's wireless network</html>",
        b"null",
        b"[]",
        {"status": "IN_QUEUE"},
        {"request_id": ""},
        {"request_id": "../../admin"},
        {"request_id": "a/b"},
        {"request_id": "a?b"},
        {"request_id": 17},
        {"request_id": "x" * 129},
        b'{"request_id": ' + b"[" * 5000,
    ],
    ids=lambda body: str(body)[:40],
)
async def test_a_yes_without_a_usable_request_id_leaves_the_outcome_unknown(queue, body):
    queue.on(SUBMIT, Reply(200, body))
    async with fal(queue) as backend:
        with pytest.raises(SubmissionOutcomeUnknown):
            await backend.submit(a_request(), idempotency_key="k")


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_yes_counts_even_with_odd_values_around_the_request_id(queue, status):
    queue.on(SUBMIT, Reply(status, {**ACCEPTED, "queue_position": "soon", "logs": 5, "metrics": [], "status": "NEW"}))
    async with fal(queue) as backend:
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"detail": "bad", "error_type": "bad_request"}, RequestRejected),
        (401, {"detail": "No user found for Key ID and Secret"}, CredentialsRejected),
        (402, {"detail": "Pay first"}, AccountLocked),
        (403, {"detail": "User is locked. Reason: Exhausted balance."}, AccountLocked),
        (404, {"detail": 'Application "schnell" not found'}, EndpointNotFound),
        (405, b"", EndpointNotFound),
        (413, b"", RequestRejected),
        (418, b"", ProtocolViolation),
        (301, b"", ProtocolViolation),
        (307, b"", ProtocolViolation),
        (302, b"", SubmissionOutcomeUnknown),
        (303, b"", SubmissionOutcomeUnknown),
        (408, b"", SubmissionOutcomeUnknown),
        (409, b"", SubmissionOutcomeUnknown),
        (499, b"", SubmissionOutcomeUnknown),
        (500, {"detail": "Internal Server Error"}, SubmissionOutcomeUnknown),
        (502, b"<html>nginx</html>", SubmissionOutcomeUnknown),
        (503, b"upstream connect error or disconnect/reset before headers", SubmissionOutcomeUnknown),
        (504, b"", SubmissionOutcomeUnknown),
    ],
)
async def test_what_the_paid_backend_says_to_a_submission(queue, status, body, error):
    queue.on(SUBMIT, Reply(status, body))
    async with fal(queue) as backend:
        with pytest.raises(error) as caught:
            await backend.submit(a_request(), idempotency_key="k")
    assert type(caught.value) is error
    assert caught.value.backend == "fal"
    assert caught.value.detail.startswith(f"HTTP {status}")
    assert len(queue.requests) == 1


@pytest.mark.parametrize(("status", "error"), [(503, BackendUnavailable), (500, SubmissionOutcomeUnknown)])
async def test_our_own_workers_503_is_a_refusal_before_acceptance(queue, status, error):
    queue.on(SUBMIT, Reply(status, {"detail": "The disk is full"}))
    async with worker(queue) as backend:
        with pytest.raises(error) as caught:
            await backend.submit(a_request(), idempotency_key="k")
    assert caught.value.detail == f"HTTP {status} The disk is full"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": (START + timedelta(seconds=30)).strftime("%a, %d %b %Y %H:%M:%S GMT")}, 30.0),
        ({"retry-after": "Fri, 20 Nov 1998 12:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, 3600.0),
        ({"retry-after": "soon"}, None),
    ],
)
async def test_a_busy_backend_says_how_long_to_wait(queue, header, seconds):
    queue.on(SUBMIT, Reply(429, {"detail": "Too many requests"}, headers=header))
    async with fal(queue) as backend:
        with pytest.raises(BackendBusy) as caught:
            await backend.submit(a_request(), idempotency_key="k")
    assert caught.value.retry_after == seconds


async def test_what_fal_does_not_have_never_leaves_for_it(queue):
    async with fal(queue) as backend:
        with pytest.raises(EndpointNotFound):
            await backend.submit(a_request(loop="seamless"), idempotency_key="k")
    assert queue.requests == []


@pytest.mark.parametrize("health", [{"capabilities": ["loop"]}, {}], ids=str)
async def test_our_worker_gets_a_loop_where_its_health_page_names_loops(queue, health):
    queue.on(SUBMIT, Reply(200, ACCEPTED))
    queue.on("GET /health", Reply(200, {"engine": "animatediff", **health}))
    async with worker(queue) as backend:
        if health:
            await backend.submit(a_request(loop="seamless"), idempotency_key="k")
            assert json.loads(queue.requests[-1].content)["loop"] == "seamless"
        else:
            with pytest.raises(EndpointNotFound):
                await backend.submit(a_request(loop="seamless"), idempotency_key="k")
