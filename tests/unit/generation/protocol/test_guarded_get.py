"""A file is read from public addresses only, whatever leads there, and only so much of it."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from generation.protocol.inputs.guarded_get import FetchFailed, FileTooLarge, GuardedFetcher
from generation.protocol.net_guard import AddressRefused

PUBLIC = {"files.example": "93.184.216.34", "inside.example": "10.0.0.7", "v6.example": "::ffff:127.0.0.1"}


async def resolve(host: str, _port: int) -> Sequence[str]:
    if host not in PUBLIC:
        raise OSError("no such host")
    return [PUBLIC[host]]


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 1000


async def streamed(data: bytes) -> AsyncIterator[bytes]:
    yield data


ANSWERS = {
    "/again": httpx.Response(302, headers={"location": "/a.png"}),
    "/inside": httpx.Response(302, headers={"location": "http://inside.example/a.png"}),
    "/metadata": httpx.Response(307, headers={"location": "http://169.254.169.254/latest"}),
    "/script": httpx.Response(302, headers={"location": "file:///etc/passwd"}),
    "/loop": httpx.Response(302, headers={"location": "/loop"}),
    "/odd": httpx.Response(302, headers={"location": "https://xn--a.example/"}),
    "/gone": httpx.Response(404),
    "/large": httpx.Response(200, headers={"content-length": "5000"}, content=b"x" * 5000),
}


def answer(request: httpx.Request) -> httpx.Response:
    assert request.headers["host"] == "files.example"
    assert request.headers["accept-encoding"] == "identity"
    if request.url.path == "/endless":
        return httpx.Response(200, content=endless())
    if request.url.path == "/a.png":
        return httpx.Response(200, content=streamed(b"a picture"))
    return ANSWERS[request.url.path]


async def get(url: str) -> bytes:
    async with GuardedFetcher(resolve=resolve, transport=httpx.MockTransport(answer)) as fetcher:
        return await fetcher.get(url, most=4000)


@pytest.mark.parametrize("path", ["a.png", "again"])
async def test_a_file_is_read_also_over_a_redirect(path: str) -> None:
    assert await get(f"https://files.example/{path}") == b"a picture"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://inside.example/a.png", AddressRefused),
        ("http://v6.example/a.png", AddressRefused),
        ("http://127.0.0.1/a.png", AddressRefused),
        ("http://[::1]/a.png", AddressRefused),
        ("https://files.example/inside", AddressRefused),
        ("https://files.example/metadata", AddressRefused),
        ("https://files.example/script", AddressRefused),
        ("https://user:pass@files.example/a.png", AddressRefused),
        ("ftp://files.example/a.png", AddressRefused),
        ("nonsense", AddressRefused),
        ("https://xn--a.example/", AddressRefused),
        ("https://files.example/odd", FetchFailed),
        ("https://files.example/loop", FetchFailed),
        ("https://files.example/gone", FetchFailed),
        ("https://nowhere.example/a.png", FetchFailed),
        ("https://files.example/large", FileTooLarge),
        ("https://files.example/endless", FileTooLarge),
    ],
)
async def test_what_is_not_to_be_read_is_not(url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        await get(url)
    assert "files.example/" not in str(caught.value)
