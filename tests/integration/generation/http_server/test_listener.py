"""A port that is still held by a process which is about to end."""

import errno
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.commands.doctor.machine import web
from bot.exit_codes import OperatorFault
from bot.settings import load_settings
from bot.web import open_listener
from generation.diagnostics import Grade
from generation.protocol.http_server.listener import listening_socket
from worker.process.listener import listen
from workers import worker_settings


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


def listens() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def listens_everywhere() -> socket.socket:
    return socket.create_server(("", 0))


def is_bound_and_does_not_listen() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def lets_others_share_it() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), reuse_port=True)


def has_callers_that_nobody_takes() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    with socket.create_connection(listener.getsockname()):
        return listener


Holder = Callable[[], socket.socket]
HOLDERS = [
    listens,
    listens_everywhere,
    is_bound_and_does_not_listen,
    lets_others_share_it,
    has_callers_that_nobody_takes,
]


@pytest.mark.parametrize("pauses", [1, 20, 90])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_port_that_becomes_free_in_time_is_waited_for(holder: Holder, pauses: int) -> None:
    held = holder()
    waiting, port = Waiting(held, pauses), held.getsockname()[1]
    with listening_socket("127.0.0.1", port, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep) as listener:
        assert listener.getsockname()[1] == port
    assert waiting.now < 5


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_port_that_stays_in_use_is_named(holder: Holder) -> None:
    held = holder()
    waiting, port = Waiting(held, 1000), held.getsockname()[1]
    with (
        held,
        pytest.raises(OSError, match=rf"127\.0\.0\.1 port {port} cannot be used: Address already in use") as found,
    ):
        listening_socket("127.0.0.1", port, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep)
    assert found.value.errno == errno.EADDRINUSE
    assert waiting.now == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("holder", HOLDERS)
async def test_every_way_to_a_port_says_which_is_in_use(holder: Holder, tmp_path: Path) -> None:
    with holder() as held:
        port = held.getsockname()[1]
        named = rf"127\.0\.0\.1 port {port} cannot be used"
        with pytest.raises(OSError, match=named):
            listen(worker_settings(tmp_path, port=port), wait_seconds=0)
        with pytest.raises(OperatorFault, match=rf"{named}: another program has it\. Set FLIPBOOK_WEB_PORT"):
            open_listener("127.0.0.1", port)
        (finding,) = await web(load_settings(data_dir=tmp_path, web_port=port))
    assert (finding.grade, finding.what) == (Grade.BAD, "web")
    assert finding.detail.endswith("another program has it. Set FLIPBOOK_WEB_PORT to another.")


def test_what_a_closed_connection_leaves_behind_holds_no_port() -> None:
    with listens() as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(listener.getsockname()) as caller:
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first keeps the address for a minute
            caller.recv(1)
    waiting = Waiting(None, 1000)
    with listening_socket("127.0.0.1", port, wait_seconds=5, clock=waiting.clock, sleep=waiting.sleep):
        assert waiting.now == 0


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
