"""Where the worker's webhooks may go, and where not."""

import asyncio

import httpx
import pytest

from generation.protocol.net_guard import AddressRefused
from worker.webhooks.client import Undelivered, WebhookClient


def resolving(*addresses: str):
    async def resolve(host: str, port: int) -> tuple[str, ...]:
        if not addresses:
            raise OSError("no such name")
        return addresses

    return resolve


class Network:
    """Stands for the internet: remembers what reached it."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[httpx.Request] = []

    def transport(self) -> httpx.MockTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return httpx.Response(self.status, headers={"location": "http://127.0.0.1/"}, text="x" * 10_000)

        return httpx.MockTransport(handle)


async def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    network = Network(204)
    async with WebhookClient(
        to_private=False, resolve=resolving("93.184.216.34"), transport=network.transport()
    ) as client:
        code = await client.post("https://example.org:8443/hook?x=1", b"{}", {"x-a": "b"}, seconds=5)
    (request,) = network.requests
    assert (code, str(request.url), request.headers["host"]) == (
        204,
        "https://93.184.216.34:8443/hook?x=1",
        "example.org:8443",
    )
    assert (request.extensions["sni_hostname"], request.content, request.headers["x-a"]) == ("example.org", b"{}", "b")


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("93.184.216.34", "127.0.0.1"), ("::1",)])
async def test_a_name_that_leads_inside_is_never_called_unless_that_is_allowed(addresses: tuple[str, ...]) -> None:
    network = Network()
    async with WebhookClient(to_private=False, resolve=resolving(*addresses), transport=network.transport()) as client:
        with pytest.raises(AddressRefused):
            await client.post("https://example.org/", b"", {}, seconds=5)
    assert network.requests == []
    async with WebhookClient(to_private=True, resolve=resolving(*addresses), transport=network.transport()) as client:
        assert await client.post("https://example.org/", b"", {}, seconds=5) == 200


async def test_a_redirect_is_not_followed() -> None:
    network = Network(302)
    async with WebhookClient(
        to_private=False, resolve=resolving("93.184.216.34"), transport=network.transport()
    ) as client:
        assert await client.post("http://example.org/", b"", {}, seconds=5) == 302
    assert len(network.requests) == 1


async def test_a_redirect_to_no_address_is_an_answer_that_failed() -> None:
    answer = httpx.Response(302, headers={"location": "https://xn--a.org/"})
    transport = httpx.MockTransport(lambda _: answer)
    async with WebhookClient(to_private=False, resolve=resolving("93.184.216.34"), transport=transport) as client:
        with pytest.raises(Undelivered):
            await client.post("http://example.org/", b"", {}, seconds=5)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "https://", "https://user:pw@example.org/", "https://[::1", "x", "https://xn--a.org/"]
)
async def test_what_is_no_address_is_never_called(url: str) -> None:
    async with WebhookClient(to_private=True, resolve=resolving("93.184.216.34")) as client:
        with pytest.raises(AddressRefused):
            await client.post(url, b"", {}, seconds=5)


async def test_a_name_without_an_address_may_get_one_later() -> None:
    async with WebhookClient(to_private=True, resolve=resolving()) as client:
        with pytest.raises(Undelivered):
            await client.post("https://example.org/", b"", {}, seconds=5)


async def test_no_receiver_is_waited_for_longer_than_the_time_limit() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    left = asyncio.Event()
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, WebhookClient(to_private=True) as client:
        with pytest.raises(Undelivered):
            await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, seconds=0.05)
        await left.wait()
