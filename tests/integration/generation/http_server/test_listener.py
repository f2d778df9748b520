"""A port that is still held by a process which is about to end."""

import errno
import socket

import pytest

from bot.exit_codes import OperatorFault
from bot.web import open_listener
from generation.protocol.http_server.listener import listening_socket


class Waiting:
    """A clock whose pauses pass at once; after some of them the port is free."""

    def __init__(self, holder: socket.socket | None, pauses: int) -> None:
        self.now = 0.0
        self._holder = holder
        self._pauses = pauses

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._pauses -= 1
        if self._pauses == 0 and self._holder is not None:
            self._holder.close()


@pytest.fixture
def held() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.mark.parametrize("pauses", [1, 20, 90])
def test_a_port_that_becomes_free_in_time_is_waited_for(held: socket.socket, pauses: int) -> None:
    waiting, port = Waiting(held, pauses), held.getsockname()[1]
    with listening_socket("127.0.0.1", port, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep) as listener:
        assert listener.getsockname()[1] == port
    assert waiting.now < 5


def test_a_port_that_stays_in_use_is_named(held: socket.socket) -> None:
    waiting, port = Waiting(held, 1000), held.getsockname()[1]
    with (
        held,
        pytest.raises(OSError, match=rf"127\.0\.0\.1 port {port} cannot be used: Address already in use") as found,
    ):
        listening_socket("127.0.0.1", port, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep)
    assert found.value.errno == errno.EADDRINUSE
    assert waiting.now == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "." * 3, "ü" * 64, "fe80::1%nowhere"])
def test_a_name_that_cannot_be_one_is_named_and_is_the_operators_to_change(host: str) -> None:
    with pytest.raises(OSError, match="port 0 cannot be used") as found:
        listening_socket(host, 0)
    assert str(found.value.strerror).startswith(host)
    with pytest.raises(OperatorFault, match=r"Set FLIPBOOK_WEB_HOST to another\.$"):
        open_listener(host, 0)


def test_an_address_of_no_machine_is_not_waited_for() -> None:
    waiting = Waiting(None, 1000)
    with pytest.raises(OSError, match=r"192\.0\.2\.1 port 0 cannot be used"):
        listening_socket("192.0.2.1", 0, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep)
    assert waiting.now == 0
