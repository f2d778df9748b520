"""uvicorn without its signal handlers, guarded against callers who never finish their request's
head."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from worker.settings import WorkerSettings

HEAD_SECONDS: Final = 10.0
"""How long a connection may take for a request line and headers."""
MAX_HEAD: Final = 64 * 1024  # bytes
GRACE_SECONDS: Final = 1
KEEP_ALIVE_SECONDS: Final = 30
"""More than uvicorn's five seconds: a caller who waits for a clip keeps its connection for the
result."""


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration, and the timeout of its :class:`GuardedProtocol`."""

    head_seconds = HEAD_SECONDS


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are too long, or take too long."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller has connected; the timeout starts."""
        super().connection_made(transport)
        # uvicorn makes protocols by itself, so the timeout comes with its configuration
        self._head_seconds = (
            self.config.head_seconds if isinstance(self.config, GuardedConfig) else HEAD_SECONDS
        )
        self._head_bytes = 0
        self._in_head = True
        self._timeout: asyncio.TimerHandle | None = None
        self._start_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._stop_timeout()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Another request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True
        self._start_timeout()

    def on_headers_complete(self) -> None:
        """The head is complete; handlers guard the body when they read it."""
        self._in_head = False
        self._stop_timeout()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count the bytes that arrive before the head is complete."""
        # parsed first: the bytes that complete a head do not count against it
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.transport.close()

    def _start_timeout(self) -> None:
        self._stop_timeout()
        self._timeout = self.loop.call_later(self._head_seconds, self.transport.close)

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None


class HttpServer(uvicorn.Server):
    """Serves an app on a socket until ``should_exit``; it leaves signals to the process.

    Raises OSError when the settings' certificate cannot be used.
    """

    def __init__(
        self, app: ASGIApp, settings: WorkerSettings, *, head_seconds: float = HEAD_SECONDS
    ) -> None:
        super().__init__(_config(app, settings, head_seconds))
        self.up = asyncio.Event()
        try:
            # loaded now, so that a bad certificate ends the start and not the first connection
            self.config.load()
        except OSError as error:
            raise OSError(
                f"{settings.ssl_certfile} is no certificate with its key: {error}"
            ) from error

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving; ``up`` is set once connections are accepted."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers as they are."""
        yield


def _config(app: ASGIApp, settings: WorkerSettings, head_seconds: float) -> GuardedConfig:
    config = GuardedConfig(
        app,
        http=GuardedProtocol,
        ws="none",
        # the process opens and closes the app's parts
        lifespan="off",
        # the process has configured logging
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # any caller could forge these headers
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        **_tls(settings),
    )
    config.head_seconds = head_seconds
    return config


def _tls(settings: WorkerSettings) -> dict[str, Any]:
    if settings.ssl_certfile is None:
        return {}
    return {"ssl_certfile": settings.ssl_certfile, "ssl_keyfile": settings.ssl_keyfile}
