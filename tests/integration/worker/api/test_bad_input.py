"""Whatever arrives over HTTP: one clear answer, nothing kept, no 5xx."""

import asyncio
from pathlib import Path

import pytest

from doubles.http.hostile_json import HOSTILE, counting_steps, filled
from workers import APP, INPUT, STANDARD, listening, open_worker


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "missing"),
        (b"{", "json_invalid"),
        (b"prompt=a+fox", "json_invalid"),
        (b'{"prompt": NaN}', "json_invalid"),
        (b'"a fox"', "model_attributes_type"),
        (b"[]", "model_attributes_type"),
        (b"null", "model_attributes_type"),
        (b"\xff\xfe", "json_invalid"),
        (b'{"prompt": "\\ud800"}', "json_invalid"),
        (b'{"seed": ' + b"9" * 10_000 + b"}", "json_invalid"),
        (b"[" * 10_000, "json_invalid"),
        (b"[" * 100_000, "model_attributes_type"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "model_attributes_type"),
    ],
)
async def test_a_body_that_is_no_json_object_is_a_422_at_once(tmp_path: Path, body: bytes, kind: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, content=body)
        assert (answer.status_code, [item["type"] for item in answer.json()["detail"]]) == (422, [kind])
        assert len(worker.parts.registry.queue) == 0


async def test_a_body_that_is_too_long_is_a_413_whether_announced_or_not(tmp_path: Path) -> None:
    async def chunks() -> object:
        for _ in range(50):
            yield b" " * 2**20

    async with open_worker(tmp_path, rendering=False) as worker:
        # a larger one may hold a file, if its length is announced
        announced = await worker.http.post(STANDARD, content=b" " * (24 * 2**20 + 1))
        streamed = await worker.http.post(STANDARD, content=chunks())
        assert [(a.status_code, a.json()) for a in (announced, streamed)] == [
            (413, {"detail": f"The body may hold at most {most} bytes"}) for most in (24 * 2**20, 2**20)
        ]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", STANDARD, "POST"),
        ("DELETE", STANDARD, "POST"),
        ("POST", f"{APP}/requests/x/status", "GET, HEAD"),
        ("PUT", f"{APP}/requests/x", "GET, HEAD"),
        ("HEAD", f"{APP}/requests/x/status/stream", "GET"),
        ("GET", f"{APP}/requests/x/cancel", "PUT"),
        ("BREW", STANDARD, "POST"),
    ],
)
async def test_a_wrong_method_is_a_405_that_names_the_right_one(
    tmp_path: Path, method: str, path: str, allow: str
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)


ROUTES = ("/", "/page.js", "/health", "/ready", "/openapi.json", "/.well-known/jwks.json", "/files/x.mp4")
ROUTES += ("/files/looks/x", "/storage/auth/token", "/files/upload", STANDARD, f"{APP}/requests/x/status")


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND", "DELETE", "PATCH", "PURGE", "BREW"])
async def test_an_odd_method_is_a_405_on_every_route(tmp_path: Path, method: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for path in ROUTES:
            answer = await worker.http.request(method, path)
            assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"}), path
            assert method not in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/fal-ai/flux/schnell", 'Application "flux" not found'),
        ("/nothing", 'Application "nothing" not found'),
        ("/queue/", 'Application "" not found'),
        (f"{APP}/image-to-video", "Path /image-to-video not found"),
        (APP, "Path / not found"),
        (f"{APP}/requests", "Path /requests not found"),
        (f"{APP}/requests//status", "Path /requests//status not found"),
        (f"{APP}/requests/x/status/other", "Path /requests/x/status/other not found"),
        (f"{APP}/requests/x/../../y", "Path /y not found"),
        (f"{APP}/%2e%2e/%2e%2e/etc/passwd", "Path /../../etc/passwd not found"),
        (f"/queue/queue{STANDARD}", 'Application "fal-ai" not found'),
        ("/" + "x" * 5000, f'Application "{"x" * 200}" not found'),
    ],
)
async def test_a_path_that_is_nothing_is_a_404_in_fals_words(tmp_path: Path, path: str, detail: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(path, json=INPUT)
        assert (answer.status_code, answer.json()) == (404, {"detail": detail})
        assert answer.headers["x-fal-request-id"]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"X-Fal-Request-Timeout": "soon"}, ""),
        ({"X-Fal-Request-Timeout": "nan"}, ""),
        ({"X-Fal-Request-Timeout": "-1"}, ""),
        ({"Idempotency-Key": ""}, ""),
        ({"Idempotency-Key": "x" * 256}, ""),
        ({}, "?fal_max_queue_length=-1"),
        ({}, "?fal_max_queue_length=9999999999999"),
        ({}, "?fal_webhook=file:///etc/passwd"),
        ({}, "?fal_webhook=https://e.com/" + "x" * 2048),
    ],
)
async def test_a_header_or_query_that_cannot_be_meant_is_a_400(
    tmp_path: Path, headers: dict[str, str], query: str
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD + query, json=INPUT, headers=headers)
        assert (answer.status_code, answer.json()["error_type"]) == (400, "bad_request")
        assert len(worker.parts.registry.queue) == 0


@pytest.mark.parametrize("priority", ["urgent", "LOW", ""])
async def test_an_unknown_priority_is_no_reason_to_refuse(tmp_path: Path, priority: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"X-Fal-Queue-Priority": priority})
        assert answer.status_code == 200


async def test_a_wrong_content_type_does_not_matter(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, content=b'{"prompt": "a"}', headers={"content-type": "text/plain"})
        assert answer.status_code == 200


async def test_50_megabytes_are_refused_before_they_have_arrived(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, listening(worker) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        head = f"POST {STANDARD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {50 * 2**20}\r\n\r\n"
        writer.write(head.encode() + b" " * 1000)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_submission_that_breaks_off_keeps_nothing(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, listening(worker) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(f"POST {STANDARD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n".encode() + b'{"pro')
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert len(worker.parts.registry.queue) == 0


async def test_an_endless_head_ends_the_connection(tmp_path: Path) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\n")
        while True:
            writer.write(b"X-Filler: " + b"x" * 4000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    async with open_worker(tmp_path, rendering=False) as worker, listening(worker) as url, asyncio.timeout(40):
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        with pytest.raises(ConnectionError):
            await talk(writer)
        writer.close()


async def test_a_head_that_never_ends_runs_out_of_time(tmp_path: Path) -> None:
    async with (
        open_worker(tmp_path, rendering=False) as worker,
        listening(worker, head_seconds=0.05) as url,
        asyncio.timeout(40),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"GET / HTTP/1.1\r\nHost")
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
@pytest.mark.parametrize("path", [STANDARD, f"/run{STANDARD}", f"/queue{STANDARD}"])
async def test_a_hostile_mebibyte_is_refused_in_few_steps(tmp_path: Path, path: str, text: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for headers in ({}, {"idempotency-key": "job-1"}):
            posting = worker.http.post(path, content=text, headers=headers)
            # traced until its end: nothing else runs in this loop
            with counting_steps() as taken:
                answer = await posting
            assert (answer.status_code, len(answer.content) < 4000) == (422, True)
            assert taken() < 20_000


@pytest.mark.parametrize(
    "text",
    [
        filled('{"parts":[', "1", "]}"),
        filled('{"parts":[', "{}", "]}"),
        filled('{"parts":[', '{"partNumber":"x"}', "]}"),
        filled('{"content_type":[', "1", "]}"),
        filled('{"other":[', "[]", "]}"),
    ],
    ids=lambda text: text[:30],
)
async def test_a_hostile_mebibyte_for_an_upload_is_refused_in_few_steps(tmp_path: Path, text: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        begun = (await worker.http.post("/storage/upload/initiate")).json()["upload_url"].partition("?")[0]
        for path in ("/storage/upload/initiate", f"{begun}/complete"):
            posting = worker.http.post(path, content=text)
            with counting_steps() as taken:
                answer = await posting
            assert answer.status_code in {200, 422}
            assert taken() < 200_000
