"""Server-sent events, put together from the bytes of a stream and bounded in all that costs time:
bytes, lines and events."""

import time
from collections.abc import Callable
from typing import Final

from generation.backends.bounded import BodyTooLarge, Pace

MAX_EVENT_BYTES: Final = 1024 * 1024


class EventPaces:
    """What one stream may bring: an engine's steps, a queue's positions and a model's log lines are
    far below that."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.events = Pace("events", burst=500, per_second=10, now=now)
        self.lines = Pace("lines", burst=4_000, per_second=100, now=now)
        self.bytes = Pace("bytes", burst=4 * MAX_EVENT_BYTES, per_second=128 * 1024, now=now)


class EventReader:
    """Takes chunks cut anywhere, gives the data of each event; names, ids and comments are left
    out, because no backend's statuses need them.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """

    def __init__(self, paces: EventPaces) -> None:
        self._paces = paces
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._since_event = 0
        self._after_return = False

    def read(self, chunk: bytes) -> list[bytes]:
        """The data of the events that end in this chunk. Raises BodyTooLarge for an event without
        end, StreamTooFast."""
        self._since_event += len(chunk)
        if self._since_event > MAX_EVENT_BYTES:
            raise BodyTooLarge(f"an event of more than {MAX_EVENT_BYTES} bytes")
        self._paces.bytes.take(len(chunk))
        first, *others = self._plain_ends(chunk).split(b"\n")
        self._line.append(first)
        if not others:
            return []
        self._paces.lines.take(len(others))
        *lines, rest = b"".join(self._line), *others
        self._line = [rest]
        return [data for line in lines if (data := self._ended_by(line)) is not None]

    def _ended_by(self, line: bytes) -> bytes | None:
        """The data of the event that a line ends; None where it ends none."""
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            return None
        data, self._data = self._data, []
        if not data:
            return None
        self._since_event = 0
        self._paces.events.take(1)
        return b"\n".join(data)

    def _plain_ends(self, chunk: bytes) -> bytes:
        """The chunk with ``\\n`` for each of the three line ends that are allowed."""
        # one end of two bytes may be cut between them
        is_second_half = self._after_return and chunk.startswith(b"\n")
        self._after_return = chunk.endswith(b"\r")
        if is_second_half:
            chunk = chunk[1:]
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk
