"""Callers in browsers: allowed origins, and the proxy mode of fal's JavaScript client."""

from pathlib import Path

import pytest

from generation.protocol.request import Endpoint
from workers import APP, INPUT, KEY, STANDARD, open_worker

PAGE = "https://app.example.org"
PROXY = "/api/fal/proxy"


async def test_a_page_of_an_allowed_origin_may_call(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY, cors_origins=(PAGE,)) as worker:
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        preflight = await worker.http.options(STANDARD, headers={"origin": PAGE, **asked})
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"origin": PAGE})
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, PAGE)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
        assert "x-fal-request-id" in answer.headers["access-control-expose-headers"]


async def test_a_page_of_another_origin_may_not(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, cors_origins=(PAGE,)) as worker:
        evil = {"origin": "https://evil.example"}
        preflight = await worker.http.options(STANDARD, headers={**evil, "access-control-request-method": "POST"})
        answer = await worker.http.post(STANDARD, json=INPUT, headers=evil)
        allowed = await worker.http.post(STANDARD, json=INPUT, headers={"origin": PAGE})
        assert (preflight.status_code, answer.status_code, allowed.status_code) == (400, 403, 200)


async def test_without_origins_no_page_may_call(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"origin": PAGE})
        assert "access-control-allow-origin" not in answer.headers


async def test_the_proxy_serves_what_the_target_means(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        target = {"x-fal-target-url": f"https://queue.fal.run/{Endpoint.TURBO.value}?fal_max_queue_length=5"}
        submitted = await worker.http.post(PROXY, json=INPUT, headers=target)
        request_id = submitted.json()["request_id"]
        await worker.completed(request_id, owner="kid")
        base = f"https://queue.fal.run{APP}/requests/{request_id}"
        status = await worker.http.get(PROXY, headers={"x-fal-target-url": f"{base}/status?logs=1"})
        result = await worker.http.get(PROXY, headers={"x-fal-target-url": base})
        cancel = await worker.http.put(PROXY, headers={"x-fal-target-url": f"{base}/cancel"})
        run = await worker.http.post(
            PROXY, json=INPUT, headers={"x-fal-target-url": f"https://fal.run/{Endpoint.STANDARD.value}"}
        )
        upload = await worker.http.post(
            PROXY,
            json={"content_type": "text/plain", "file_name": "a.txt"},
            headers={"x-fal-target-url": "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"},
        )
        assert [a.status_code for a in (submitted, status, result, cancel, run, upload)] == [
            200,
            200,
            200,
            400,
            200,
            200,
        ]
        assert (len(status.json()["logs"]), result.json()["seed"], run.json()["seed"]) == (3, 7, 7)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "https://evil.example/x",
        "http://queue.fal.run/x",
        "https://queue.fal.run",
        "https://queue.fal.run.evil.example/x",
        "https://queue.fal.run@evil.example/x",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
async def test_the_proxy_goes_nowhere_else(tmp_path: Path, target: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(PROXY, json=INPUT, headers={"x-fal-target-url": target})
        assert (answer.status_code, answer.json()) == (
            400,
            {"detail": "x-fal-target-url must be an https address of fal's"},
        )


async def test_the_proxy_gives_nobody_a_key(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        target = {"x-fal-target-url": f"https://queue.fal.run/{Endpoint.STANDARD.value}", "authorization": ""}
        assert (await worker.http.post(PROXY, json=INPUT, headers=target)).status_code == 401
