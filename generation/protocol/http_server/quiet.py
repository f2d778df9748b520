"""Keeps callers from filling the log: what the server has to say about them is said once a
minute."""

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from generation.protocol.cache import BoundedCache

SERVER_LOG: Final = "uvicorn.error"
MINUTE: Final = 60.0
_NO_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_MOST_SENTENCES: Final = 64


class OncePerMinute(logging.Filter):
    """Lets each warning pass once a minute, with how often it was not said since."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: BoundedCache[str, tuple[float, int]] = BoundedCache(_MOST_SENTENCES)

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a warning that was said in the last minute."""
        if record.levelno != logging.WARNING:
            return True
        sentence, now = str(record.msg), self._clock()
        said_at, missed = self._said.get(sentence) or (now - MINUTE, 0)
        if now - said_at < MINUTE:
            self._said.put(sentence, (said_at, missed + 1))
            return False
        if missed:
            record.msg = f"{sentence} ({missed} more of these since the last line)"
        self._said.put(sentence, (now, 0))
        return True


@contextmanager
def quiet_log() -> Iterator[None]:
    """Within, the server's warnings come once a minute, and so does the event loop's complaint that
    no more connections can be accepted, which otherwise is a traceback for each of them."""
    loop, server_log, filtered = (
        asyncio.get_running_loop(),
        logging.getLogger(SERVER_LOG),
        OncePerMinute(),
    )
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "socket" in context and isinstance(error, OSError) and error.errno in _NO_FILES:
            server_log.warning("No connection can be accepted: %s", error.strerror)
        elif before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    server_log.addFilter(filtered)
    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
        server_log.removeFilter(filtered)
