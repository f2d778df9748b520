"""The socket on which the worker listens: its own, or one inherited from its parent."""

import socket
from typing import Final

from generation.protocol.http_server.listener import listening_socket
from worker.settings import WorkerSettings

PORT_SECONDS: Final = 5.0
"""How long to wait for a worker that is about to end because its supervisor was killed: until then
it holds the port."""


def listen(settings: WorkerSettings, *, wait_seconds: float = PORT_SECONDS) -> socket.socket:
    """A socket on the settings' host and port, or the inherited one. Raises OSError when the
    address cannot be used."""
    if settings.listener_fd is not None:
        return socket.socket(fileno=settings.listener_fd)
    return listening_socket(settings.host, settings.port, wait_seconds=wait_seconds)


def url_of(listener: socket.socket, settings: WorkerSettings) -> str:
    """The worker's URL for programs on this machine."""
    port = listener.getsockname()[1]
    # an address that means all interfaces cannot be called everywhere
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 -- read, not bound
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'http' if settings.ssl_certfile is None else 'https'}://{host}:{port}"
