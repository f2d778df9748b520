"""Runs the web app inside the process's own event loop, without uvicorn's signal handlers."""

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.exit_codes import OperatorFault

_ADVICE: Final = {
    errno.EADDRINUSE: ("another program has it", "FLIPBOOK_WEB_PORT"),
    errno.EACCES: ("only root may use ports below 1024", "FLIPBOOK_WEB_PORT"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "FLIPBOOK_WEB_HOST"),
    socket.EAI_NONAME: ("there is no such name", "FLIPBOOK_WEB_HOST"),
}


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

    Raises OperatorFault. uvicorn itself would end the whole process where an address cannot be
    used, in the middle of its start.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        why, what = _ADVICE.get(error.errno or 0, (str(error.strerror), "FLIPBOOK_WEB_HOST"))
        raise OperatorFault(
            f"The web address {host} port {port} cannot be used: {why}. Set {what} to another."
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
