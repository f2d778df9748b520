"""Which URLs we fetch clips from, and which server may see the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.backends.urls import BaseUrl, ClipRules, HttpUrl
from generation.protocol.net_guard import AddressRefused, NetGuard


def rules(base: str = "https://queue.fal.test", *addresses: str, own_worker: bool = False) -> ClipRules:
    async def resolve(host: str, port: int) -> list[str]:
        if addresses == ("unknown",):
            raise OSError("no such name")
        return list(addresses)

    return ClipRules(BaseUrl.parse(base), own_worker, NetGuard(resolve))


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://v3.fal.media/files/a/b.mp4", ("https", "v3.fal.media", 443, "/files/a/b.mp4")),
        ("https://v3.fal.media", ("https", "v3.fal.media", 443, "/")),
        ("HTTPS://V3.Fal.Media:443/A?x=%20&y=[1]#frag", ("https", "v3.fal.media", 443, "/A?x=%20&y=[1]")),
        ("http://127.0.0.1:8191/files/a.mp4", ("http", "127.0.0.1", 8191, "/files/a.mp4")),
        ("http://[::1]:8191/a", ("http", "[::1]", 8191, "/a")),
        ("http://my_worker:80/a", ("http", "my_worker", 80, "/a")),
    ],
)
def test_a_url_is_read_into_parts(url, parts):
    address = HttpUrl.parse(url)
    assert (address.scheme, address.host, address.port, address.rest) == parts
    assert HttpUrl.parse(str(address)) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.mp4",
        "/files/a.mp4",
        "//host/a.mp4",
        "file:///etc/passwd",
        "ftp://host/a",
        "data:video/mp4;base64,AAAA",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://:443/a",
        "https://user@host/a",
        "https://user:pw@host/a",
        "https://good.test\\@evil.test/a",
        "https://good.test\t.evil.test/a",
        "https://good.test /a",
        "https://good.test\n/a",
        "https://göod.test/a",
        "https://good.test:0/a",
        "https://good.test:65536/a",
        "https://good.test:x/a",
        "https://good%2etest/a",
        "https://-good.test/a",
        "https://good.test./a",
        "https://[::1/a",
        "https://[v1.x]/a",
        "https://0177.0.0.1/a",
        "https://010.8.8.8/a",
        "https://999.1.1.1/a",
        "https://host/" + "a" * 5000,
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(url):
    with pytest.raises(AddressRefused):
        HttpUrl.parse(url)


@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,30}/.{0,10}", fullmatch=True))
def test_every_text_is_a_url_or_refused(url):
    try:
        address = HttpUrl.parse(url)
    except AddressRefused:
        return
    assert HttpUrl.parse(str(address)) == address


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://cdn.test/b.mp4", "https://cdn.test/b.mp4"),
        ("/b.mp4?x=1", "https://a.test/b.mp4?x=1"),
        ("c.mp4", "https://a.test/files/c.mp4"),
        ("//cdn.test/b.mp4", "https://cdn.test/b.mp4"),
    ],
)
def test_a_redirect_may_be_relative(location, target):
    assert str(HttpUrl.parse("https://a.test/files/a.mp4").redirected(location)) == target


@pytest.mark.parametrize("location", ["file:///etc/passwd", "https://user@cdn.test/", "https://[::1", "", "/a\tb"])
def test_a_redirect_keeps_to_the_rules_of_urls(location):
    with pytest.raises(AddressRefused):
        HttpUrl.parse("https://a.test/files/a.mp4").redirected(location)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "10.0.0.5",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "not an address"),
    ],
)
async def test_a_public_backend_cannot_send_us_into_our_own_network(address):
    target = HttpUrl.parse("https://rebind.test/a.mp4")
    with pytest.raises(AddressRefused, match="private"):
        await rules("https://queue.fal.test", address).check(target)
    with pytest.raises(AddressRefused, match="private"):
        await rules("https://queue.fal.test", "93.184.216.34", address).check(target)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "[::1]", "[::ffff:7f00:1]", "localhost"]
)
async def test_no_notation_of_this_machine_is_accepted(host):
    here = ClipRules(BaseUrl.parse("https://queue.fal.test"), False, NetGuard())
    with pytest.raises(AddressRefused, match="private"):
        await here.check(HttpUrl.parse(f"https://{host}/a.mp4"))


async def test_public_addresses_are_fine():
    await rules("https://queue.fal.test", "93.184.216.34", "2606:2800:220:1::1").check(
        HttpUrl.parse("https://cdn.test/a")
    )


async def test_a_name_that_only_a_proxy_can_resolve_is_left_to_it():
    await rules("https://queue.fal.test", "unknown").check(HttpUrl.parse("https://cdn.test/a"))


async def test_from_an_https_backend_only_https_clips():
    with pytest.raises(AddressRefused, match="https"):
        await rules("https://queue.fal.test", "93.184.216.34").check(HttpUrl.parse("http://cdn.test/a"))


@pytest.mark.parametrize(
    "base",
    [
        *("http://127.0.0.1:8191", "http://localhost:8191", "http://[::1]:8191", "http://192.168.1.20:8191"),
        *("http://100.101.102.103:8191", "http://gpu:8191", "http://gpu.local", "http://gpu.internal"),
    ],
)
async def test_a_private_backend_may_point_to_its_own_network(base):
    await rules(base, "192.168.1.9").check(HttpUrl.parse("http://192.168.1.9:9000/bucket/a.mp4"))


@pytest.mark.parametrize(
    ("base", "url", "fetched"),
    [
        ("https://gpu.test", "http://127.0.0.1:8191/files/a.mp4", "https://gpu.test/files/a.mp4"),
        ("https://gpu.test/q/", "http://127.0.0.1:8191/files/a.mp4?t=1", "https://gpu.test/q/files/a.mp4?t=1"),
        ("https://gpu.test/q", "https://gpu.test/q/files/a.mp4", "https://gpu.test/q/files/a.mp4"),
        ("https://gpu.test", "https://s3.test/bucket/a.mp4", "https://s3.test/bucket/a.mp4"),
        ("https://gpu.test", "http://127.0.0.1:8191/files/../requests", "http://127.0.0.1:8191/files/../requests"),
    ],
)
def test_our_workers_files_are_fetched_from_the_configured_address(base, url, fetched):
    assert str(rules(base, own_worker=True).url_of(url)) == fetched


def test_another_backends_files_are_where_it_says():
    url = "https://v3.fal.media/files/a.mp4"
    assert str(rules().url_of(url)) == url


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://queue.fal.test/files/a.mp4", True),
        ("https://queue.fal.test:443/x", True),
        ("https://queue.fal.test:444/x", False),
        ("http://queue.fal.test/x", False),
        ("https://queue.fal.test.evil.test/x", False),
        ("https://v3.fal.media/x", False),
    ],
)
def test_the_key_is_sent_to_the_backends_own_origin_only(url, sent):
    assert rules().sends_key_to(HttpUrl.parse(url)) is sent
