"""The sockets that servers listen on."""

import errno
import socket
import time
from collections.abc import Callable
from typing import Any, Final

BACKLOG: Final = 2048
_PAUSE_SECONDS: Final = 0.05


def listening_socket(
    host: str,
    port: int,
    *,
    wait_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> socket.socket:
    """A listening socket at that address, port 0 for any free one; the caller closes it.

    An address in use is tried again for ``wait_seconds``. Raises OSError, which names the address.
    """
    family, address = _resolved(host, port)
    deadline = clock() + wait_seconds
    while True:
        try:
            listener = socket.create_server(address, family=family, backlog=BACKLOG)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE or clock() >= deadline:
                raise _unusable(host, port, error) from error
        sleep(_PAUSE_SECONDS)
    # asyncio sets it for sockets with the TCP protocol number, which create_server does not set;
    # without it each answer on a kept connection waits 40 ms for the caller to acknowledge its head
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except UnicodeError as error:  # a label that is empty, or longer than a name may have
        no_name = OSError(socket.EAI_NONAME, "Name or service not known")
        raise _unusable(host, port, no_name) from error
    except OSError as error:
        raise _unusable(host, port, error) from error
    return family, address


def _unusable(host: str, port: int, error: OSError) -> OSError:
    return OSError(error.errno, f"{host} port {port} cannot be used: {error.strerror}")
