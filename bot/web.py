"""Runs the web app inside the process's own event loop, without uvicorn's signal handlers."""

import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute


class WebServer(uvicorn.Server):
    """A uvicorn that does not touch the process's signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: the process handles signals itself."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on, once it has started: the one asked for, or the system's choice
        for 0."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket at that address, port 0 for any free one; the caller closes it.

    Raises OSError. uvicorn itself would end the whole process where an address cannot be used, in
    the middle of its start.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    try:
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        raise OSError(
            error.errno, f"{host} port {port} cannot be used: {error.strerror}"
        ) from error


def web_server(routes: Sequence[BaseRoute]) -> WebServer:
    """A server for these routes; runs with ``serve([socket])``, stops when ``should_exit`` is
    set."""
    config = uvicorn.Config(
        Starlette(routes=list(routes)),
        log_config=None,  # uvicorn would replace our logging
        access_log=False,  # paths of clips are secrets
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=3,  # a slow download must not use up the time to stop
    )
    return WebServer(config)
