"""Looks at a clip while it appears: fetched from our own worker only, quickly or not at all."""

import asyncio
import re
from typing import Final

from generation.progress import Look
from generation.queue_addresses import BadAddress, ClipRules
from generation.queue_transport import Broken, QueueTransport, Unreachable
from generation.wire import LOOKS_PATH

MAX_LOOK_BYTES: Final = 512 * 1024
_LOOK: Final = re.compile(re.escape(LOOKS_PATH) + r"[A-Za-z0-9_-]{1,64}\.webp(\?step=\d{1,4})?")
_SECONDS: Final = 3.0
"""Progress waits no longer than this for a picture."""


class Looks:
    """The looks at one request: each is fetched once, and the newest one that could be had is kept."""

    def __init__(self, transport: QueueTransport, rules: ClipRules) -> None:
        self._transport = transport
        self._rules = rules
        self._asked = ""
        self._newest: Look | None = None

    async def newest(self, url: str | None) -> Look | None:
        """The look at ``url``, where that is a new one and can be had; else the one before, or none."""
        if url is not None and url != self._asked:
            self._asked = url
            picture = await self._picture(url)
            self._newest = self._newest if picture is None else Look(url, picture)
        return self._newest

    async def _picture(self, url: str) -> bytes | None:
        try:
            address = self._rules.address_of(url)
            if not _LOOK.fullmatch(address.rest) or not self._rules.shows_key(address):
                return None
            async with asyncio.timeout(_SECONDS):
                answer = await self._transport.exchange("GET", str(address))
        except (BadAddress, Unreachable, Broken, TimeoutError):
            return None
        usable = answer.status == 200 and len(answer.body) <= MAX_LOOK_BYTES and _is_webp(answer.body)
        return answer.body if usable else None


def _is_webp(body: bytes) -> bool:
    return body[:4] == b"RIFF" and body[8:12] == b"WEBP"
