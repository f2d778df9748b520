"""The socket that the worker listens on, and what it refuses to listen with."""

import asyncio
import socket
from pathlib import Path

import pytest
import trustme
from starlette.applications import Starlette

from worker.api.server import http_server
from worker.process.listener import listen
from workers import worker_settings


async def test_answers_are_sent_without_waiting_for_the_callers_acknowledgement(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    with listen(worker_settings(tmp_path)) as listener:
        listener.setblocking(False)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = await loop.sock_accept(listener)
    with accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("text", [None, "not a certificate"])
def test_what_is_no_certificate_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "cert.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OSError, match=r"cert\.pem is no certificate with its key: "):
        http_server(Starlette(), worker_settings(tmp_path, ssl_certfile=path))


def test_a_certificate_and_its_key_may_lie_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(path)
    assert http_server(Starlette(), worker_settings(tmp_path, ssl_certfile=path)).config.is_ssl
