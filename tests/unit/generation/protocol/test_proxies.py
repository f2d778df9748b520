"""Every form of the proxy variables that people have either works or is one sentence, and this machine is never asked
for through a proxy."""

import pytest

from generation.protocol.proxies import Proxies, ProxyUnusable

CDN = "https://cdn.test/x.mp4"
PROXY = "http://proxy.test:3128"


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("http://proxy.test:3128", PROXY),
        ("HTTP://Proxy.Test:3128/", PROXY),
        ("proxy.test:3128", PROXY),
        ('"http://proxy.test:3128"', PROXY),
        (" 'http://proxy.test:3128'\n", PROXY),
        ("http://proxy.test", "http://proxy.test:80"),
        ("https://proxy.test", "https://proxy.test:443"),
        ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
        ("http://me:pa%23ss@proxy.test:3128", "http://me:pa%23ss@proxy.test:3128"),
        ("http://me:p@ss@proxy.test:3128", "http://me:p%40ss@proxy.test:3128"),
        ("me:secret@proxy.test:3128", "http://me:secret@proxy.test:3128"),
        ("socks5://127.0.0.1:9", "socks5://127.0.0.1:9"),
        ("socks5h://proxy.test", "socks5h://proxy.test:1080"),
        ("socks://proxy.test:1080/", "socks5h://proxy.test:1080"),
    ],
)
def test_a_proxy_is_read_as_curl_reads_it(value: str | None, proxy: str | None) -> None:
    assert Proxies(https=value).for_url(CDN) == proxy
    assert Proxies(fallback=value).for_url(CDN) == proxy
    assert Proxies(https=value).wrong() == []


@pytest.mark.parametrize(
    "value",
    [
        "socks4://proxy.test:1080",
        "socks4a://proxy.test",
        "ftp://proxy.test",
        "quic://proxy.test:443",
        "http://me:hunter2@proxy.test:port",
        "http://me:hunter2#x@proxy.test:3128",
        "http://me:hunter2/x@proxy.test:3128",
        "http://me:hunter2@proxy.test:99999",
        "http://[::1",
        "http://",
        "http://pro xy.test:3128",
        "://proxy.test:1",
        "hunter2://x@y://proxy.test",
    ],
)
def test_what_cannot_be_understood_is_one_sentence_without_the_password(value: str) -> None:
    proxies = Proxies(https=value)
    with pytest.raises(ProxyUnusable) as error:
        proxies.for_url(CDN)
    assert proxies.wrong() == [str(error.value)]
    assert str(error.value).startswith("HTTPS_PROXY")
    assert "hunter2" not in str(error.value)
    assert proxies.for_url("http://127.0.0.1:8191") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8191",
        "http://LOCALHOST.:8191",
        "http://bot.localhost",
        "http://127.0.0.1:8191",
        "https://127.8.9.1",
        "http://[::1]:8191",
        "http://[::ffff:127.0.0.1]:8191",
        "http://0.0.0.0:8191",
        "ws://127.0.0.1:1/link",
    ],
)
@pytest.mark.parametrize("value", [PROXY, "socks5://127.0.0.1:9", "nonsense://x"])
def test_this_machine_is_reached_without_any_proxy(url: str, value: str) -> None:
    assert Proxies(value, value, value).for_url(url) is None


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", CDN, True),
        ("a.test,*", CDN, True),
        ("cdn.test", CDN, True),
        ("CDN.test.", CDN, True),
        (".test", CDN, True),
        ("*.test", CDN, True),
        ("test", CDN, True),
        ("other.test", CDN, False),
        ("n.test", CDN, False),
        ("x.test y.test\tcdn.test", CDN, True),
        ("cdn.test:443", CDN, True),
        ("cdn.test:8443", CDN, False),
        ("https://cdn.test", CDN, True),
        ("[::1]", CDN, False),
        ("::1,[fe80::1]:80,10.0.0.0/99", CDN, False),
        ("10.0.0.0/8", "http://10.1.2.3:9000/x", True),
        ("10.0.0.1/8", "http://10.1.2.3:9000/x", True),
        ("10.0.0.0/8", "http://11.1.2.3:9000/x", False),
        ("10.1.2.3", "http://10.1.2.3:9000/x", True),
        ("10.1.2.3:9000", "http://10.1.2.3:9000/x", True),
        ("2001:db8::/32", "http://[2001:db8::7]:9000/x", True),
        ("[2001:db8::7]", "http://[2001:db8:0::7]:9000/x", True),
        ("", CDN, False),
        (",, ,", CDN, False),
    ],
)
def test_exceptions_are_names_networks_and_ports(exceptions: str, url: str, direct: bool) -> None:
    assert Proxies(PROXY, PROXY, exceptions=exceptions).for_url(url) == (None if direct else PROXY)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://a.test", "http://one.test:80"),
        ("ws://a.test", "http://one.test:80"),
        ("https://a.test", "http://two.test:80"),
        ("wss://a.test", "http://two.test:80"),
    ],
)
def test_the_addresss_own_variable_wins(url: str, proxy: str) -> None:
    assert Proxies("one.test", "two.test", "three.test").for_url(url) == proxy
    assert Proxies(fallback="three.test").for_url(url) == "http://three.test:80"
