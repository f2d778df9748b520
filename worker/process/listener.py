"""The socket on which the worker listens: its own, or one inherited from its parent."""

import socket

from worker.settings import WorkerSettings


def listen(settings: WorkerSettings) -> socket.socket:
    """A socket on the settings' host and port, or the inherited one. Raises OSError when the
    address cannot be used."""
    if settings.listener_fd is not None:
        return socket.socket(fileno=settings.listener_fd)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server(
        (settings.host.strip("[]"), settings.port), family=family, backlog=2048
    )
    # asyncio sets it for sockets with the TCP protocol number, which create_server does not set;
    # without it each answer on a kept connection waits 40 ms for the caller to acknowledge its head
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket, settings: WorkerSettings) -> str:
    """The worker's URL for programs on this machine."""
    port = listener.getsockname()[1]
    # an address that means all interfaces cannot be called everywhere
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 -- read, not bound
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'http' if settings.ssl_certfile is None else 'https'}://{host}:{port}"
