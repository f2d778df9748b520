"""uvicorn's HTTP protocol, which closes connections of callers who take too long or send too
much."""

import asyncio
from enum import Enum, auto
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from generation.protocol.http_server.connections import ConnectionTable
from generation.protocol.http_server.limits import (
    BYTES_PER_SECOND,
    MAX_HEAD,
    MAX_PIPELINED,
    ServerLimits,
)


class GuardedConfig(uvicorn.Config):
    """uvicorn's configuration, with what its :class:`GuardedProtocol` needs: uvicorn makes
    protocols by itself."""

    limits: ServerLimits
    connections: ConnectionTable


class _Phase(Enum):
    """Whom a connection waits for."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    IDLE = auto()


class TooManyRequests(Exception):
    """A caller sends requests without waiting for answers."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection, with a deadline for each thing that its caller has to do."""

    config: GuardedConfig

    def __init__(self, config: GuardedConfig, **given: Any) -> None:  # Any: uvicorn's own business
        super().__init__(config, **given)
        self._limits, self._table = config.limits, config.connections
        self._phase = _Phase.IDLE
        self._began = 0.0
        self._bytes = 0
        self._has_ended_one = False
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller has connected; its first head is awaited."""
        super().connection_made(transport)
        self._table.opened(self)
        self._enter(_Phase.HEAD, self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._table.closed(self)
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes that arrive before the head is complete."""
        self._has_ended_one = False
        # parsed first: the bytes that complete a head do not count against it
        super().data_received(data)
        # nor does what came in one packet with the end of an earlier request: it may be its body
        if self._phase is _Phase.HEAD and not self._has_ended_one:
            self._bytes += len(data)
            if self._bytes > MAX_HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Another request begins."""
        super().on_message_begin()
        self._enter(_Phase.HEAD, self._limits.head_seconds)

    def on_headers_complete(self) -> None:
        """The head is complete. Raises TooManyRequests, which the parser makes a 400."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooManyRequests
        self._enter(_Phase.BODY, self._limits.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body; handlers bound its length."""
        self._bytes += len(body)
        self._table.waits(self)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is here."""
        super().on_message_complete()
        self._has_ended_one = True
        if self.cycle.response_complete:
            # refused before its body had arrived
            self._enter(_Phase.IDLE, self._limits.keep_alive_seconds)
        else:
            self._enter(_Phase.ANSWER, None)

    def on_response_complete(self) -> None:
        """The answer is sent; the next request is awaited, unless it is here already."""
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and self._phase is _Phase.ANSWER:
            self._enter(_Phase.IDLE, self._limits.keep_alive_seconds)

    def pause_writing(self) -> None:
        """The caller takes less than is sent."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller has taken most of it."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, once."""
        # what follows in the same packet is parsed although the connection is closing
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _enter(self, phase: _Phase, seconds: float | None) -> None:
        self._phase, self._began, self._bytes = phase, self.loop.time(), 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is None:
            self._table.serves(self)
            return
        self._table.waits(self)
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        earned = self._bytes / BYTES_PER_SECOND if self._phase is _Phase.BODY else 0.0
        left = self._began + self._limits.body_seconds + earned - self.loop.time()
        if earned and left > 0:
            self._deadline = self.loop.call_later(left, self._expire)
        else:
            # not close(): that waits until the caller has read what was sent
            self.transport.abort()
