"""Addresses that strangers name: bot and worker judge each one alike, and no name is resolved twice."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from doubles.backends.queue_backend import FAL, KEY
from doubles.clock import AutoClock
from generation.backends.client import QueueClient
from generation.ports import BackendClip
from generation.protocol.errors import BackendUnavailable, ProtocolViolation
from generation.protocol.net_guard import (
    AddressRefused,
    NetGuard,
    Resolver,
    is_public,
    resolve_by_system,
    send_to,
)
from worker.webhooks.client import Undelivered, WebhookClient

REFUSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "unspecified": ["0.0.0.0", "::"],
    "this network": ["0.1.2.3"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "::ffff:0:7f00:1"],
    "documentation and benchmarks": ["192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"],
    "discard only": ["100::1"],
    "unique local": ["fc00::1", "fd00::1", "fd12:3456:789a::1"],
    "site-local": ["fec0::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254"],
    "IPv4-compatible": ["::127.0.0.1", "::10.0.0.1", "::93.184.216.34"],
    "6to4": ["2002:7f00:1::", "2002:0a00:0001::1", "2002:a9fe:a9fe::", "2002:c0a8:101::"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe"],
    "NAT64 of a network's own": ["64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::5db8:d822"],
    "no address": ["", "not an address", "127.1", "1.2.3.4.5"],
}
PUBLIC = [
    *("93.184.216.34", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1"),
    *("2606:2800:220:1:248:1893:25c8:1946", "2a00::1"),
    *("::ffff:93.184.216.34", "2002:5db8:d822::1", "64:ff9b::5db8:d822"),
]

SendFunction = Callable[[Resolver, httpx.MockTransport, str], Awaitable[None]]


class Network:
    """Stands for the internet: remembers the URL, the Host header and the TLS name of each request."""

    def __init__(self, *down: str) -> None:
        self._down = down
        self.requests: list[tuple[str, str, str]] = []
        self.connect_seconds: list[float] = []

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.connect_seconds.append(request.extensions["timeout"]["connect"])
        if request.url.host in self._down:
            raise httpx.ConnectError("refused")
        self.requests.append((str(request.url), request.headers["host"], request.extensions["sni_hostname"]))
        return httpx.Response(200, content=b"clip")


async def fetch_a_clip(resolve: Resolver, transport: httpx.MockTransport, url: str) -> None:
    """As the bot fetches the clip that a backend names. Raises AddressRefused for what it refuses."""
    async with QueueClient(
        "fal", FAL, KEY, resubmits_safely=False, clock=AutoClock(), transport=transport, resolve=resolve
    ) as backend:
        try:
            await backend.fetch(BackendClip(url), Path("/dev/null/never"), max_bytes=1)
        except ProtocolViolation as error:
            if isinstance(error.__cause__, AddressRefused):
                raise error.__cause__ from None
            if "more than the 1 allowed" not in str(error):  # what an answered request ends with here
                raise


async def call_a_webhook(resolve: Resolver, transport: httpx.MockTransport, url: str) -> None:
    """As the worker calls the webhook that a caller names."""
    async with WebhookClient(to_private=False, resolve=resolve, transport=transport) as client:
        await client.post(url, b"{}", {}, seconds=5)


both_sides = pytest.mark.parametrize("send", [fetch_a_clip, call_a_webhook])


def resolving(*addresses: str) -> Resolver:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@both_sides
@pytest.mark.parametrize(
    ("kind", "address"), [(kind, address) for kind, addresses in REFUSED.items() for address in addresses]
)
async def test_an_address_that_is_not_public_is_refused_by_both_sides(
    send: SendFunction, kind: str, address: str
) -> None:
    assert not is_public(address), kind
    network = Network()
    for found in ([address], ["93.184.216.34", address]):
        with pytest.raises(AddressRefused, match="private address"):
            await send(resolving(*found), network.transport, "https://rebind.test/x.mp4")
    assert network.requests == []


@both_sides
@pytest.mark.parametrize("host", ["[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:7f00:1]", "[::1]", "127.0.0.1"])
async def test_an_address_in_the_url_itself_needs_no_resolver_to_be_refused(send: SendFunction, host: str) -> None:
    network = Network()
    with pytest.raises(AddressRefused, match="private address"):
        await send(resolving("93.184.216.34"), network.transport, f"https://{host}/x.mp4")
    assert network.requests == []


@both_sides
@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_connected_to_under_its_name(send: SendFunction, address: str) -> None:
    assert is_public(address)
    network = Network()
    await send(resolving(address), network.transport, "https://cdn.test:8443/x.mp4")
    host = f"[{address}]" if ":" in address else address
    assert network.requests == [(f"https://{host}:8443/x.mp4", "cdn.test:8443", "cdn.test")]


@both_sides
async def test_a_name_that_leads_elsewhere_the_second_time_is_resolved_once(send: SendFunction) -> None:
    asked: list[tuple[str, int]] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    network = Network()
    await send(rebinding, network.transport, "https://rebind.test/x.mp4")
    assert asked == [("rebind.test", 443)]
    assert network.requests == [("https://93.184.216.34/x.mp4", "rebind.test", "rebind.test")]


@both_sides
async def test_a_name_that_has_no_address_at_first_is_not_looked_up_by_the_connection(send: SendFunction) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        if len(asked) == 1:
            raise OSError("no such name")
        return ["127.0.0.1"]

    network = Network()
    with pytest.raises((BackendUnavailable, Undelivered), match="no address"):
        await send(rebinding, network.transport, "https://rebind.test/x.mp4")
    assert (asked, network.requests) == (["rebind.test"], [])


@both_sides
async def test_where_the_first_address_takes_no_connection_the_next_one_is_tried(send: SendFunction) -> None:
    network = Network("2606:2800:220:1::1")
    await send(resolving("2606:2800:220:1::1", "93.184.216.34"), network.transport, "https://cdn.test/")
    assert network.requests == [("https://93.184.216.34/", "cdn.test", "cdn.test")]
    assert network.connect_seconds == [2.0, 10.0 if send is fetch_a_clip else 5.0]


@both_sides
async def test_where_no_address_takes_a_connection_the_last_failure_counts(send: SendFunction) -> None:
    network = Network("93.184.216.34", "93.184.216.35")
    with pytest.raises((BackendUnavailable, Undelivered), match="refused"):
        await send(resolving("93.184.216.34", "93.184.216.35"), network.transport, "https://cdn.test/")
    assert len(network.connect_seconds) == 2


async def test_private_addresses_may_be_allowed_and_are_connected_to_as_resolved() -> None:
    network = Network()
    async with WebhookClient(to_private=True, resolve=resolving("10.0.0.1"), transport=network.transport) as client:
        await client.post("http://receiver.lan/hook", b"{}", {}, seconds=5)
    assert network.requests == [("http://10.0.0.1/hook", "receiver.lan", "receiver.lan")]


async def test_a_host_is_judged_by_all_its_addresses_and_each_is_listed_once() -> None:
    guard = NetGuard(resolving("93.184.216.34", "2a00::1", "93.184.216.34"))
    assert await guard.judge("cdn.test", 443) == ("93.184.216.34", "2a00::1")
    with pytest.raises(OSError, match="no address"):
        await NetGuard(resolving()).judge("cdn.test", 443)


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", "no-such-name.invalid"])
async def test_a_name_that_cannot_be_resolved_is_an_os_error(name: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the resolver's words differ from system to system
        await resolve_by_system(name, 443)


async def test_a_time_out_that_was_not_set_is_not_needed() -> None:
    network = httpx.MockTransport(lambda request: httpx.Response(200, json=request.extensions["timeout"]))
    async with httpx.AsyncClient(transport=network) as client:
        request = httpx.Request("GET", "https://cdn.test/")
        response = await send_to(client, request, ["93.184.216.34", "93.184.216.35"])
        assert await response.aread() == b'{"connect":2.0}'
