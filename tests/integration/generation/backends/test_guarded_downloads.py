"""Clips at addresses that a backend names, over real sockets: TLS keeps the name, and a proxy resolves it."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import trustme

from doubles.backends.queue_backend import KEY
from doubles.http.live_http import Handle, RawServer, raw_server
from generation.backends.client import QueueClient
from generation.ports import BackendClip
from generation.protocol.clock import SystemClock
from generation.protocol.errors import BackendUnavailable, ProtocolViolation
from generation.protocol.net_guard import send_to
from generation.protocol.proxies import Proxies

CLIP = BackendClip("http://cdn.test/files/a.mp4", 7)
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nclip"


def answering(seen: RawServer) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await seen.read_request(reader)
        writer.write(ANSWER)

    return handle


def a_public_backend(*addresses: str, proxy: str | None = None) -> QueueClient:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if not addresses:
            raise OSError("no such name")
        return addresses

    return QueueClient(
        "fal",
        "http://queue.fal.test",
        KEY,
        resubmits_safely=False,
        clock=SystemClock(),
        resolve=resolve,
        proxies=Proxies(http=proxy),
    )


@pytest.mark.parametrize("certified", ["cdn.test", "other.test"])
async def test_the_certificate_must_be_the_names_although_the_connection_goes_to_an_address(certified: str) -> None:
    authority, asked_for = trustme.CA(), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    seen = RawServer("")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(seen)(reader, writer)
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context) as server,
        httpx.AsyncClient(verify=trusted, trust_env=False) as client,
    ):
        port = server.sockets[0].getsockname()[1]
        request = client.build_request("GET", f"https://cdn.test:{port}/a.mp4")
        if certified == "cdn.test":
            response = await send_to(client, request, ["127.0.0.1"])
            assert await response.aread() == b"clip"
            assert f"\r\nhost: cdn.test:{port}\r\n".encode() in seen.requests[0].lower()
        else:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await send_to(client, request, ["127.0.0.1"])
    assert set(asked_for) == {"cdn.test"}


@pytest.mark.parametrize("addresses", [(), ("93.184.216.34",)])
async def test_a_proxy_gets_the_name_whether_it_can_be_resolved_here_or_not(
    tmp_path: Path, addresses: tuple[str, ...]
) -> None:
    async with raw_server(answering) as proxy, a_public_backend(*addresses, proxy=proxy.url) as backend:
        assert await backend.fetch(CLIP, tmp_path / "a.mp4", max_bytes=100) == 4
    assert proxy.requests[0].startswith(b"GET http://cdn.test/files/a.mp4 HTTP/1.1\r\n")
    assert b"authorization" not in proxy.requests[0].lower()


async def test_a_private_address_is_refused_behind_a_proxy_too(tmp_path: Path) -> None:
    async with raw_server(answering) as proxy, a_public_backend("10.0.0.1", proxy=proxy.url) as backend:
        with pytest.raises(ProtocolViolation, match="address is refused"):
            await backend.fetch(CLIP, tmp_path / "a.mp4", max_bytes=100)
    assert proxy.connections == 0


async def test_without_a_proxy_a_name_that_cannot_be_resolved_may_get_an_address_later(tmp_path: Path) -> None:
    async with a_public_backend() as backend:
        with pytest.raises(BackendUnavailable, match="no address"):
            await backend.fetch(CLIP, tmp_path / "a.mp4", max_bytes=100)
