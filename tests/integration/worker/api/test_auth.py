"""Who may call: keys as fal's, and no keys at all on the machine itself."""

from pathlib import Path

import pytest

from workers import APP, INPUT, KEY, STANDARD, open_worker

BAD_FORMAT = {"detail": "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."}
NO_USER = {"detail": "No user found for Key ID and Secret"}


@pytest.mark.parametrize(
    ("authorization", "body"),
    [
        ("", BAD_FORMAT),
        ("Key", BAD_FORMAT),
        ("Key kid", BAD_FORMAT),
        ("Key kid:", BAD_FORMAT),
        ("Key :s3cret", BAD_FORMAT),
        ("Bearer kid:s3cret", BAD_FORMAT),
        ("kid:s3cret", BAD_FORMAT),
        ("Key kid:wrong", NO_USER),
        ("Key other:s3cret", NO_USER),
        ("Key other:", BAD_FORMAT),
        ("Key kid:s3cret:more", NO_USER),
    ],
)
async def test_without_the_right_key_everything_of_the_queue_is_a_401(
    tmp_path: Path, authorization: str, body: object
) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        mine = await worker.submit()
        headers = {"authorization": authorization}
        base = f"{APP}/requests/{mine}"
        answers = [
            await worker.http.post(STANDARD, json=INPUT, headers=headers),
            await worker.http.get(base, headers=headers),
            await worker.http.get(f"{base}/status", headers=headers),
            await worker.http.get(f"{base}/status/stream", headers=headers),
            await worker.http.put(f"{base}/cancel", headers=headers),
        ]
        assert [(a.status_code, a.json()) for a in answers] == [(401, body)] * 5
        assert len(worker.parts.registry.queue) == 1


async def test_a_missing_header_is_a_401(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        del worker.http.headers["authorization"]
        answer = await worker.http.post(STANDARD, json=INPUT)
        assert (answer.status_code, answer.json()) == (401, BAD_FORMAT)


async def test_another_keys_request_is_a_404_like_one_that_never_was(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key="one:s1, two:s2") as worker:
        worker.http.headers["authorization"] = "Key one:s1"
        request_id = await worker.submit()
        await worker.completed(request_id, owner="one")
        theirs = {"authorization": "Key two:s2"}
        base = f"{APP}/requests/{request_id}"
        result = await worker.http.get(base, headers=theirs)
        status = await worker.http.get(f"{base}/status", headers=theirs)
        cancel = await worker.http.put(f"{base}/cancel", headers=theirs)
        assert [a.status_code for a in (result, status, cancel)] == [404, 404, 404]
        assert (await worker.http.get(base)).status_code == 200


async def test_two_keys_may_use_the_same_idempotency_key(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key="one:s1,two:s2") as worker:
        answers = [
            await worker.http.post(
                STANDARD, json=INPUT, headers={"authorization": f"Key {key}", "Idempotency-Key": "job-1"}
            )
            for key in ("one:s1", "two:s2")
        ]
        assert len({answer.json()["request_id"] for answer in answers}) == 2


async def test_keys_are_served_round_robin(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key="one:s1,two:s2") as worker:
        for key, count in (("one:s1", 3), ("two:s2", 2)):
            worker.http.headers["authorization"] = f"Key {key}"
            for number in range(count):
                await worker.submit(prompt=f"{key[:3]} {number}")
        worker.render()
        for live in worker.parts.registry.open_requests:
            await worker.completed(live.request.id, owner=live.request.owner)
        assert worker.engine.begun == ["one 0", "two 0", "one 1", "two 1", "one 2"]


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_health_needs_no_key_and_tells_no_secret(tmp_path: Path, path: str) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        answer = await worker.http.get(path, headers={"authorization": ""})
        assert answer.status_code in {200, 503}
        assert "s3cret" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8650", "localhost", "[::1]:8650"])
async def test_without_keys_programs_on_the_same_machine_may_call(tmp_path: Path, host: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"host": host})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "127.0.0.1:8650", "origin": "https://evil.example"},
        {"host": "127.0.0.1:8650", "origin": "null"},
        {"host": "127.0.0.1:8650", "origin": "http://127.0.0.1:9999"},
        {"host": "[::1"},
    ],
)
async def test_without_keys_web_pages_may_not_reach_the_worker(tmp_path: Path, headers: dict[str, str]) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT, headers=headers)
        assert (answer.status_code, answer.json()) == (
            403,
            {"detail": "Without keys the worker serves programs on its own machine only"},
        )


ROUTES = ("/", "/page.js", "/health", "/ready", "/openapi.json", "/.well-known/jwks.json", "/files/x.mp4")
ROUTES += ("/files/looks/x", "/files/uploads/x", "/nothing", f"{APP}/requests/x/status")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8650", "[::1", "", "0.0.0.0"])
async def test_without_keys_no_route_tells_anything_under_another_name(tmp_path: Path, host: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for path in ROUTES:
            answer = await worker.http.get(path, headers={"host": host})
            sentence = "Without keys the worker serves programs on its own machine only"
            assert (answer.status_code, answer.json()) == (403, {"detail": sentence}), path


async def test_with_keys_the_worker_answers_under_any_name(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        assert (await worker.http.get("/health", headers={"host": "gpu.example.org"})).status_code == 200
