"""The protocol's tables of endpoints, headers and refusals, row by row."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from doubles.clock import AutoClock
from generation.protocol.request import Endpoint
from worker.api.app import build_app
from worker.api.paths import parse_path
from worker.api.responses import ApiError
from worker.process.keys import add_key
from worker.records import RequestOptions
from workers import ADDRESS, APP, INPUT, KEY, STANDARD, TURBO, open_worker, worker_settings

WEBHOOK = "fal_webhook=https%3A%2F%2Fexample.com%2Fhook%3Fx%3D1%26y%3D2"
IN_30 = AutoClock().now() + timedelta(seconds=30)
PASSED_OVER = RequestOptions()


def test_every_operation_has_its_path_in_every_form() -> None:
    tails = {"": "RESULT", "/response": "RESULT", "/status": "STATUS", "/status/stream": "STREAM", "/cancel": "CANCEL"}
    seen = {
        (base, tail, slash): parse_path(f"{base}/requests/rid{tail}{slash}").operation.name
        for base in (APP, STANDARD, TURBO)
        for tail in tails
        for slash in ("", "/")
    }
    assert seen == {(base, tail, slash): tails[tail] for base, tail, slash in seen}
    assert {parse_path(path).endpoint for path in (STANDARD, f"{STANDARD}/")} == {Endpoint.STANDARD}
    assert {parse_path(path).endpoint for path in (TURBO, f"{TURBO}/")} == {Endpoint.TURBO}


@pytest.mark.parametrize(
    "path",
    [
        f"{STANDARD}/stream",
        f"/workflows{APP}/requests/rid",
        f"/comfy{APP}/requests/rid",
        "/123-name",
        f"{APP}/realtime",
    ],
)
def test_what_only_other_apps_of_fals_have_is_a_404(path: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_path(path)
    assert refused.value.http_status == 404


@pytest.mark.parametrize(
    ("host", "path", "answers"),
    [
        ("queue.fal.run", STANDARD, "request_id"),
        ("queue.falrun.com", STANDARD, "request_id"),
        ("127.0.0.1:8650", f"/queue{STANDARD}", "request_id"),
        ("fal.run", STANDARD, "video"),
        ("FAL.run:443", STANDARD, "video"),
        ("falrun.com", STANDARD, "video"),
        ("127.0.0.1:8650", f"/run{STANDARD}", "video"),
        ("rest.fal.ai", "/storage/upload/initiate", "upload_url"),
        ("rest.alpha.fal.ai", "/storage/upload/initiate", "upload_url"),
        ("rest.fal.ai", "/storage/auth/token?storage_type=fal-cdn-v3", "token"),
        ("v3.fal.media", "/files/upload", "access_url"),
        ("v3b.fal.media", "/files/upload", "access_url"),
    ],
)
async def test_every_host_name_of_fals_leads_to_what_fal_serves_there(
    tmp_path: Path, host: str, path: str, answers: str
) -> None:
    async with open_worker(tmp_path) as worker:
        answer = await worker.http.post(path, json=INPUT, headers={"host": host})
        proxied = await worker.http.post(
            "/api/fal/proxy", json=INPUT, headers={"x-fal-target-url": f"https://{host.partition(':')[0]}{path}"}
        )
        assert (answer.status_code, answers in answer.json()) == (200, True)
        assert host.startswith("127.") or answers in proxied.json()


HEADERS = [
    ({"content-type": "application/json"}, PASSED_OVER),
    ({"accept": "*/*"}, PASSED_OVER),
    ({"accept": "application/json"}, PASSED_OVER),
    ({"user-agent": "fal-client/1.0.3 (python)"}, PASSED_OVER),
    ({"user-agent": "@fal-ai/client/1.10.1"}, PASSED_OVER),
    ({"x-fal-request-timeout": "30.0"}, RequestOptions(start_by=IN_30)),
    ({"x-fal-request-timeout": "30"}, RequestOptions(start_by=IN_30)),
    ({"x-fal-queue-priority": "normal"}, PASSED_OVER),
    ({"x-fal-queue-priority": "low"}, RequestOptions(low_priority=True)),
    ({"x-fal-runner-hint": "h1"}, PASSED_OVER),
    ({"x-fal-store-io": "0"}, PASSED_OVER),
    ({"x-fal-no-retry": "1"}, RequestOptions(may_run_again=False)),
    ({"x-fal-no-retry": "true"}, RequestOptions(may_run_again=False)),
    ({"x-fal-no-retry": "yes"}, RequestOptions(may_run_again=False)),
    ({"x-fal-no-retry": "0"}, PASSED_OVER),
    ({"x-fal-retry-config": '{"timeout":{"retries":0}}'}, PASSED_OVER),
    ({"x-app-fal-disable-fallback": "true"}, PASSED_OVER),
    ({"x-fal-tags": "a,b"}, PASSED_OVER),
    ({"x-flipbook-share": "a/b"}, RequestOptions(share=("a", "b"))),
    ({"x-flipbook-share": "a"}, PASSED_OVER),
]
"""A header of a submission, and what the worker takes from it."""


async def test_headers_of_a_submission_row_by_row(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for headers, options in HEADERS:
            answer = await worker.http.post(STANDARD, json=INPUT, headers=headers)
            assert (await worker.live(answer.json()["request_id"])).request.options == options, headers
        answer = await worker.http.post(f"{STANDARD}?{WEBHOOK}", json=INPUT)
        kept = (await worker.live(answer.json()["request_id"])).request.options
        assert kept == RequestOptions(webhook="https://example.com/hook?x=1&y=2")


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "text/event-stream", "*/*"])
async def test_a_stream_is_a_stream_whatever_its_caller_accepts(tmp_path: Path, accept: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit()
        await worker.http.put(f"{APP}/requests/{request_id}/cancel")
        stream = await worker.http.get(f"{APP}/requests/{request_id}/status/stream", headers={"accept": accept})
        assert stream.headers["content-type"].startswith("text/event-stream")


REFUSALS = [
    ("Key kid", STANDARD, 401, "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."),
    ("Bearer x", STANDARD, 401, "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."),
    ("Key kid:wrong", STANDARD, 401, "No user found for Key ID and Secret"),
    (f"Key {KEY}", "/fal-ai/flux/schnell", 404, 'Application "flux" not found'),
    (f"Key {KEY}", f"{APP}/image-to-video", 404, "Path /image-to-video not found"),
    (f"Key {KEY}", f"{STANDARD}?fal_max_queue_length=0", 429, "The queue is full: more than 0 requests are waiting"),
    ("few", STANDARD, 429, "This key may have 0 unfinished requests"),
    ("few", f"/run{STANDARD}", 429, "This key may have 0 unfinished requests"),
]
"""Authorization, path, status code and sentence of a submission that is refused."""


async def test_refusals_row_by_row(tmp_path: Path) -> None:
    few = await add_key(worker_settings(tmp_path), "few", max_open=0)
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        await worker.submit()
        for authorization, path, code, sentence in REFUSALS:
            given = f"Key {few.pair}" if authorization == "few" else authorization
            answer = await worker.http.post(path, json=INPUT, headers={"authorization": given})
            assert (answer.status_code, answer.json()["detail"]) == (code, sentence)
            assert answer.headers["x-fal-request-id"]
            assert answer.headers.get("x-fal-billable-units") == ("0" if "Path" in sentence else None)
            assert sum(len(name) + len(value) for name, value in answer.headers.raw) < 16 * 1024


async def test_a_mistake_of_our_own_is_a_500_with_a_request_id_and_no_secret(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:

        def broken() -> str:
            raise RuntimeError("a secret")

        app = build_app(replace(worker.parts, device=broken))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            answer = await http.get("/health")
        assert (answer.status_code, answer.json()) == (
            500,
            {"detail": "Internal Server Error", "error_type": "internal_error"},
        )
        assert (answer.headers["x-fal-error-type"], len(answer.headers["x-fal-request-id"])) == ("internal_error", 36)
