"""What a caller may take of a server: times, sizes and connections."""

import contextlib
import resource
import sys
from dataclasses import dataclass
from typing import Final

MAX_HEAD: Final = 64 * 1024
"""Bytes of a request line and headers."""
MAX_PIPELINED: Final = 8
"""Requests of one connection that may wait for the answer to an earlier one."""
BYTES_PER_SECOND: Final = 1024
"""Each so many bytes of a body give it another second: a large upload on a slow line is fine."""
MAX_CONNECTIONS: Final = 10_000
_MAX_FILES: Final = 65_536


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Seconds for each part of a request; a connection that takes longer is closed.

    head: the request line and headers. body: more than handlers grant, whose 408 says why.
    keep_alive: between two requests; a caller who waits for a clip keeps its connection for the
    result. unread: for a caller to take what was sent. grace: for answers, once the server stops.
    connections: how many may be open; None for as many as the process's open files allow.
    """

    head_seconds: float = 10.0
    body_seconds: float = 40.0
    keep_alive_seconds: int = 30
    unread_seconds: float = 60.0
    grace_seconds: int = 1
    connections: int | None = None


DEFAULT_LIMITS: Final = ServerLimits()


def raise_file_limit() -> None:
    """Let the process open as many files as the system allows it, up to 65,536: every connection is
    one."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_finite(most), _MAX_FILES)
    if wanted > _finite(soft):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def connections_for_open_files() -> int:
    """How many connections the limit of open files allows; the rest is for the database, files and
    calls to others."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_finite(soft) * 3 // 4, MAX_CONNECTIONS)


def _finite(files: int) -> int:
    # "no limit" is -1 on some systems
    return sys.maxsize if files == resource.RLIM_INFINITY else files
