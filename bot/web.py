"""Runs the web app inside our own loop, and leaves signals to us."""

import contextlib
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute


class WebServer(uvicorn.Server):
    """A uvicorn that does not touch the process's signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever composes the process."""
        yield

    @property
    def port(self) -> int:
        """Where it listens, once it has started: the one asked for, or what the system chose for 0."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def web_server(routes: Sequence[BaseRoute], host: str, port: int) -> WebServer:
    """A server for these routes; runs with ``serve()``, stops when ``should_exit`` is set."""
    config = uvicorn.Config(
        Starlette(routes=list(routes)),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return WebServer(config)
