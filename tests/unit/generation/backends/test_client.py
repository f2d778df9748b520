"""What the queue client makes of the answers to result and cancel, and which addresses and keys it takes."""

from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from doubles.backends.queue_backend import (
    ACCEPTED,
    CANCEL,
    FAL,
    KEY,
    POLL,
    POLL_WITHOUT_LOGS,
    REQUEST_ID,
    RESULT,
    STREAM,
    SUBMIT,
    a_handle,
    a_request,
    completed,
    fal,
    in_progress,
    worker,
)
from doubles.backends.scripted_queue import Reply
from doubles.clock import START, AutoClock
from generation.backends.client import QueueClient
from generation.domain.job import RequestHandle
from generation.ports import Backend, BackendClip, CancelOutcome
from generation.protocol.errors import (
    AccountLocked,
    BackendUnavailable,
    CredentialsRejected,
    GenerationFailed,
    ProtocolViolation,
    RequestCancelled,
    RequestNotFound,
)
from generation.protocol.request import Endpoint

OUTPUT = {"video": {"url": "https://v3.fal.media/files/a/b.mp4"}, "seed": 7}


# Results


async def test_a_result_is_a_clip(queue):
    video = {"url": "https://x.test/a.mp4", "content_type": "video/mp4", "file_name": "a.mp4", "file_size": 123}
    queue.on(RESULT, Reply(200, {"video": video, "seed": 7}))
    async with fal(queue) as backend:
        assert await backend.result(a_handle()) == BackendClip("https://x.test/a.mp4", 7, "a.mp4", 123)


@pytest.mark.parametrize(
    ("named", "read"),
    [("animatediff-cpu", "animatediff-cpu"), ("", None), ("<b>", None), ("a" * 41, None), ("Preview", None)],
)
async def test_a_result_may_say_what_made_it(queue, named, read):
    queue.on(RESULT, Reply(200, OUTPUT, headers={"x-flipbook-engine": named}))
    async with fal(queue) as backend:
        assert (await backend.result(a_handle())).engine == read


async def test_both_endpoints_ask_under_owner_and_alias(queue):
    queue.on(RESULT, Reply(200, OUTPUT))
    async with fal(queue) as backend:
        clip = await backend.result(a_handle(endpoint=Endpoint.TURBO))
    assert clip == BackendClip("https://v3.fal.media/files/a/b.mp4", 7)


async def test_odd_values_beside_the_url_do_not_lose_the_clip(queue):
    queue.on(RESULT, Reply(200, {"video": {"url": "https://x.test/a.mp4", "file_size": "big"}, "seed": "lucky"}))
    async with fal(queue) as backend:
        assert await backend.result(a_handle()) == BackendClip("https://x.test/a.mp4")


async def test_a_result_asked_for_too_early_is_asked_for_again(queue):
    clock = AutoClock()
    still = Reply(400, {"detail": "Request is still in progress"})
    queue.on(RESULT, still, still, Reply(200, OUTPUT))
    async with fal(queue, clock) as backend:
        assert (await backend.result(a_handle())).seed == 7
    assert clock.slept == [0.5, 0.75]


@pytest.mark.parametrize(
    "line",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(""),
        Reply(502, b"<html>nginx</html>"),
        Reply(503, b""),
        Reply(504, b"gateway timeout"),
        Reply(429, {"detail": "slow down"}),
        Reply(404, b"<html>tunnel not found</html>"),
        Reply(200, b"<html>please log in</html>"),
        Reply(301, b""),
        Reply(400, {"detail": "Request is still in progress"}),
    ],
    ids=lambda line: f"{type(line).__name__}{getattr(line, 'status', '')}",
)
async def test_a_passing_failure_is_waited_out_and_then_raised_as_unavailable(queue, line):
    clock = AutoClock()
    queue.on(RESULT, line)
    async with fal(queue, clock) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.result(a_handle())
    assert timedelta(seconds=10) <= clock.now() - START < timedelta(seconds=15)
    assert len(queue.requests) == len(clock.slept) + 1


async def test_a_failure_that_passes_loses_nothing(queue):
    queue.on(RESULT, httpx.ReadError("reset"), Reply(502, b""), Reply(200, OUTPUT))
    async with fal(queue) as backend:
        assert (await backend.result(a_handle())).seed == 7


async def test_an_answer_that_is_json_but_no_clip_breaks_the_protocol(queue):
    queue.on(RESULT, Reply(200, {"images": []}))
    queue.on(POLL, Reply(200, completed()))
    async with fal(queue) as backend:
        with pytest.raises(ProtocolViolation):
            await backend.result(a_handle())


async def test_where_the_result_does_not_say_why_the_status_is_asked(queue):
    queue.on(RESULT, Reply(500, {"detail": "Internal Server Error"}))
    queue.on(POLL, Reply(200, completed(error="Cancelled by the client", error_type="client_cancelled")))
    async with fal(queue) as backend:
        with pytest.raises(RequestCancelled) as caught:
            await backend.result(a_handle())
    assert caught.value.detail == "Cancelled by the client"
    assert queue.asked == [RESULT, POLL]


async def test_a_failure_without_an_explanation_is_a_plain_one(queue):
    queue.on(RESULT, Reply(500, {"detail": "CUDA error"}))
    queue.on(POLL, Reply(200, completed(error="Invalid status code: 500")))
    async with fal(queue) as backend:
        with pytest.raises(GenerationFailed) as caught:
            await backend.result(a_handle())
    assert (caught.value.detail, caught.value.retryable) == ("HTTP 500 CUDA error", False)


async def test_a_failure_of_a_request_that_goes_on_is_not_believed(queue):
    queue.on(RESULT, Reply(500, {"detail": "oops"}), Reply(200, OUTPUT))
    queue.on(POLL, Reply(202, in_progress()))
    async with fal(queue) as backend:
        assert (await backend.result(a_handle())).seed == 7


async def test_a_result_of_endless_bytes_is_cut_off(queue):
    queue.on(RESULT, Reply(200, chunks=[b"x" * 100_000] * 100))
    async with fal(queue) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.result(a_handle())


async def test_a_request_id_that_no_backend_gives_out_is_never_asked_about(queue):
    handle = RequestHandle("fal", Endpoint.STANDARD, "../../billing", 1)
    async with fal(queue) as backend:
        with pytest.raises(RequestNotFound):
            await backend.result(handle)
    assert queue.requests == []


# Cancelling


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (202, {"status": "CANCELLATION_REQUESTED"}, CancelOutcome.REQUESTED),
        (200, {"status": "OK"}, CancelOutcome.REQUESTED),
        (200, {"success": True}, CancelOutcome.REQUESTED),
        (400, {"status": "ALREADY_COMPLETED"}, CancelOutcome.ALREADY_COMPLETED),
        (404, {"status": "NOT_FOUND"}, CancelOutcome.NOT_FOUND),
        (404, {"detail": "Not found"}, CancelOutcome.NOT_FOUND),
    ],
)
async def test_what_a_backend_answers_to_a_cancellation(queue, status, body, outcome):
    queue.on(CANCEL, Reply(status, body))
    async with fal(queue) as backend:
        assert await backend.cancel(a_handle()) is outcome
    assert queue.requests[0].content == b""
    assert queue.requests[0].headers["content-length"] == "0"


async def test_a_cancellation_is_repeated_while_the_backend_is_unavailable(queue):
    queue.on(CANCEL, httpx.ConnectError("refused"), Reply(503, b""), Reply(202, {"status": "CANCELLATION_REQUESTED"}))
    async with fal(queue) as backend:
        assert await backend.cancel(a_handle()) is CancelOutcome.REQUESTED


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401, {"detail": "no"}), CredentialsRejected),
        (Reply(403, {"detail": "locked"}), AccountLocked),
        (Reply(400, {"detail": "what?"}), ProtocolViolation),
        (Reply(200, b"<html>"), BackendUnavailable),
        (Reply(404, b"<html>"), BackendUnavailable),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "status", None)),
)
async def test_a_cancellation_that_is_not_understood_raises(queue, reply, error):
    queue.on(CANCEL, reply)
    async with fal(queue) as backend:
        with pytest.raises(error):
            await backend.cancel(a_handle())


# Addresses and keys


async def test_urls_in_answers_are_never_followed(queue):
    queue.on(SUBMIT, Reply(200, ACCEPTED))
    queue.on(STREAM, Reply(405, b""))
    queue.on(POLL, Reply(200, {**completed(), "response_url": "https://elsewhere.test/r"}))
    queue.on(RESULT, Reply(200, OUTPUT))
    queue.on(CANCEL, Reply(400, {"status": "ALREADY_COMPLETED"}))
    async with fal(queue) as backend:
        await backend.submit(a_request(), idempotency_key="k")
        [_ async for _ in backend.watch(a_handle())]
        await backend.result(a_handle())
        await backend.cancel(a_handle())
    assert {request.url.host for request in queue.requests} == {"queue.fal.test"}


async def test_a_base_address_may_have_a_path_and_a_slash_at_its_end(queue):
    queue.on("POST /queue/fal-ai/fast-animatediff/text-to-video", Reply(200, ACCEPTED))
    async with worker(queue, base="https://gpu.example/queue/") as backend:
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID


@pytest.mark.parametrize(
    "base",
    [
        "",
        "queue.fal.run",
        "ftp://queue.fal.run",
        "https://",
        "https://user:hunter2@queue.fal.run",
        "https://queue.fal.run/?a=b",
        "https://queue.fal.run/#top",
        "https://queue.fal.run:99999",
        "https://queue fal run",
    ],
)
def test_a_useless_base_address_is_refused_without_quoting_it(base):
    with pytest.raises(ValueError, match=r"^the backend's address cannot be used") as caught:
        QueueClient("fal", base, KEY, resubmits_safely=False, clock=AutoClock())
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "kid:ab\ncd", "kid:schlüssel"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_quoting_it(key):
    with pytest.raises(ValueError, match="the backend's key") as caught:
        QueueClient("fal", FAL, SecretStr(key), resubmits_safely=False, clock=AutoClock())
    assert "cd" not in str(caught.value)


async def test_it_is_a_backend(queue):
    async with fal(queue) as client:
        backend: Backend = client
        assert (backend.name, backend.resubmits_safely) == ("fal", False)


async def test_a_log_too_long_to_read_is_left_out(queue):
    queue.on(STREAM, Reply(404, b""))
    queue.on(POLL, Reply(202, in_progress({"message": "x" * 2_000_000})))
    queue.on(POLL_WITHOUT_LOGS, Reply(202, {**in_progress(), "logs": None}), Reply(200, completed()))
    async with fal(queue) as backend:
        states = [update.state.value async for update in backend.watch(a_handle())]
    assert states == ["IN_PROGRESS", "COMPLETED"]
    assert queue.asked == [STREAM, POLL, POLL_WITHOUT_LOGS, POLL_WITHOUT_LOGS]


# The engine


@pytest.mark.parametrize("base", ["http://127.0.0.1:8191", "http://127.0.0.1:8191/queue"])
async def test_our_worker_names_its_engine(queue, base):
    queue.on("GET /health", Reply(200, {"status": "ready", "engine": "preview"}))
    async with worker(queue, base=base) as backend:
        assert await backend.engine() == "preview"


@pytest.mark.parametrize("reply", [Reply(404, {}), Reply(200, "<html>"), Reply(200, {"engine": 7}), Reply(200, {})])
async def test_a_worker_that_names_no_engine_has_none(queue, reply):
    queue.on("GET /health", reply)
    async with worker(queue) as backend:
        assert await backend.engine() is None


async def test_a_worker_that_cannot_be_asked_is_unavailable(queue):
    queue.on("GET /health", httpx.ConnectError("refused"))
    async with worker(queue) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.engine()


async def test_fal_is_not_asked_for_an_engine(queue):
    async with fal(queue) as backend:
        assert await backend.engine() is None
        assert await backend.health() is None
    assert queue.asked == []
