"""The queue client behind proxies: which way each address is reached, and by which name."""

import json
from pathlib import Path

import pytest

from doubles.backends.queue_backend import ACCEPTED, REQUEST_ID, a_request
from doubles.backends.queue_stub import MOVIE, Stub, a_client, saying
from doubles.http.live_http import http_server, raw_server
from doubles.http.socks_proxy import socks_leading_everybody_to
from generation.ports import BackendClip
from generation.protocol.errors import BackendUnavailable
from generation.protocol.proxies import Proxies


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
async def test_a_backend_behind_a_socks_proxy_is_asked_for_by_its_name(scheme, tmp_path: Path):
    async with http_server(Stub().app()) as url, socks_leading_everybody_to(int(url.rpartition(":")[2])) as proxy:
        proxies = Proxies(fallback=proxy.url.replace("socks5", scheme))
        async with a_client("http://gpu.test", proxies=proxies) as backend:
            assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID
            clip = BackendClip("http://gpu.test/files/a.mp4", 7)
            assert await backend.fetch(clip, tmp_path / "a.mp4", max_bytes=10**6) == len(MOVIE)
    assert set(proxy.hosts) == {"gpu.test"}


async def test_a_clip_elsewhere_behind_a_proxy_that_cannot_be_understood_waits_with_a_sentence(tmp_path: Path):
    # https only: the backend itself is reached
    async with a_client("http://127.0.0.1:9", proxies=Proxies(https="gopher://x")) as backend:
        with pytest.raises(BackendUnavailable, match="HTTPS_PROXY names a kind of proxy"):
            await backend.fetch(BackendClip("https://cdn.test/a.mp4", 7), tmp_path / "a.mp4", max_bytes=9)


async def test_a_worker_on_this_machine_is_reached_without_the_environments_proxy(monkeypatch, unused_tcp_port):
    proxy = f"http://127.0.0.1:{unused_tcp_port}"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    async with http_server(Stub().app()) as url, a_client(url, proxies=Proxies(http=proxy, fallback=proxy)) as backend:
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID


async def test_another_backend_is_reached_through_the_proxy_that_is_set():
    body = json.dumps(ACCEPTED).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with (
        raw_server(saying(answer)) as proxy,
        a_client("http://gpu.example:8191", proxies=Proxies(http=proxy.url)) as backend,
    ):
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID
    assert proxy.requests[0].startswith(b"POST http://gpu.example:8191/fal-ai/")
