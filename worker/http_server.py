"""uvicorn under our own signals, guarded against callers who never finish what they began to say."""

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
"""How long a connection may take to say what it wants."""
MAX_HEAD: Final = 64 * 1024
GRACE_SECONDS: Final = 1
KEEP_ALIVE_SECONDS: Final = 30
"""A clip takes longer than uvicorn's five seconds; callers who wait for one need not connect anew for its result."""


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration, and how patient its :class:`GuardedProtocol` is."""

    head_seconds = HEAD_SECONDS


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are too long, or never come to an end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there; the clock runs."""
        super().connection_made(transport)
        self._head_seconds = self.config.head_seconds if isinstance(self.config, GuardedConfig) else HEAD_SECONDS
        self._head_bytes = 0
        self._in_head = True
        self._alarm: asyncio.TimerHandle | None = None
        self._set_alarm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._stop_alarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Another request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True
        self._set_alarm()

    def on_headers_complete(self) -> None:
        """The head is complete; bodies are guarded by whoever reads them."""
        self._in_head = False
        self._stop_alarm()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while the head is not complete."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.transport.close()

    def _set_alarm(self) -> None:
        self._stop_alarm()
        self._alarm = self.loop.call_later(self._head_seconds, self.transport.close)

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class HttpServer(uvicorn.Server):
    """Serves an app on a socket until ``should_exit``; signals are somebody else's business.

    Raises OSError when the settings' certificate is of no use.
    """

    def __init__(self, app: ASGIApp, settings: WorkerSettings, *, head_seconds: float = HEAD_SECONDS) -> None:
        super().__init__(_config(app, settings, head_seconds))
        self.up = asyncio.Event()
        try:
            self.config.load()
        except OSError as error:
            raise OSError(f"{settings.ssl_certfile} is no certificate with its key: {error}") from error

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving; ``up`` is set once callers are let in."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


def _config(app: ASGIApp, settings: WorkerSettings, head_seconds: float) -> GuardedConfig:
    config = GuardedConfig(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
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
