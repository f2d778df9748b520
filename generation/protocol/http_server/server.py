"""uvicorn without its signal handlers, and with guarded connections."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from generation.protocol.http_server.connections import ConnectionTable
from generation.protocol.http_server.limits import (
    DEFAULT_LIMITS,
    MAX_CONNECTIONS,
    ServerLimits,
    connections_for_open_files,
    raise_file_limit,
)
from generation.protocol.http_server.listener import BACKLOG
from generation.protocol.http_server.protocol import GuardedConfig, GuardedProtocol
from generation.protocol.http_server.quiet import quiet_log

_ACCEPTED_AT_ONCE: Final = 32
"""Connections that are accepted before the first of them is looked at."""


class HttpServer(uvicorn.Server):
    """Serves an app on a socket until ``should_exit``; it leaves signals to the process.

    Raises OSError when the certificate cannot be used.
    """

    config: GuardedConfig

    def __init__(
        self,
        app: ASGIApp,
        limits: ServerLimits = DEFAULT_LIMITS,
        *,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        super().__init__(_config(app, limits, certificate, private_key))
        self.up = asyncio.Event()
        try:
            # loaded now, so that a bad certificate ends the start and not the first connection
            self.config.load()
        except OSError as error:
            raise OSError(f"{certificate} is no certificate with its key: {error}") from error

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on these sockets."""
        with quiet_log():
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving; ``up`` is set once connections are accepted."""
        raise_file_limit()
        if self.config.limits.connections is None:
            self.config.connections.most = connections_for_open_files()
        await super().startup(sockets)
        for listener in sockets or ():
            # asyncio accepts as many in a row as the backlog it is given, past any bound of ours;
            # the system's own queue may be longer
            listener.listen(BACKLOG)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers as they are."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on, once it has started."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def _config(
    app: ASGIApp, limits: ServerLimits, certificate: Path | None, private_key: Path | None
) -> GuardedConfig:
    tls: dict[str, Any] = {}
    if certificate is not None:
        tls = {"ssl_certfile": certificate, "ssl_keyfile": private_key}
    config = GuardedConfig(
        app,
        http=GuardedProtocol,
        ws="none",
        # the process opens and closes the app's parts
        lifespan="off",
        # the process has configured logging
        log_config=None,
        log_level="warning",
        # paths of clips are secrets
        access_log=False,
        server_header=False,
        # any caller could forge these headers
        proxy_headers=False,
        backlog=_ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=limits.grace_seconds,
        timeout_keep_alive=limits.keep_alive_seconds,
        **tls,
    )
    config.limits = limits
    config.connections = ConnectionTable(limits.connections or MAX_CONNECTIONS)
    return config
