"""The open connections of a server: at most so many, and the one that has kept us waiting for
longest makes room for the next."""

import asyncio
import logging
from typing import Final, Protocol

_log = logging.getLogger("uvicorn.error")  # the server's log, which says nothing twice a minute

_BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


class CallerConnection(Protocol):
    """One caller's connection."""

    transport: asyncio.Transport


class ConnectionTable:
    """Which connections are open, and which of them wait for their caller: for the rest of a
    request, or for the next one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[CallerConnection] = set()
        # in the order in which they were last heard of
        self._waiting: dict[CallerConnection, None] = {}

    def opened(self, connection: CallerConnection) -> None:
        """Add a new connection. One too many ends the one that was silent for longest; where all
        others are being answered, the new one."""
        self._open.add(connection)
        self.waits(connection)
        if len(self._open) <= self.most:
            return
        _log.warning("Too many connections: those that were silent for longest are closed.")
        silent = next(iter(self._waiting))
        if silent is connection:
            connection.transport.write(_BUSY)
            connection.transport.close()
        else:
            silent.transport.abort()
        # not only once it is lost: more may be accepted before that
        self.closed(silent)

    def waits(self, connection: CallerConnection) -> None:
        """It waits for its caller, who was heard of just now."""
        if connection in self._open:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None

    def serves(self, connection: CallerConnection) -> None:
        """Its caller waits for us."""
        self._waiting.pop(connection, None)

    def closed(self, connection: CallerConnection) -> None:
        """Forget it."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)
