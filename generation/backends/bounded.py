"""Bytes that come from outside, bounded before anything is made of them: the one place that reads
httpx's answers.

Nothing here asks for a compressed answer, so none is unpacked: httpx would inflate a chunk of a few
kilobytes to gigabytes before its size could be looked at.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import httpx

PLAIN: Final = {"Accept-Encoding": "identity"}
"""What every request says: sizes are counted in bytes as they arrive."""

MAX_EVENT_BYTES: Final = 1024 * 1024


class BodyRefused(httpx.DecodingError):
    """A body that is not read: it is compressed although nobody asked for that, or too large."""


class BodyTooLarge(BodyRefused):
    """More bytes than any such body has."""


class StreamTooFast(httpx.DecodingError):
    """A stream that brings more than any request has to say."""


def is_plain(headers: Mapping[str, str]) -> bool:
    """Whether a body is as it is stored, so that nothing has to be unpacked."""
    return headers.get("content-encoding", "").strip().lower() in {"", "identity"}


def chunks_of(response: httpx.Response) -> httpx.AsyncByteStream:
    """A response's bytes as they arrive, without httpx's generators around them: those that are
    left early are closed by tasks of their own."""
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - no other kind
    return stream


async def read_whole(response: httpx.Response, most_bytes: int) -> bytes:
    """A response's body. Raises BodyRefused, or what httpx raises."""
    if not is_plain(response.headers):
        raise BodyRefused("a compressed answer, which was not asked for")
    # chunk by chunk, because Content-Length may be absent or wrong
    body = bytearray()
    async for chunk in chunks_of(response):
        body += chunk
        if len(body) > most_bytes:
            raise BodyTooLarge(f"an answer of more than {most_bytes} bytes")
    return bytes(body)


class Pace:
    """How much of something may come: ``burst`` at once, and ``per_second`` in the long run."""

    def __init__(
        self, what: str, *, burst: int, per_second: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._burst = burst
        self._per_second = per_second
        self._now = now
        self._left = float(burst)
        self._at = now()

    def take(self, count: int) -> None:
        """So many have come. Raises StreamTooFast."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - count
        self._at = now
        if self._left < 0:
            raise StreamTooFast(f"more than {self._per_second} {self._what} a second")


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
