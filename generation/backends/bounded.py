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


class BodyRefused(httpx.DecodingError):
    """A body that is not read: it is compressed although nobody asked for that, or too large."""


class BodyTooLarge(BodyRefused):
    """More bytes than any such body has."""


class StreamTooFast(httpx.DecodingError):
    """A stream that brings more than any request has to say."""


def is_plain(headers: Mapping[str, str]) -> bool:
    """Whether a body is as it is stored, so that nothing has to be unpacked."""
    return headers.get("content-encoding", "").strip().lower() in {"", "identity"}


async def read_whole(response: httpx.Response, most_bytes: int) -> bytes:
    """A response's body. Raises BodyRefused, or what httpx raises."""
    if not is_plain(response.headers):
        raise BodyRefused("a compressed answer, which was not asked for")
    # chunk by chunk, because Content-Length may be absent or wrong
    body = bytearray()
    async for chunk in response.aiter_raw():
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
