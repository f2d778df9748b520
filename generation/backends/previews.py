"""Preview frames of unfinished clips: fetched from our own worker only, and within seconds."""

import asyncio
import re
from typing import Final

from generation.backends.transport import ConnectionBroken, QueueTransport, Unreachable
from generation.backends.urls import ClipRules
from generation.protocol.net_guard import AddressRefused
from generation.protocol.progress import PreviewFrame
from generation.protocol.wire import PREVIEWS_PATH

MAX_PREVIEW_BYTES: Final = 512 * 1024
_PREVIEW: Final = re.compile(
    re.escape(PREVIEWS_PATH) + r"[A-Za-z0-9_-]{1,64}\.webp(\?step=\d{1,4})?"
)
_SECONDS: Final = 3.0
"""Progress waits no longer than this for a preview frame."""


class PreviewFetcher:
    """The preview frames of one request: fetches each of them once and keeps the newest."""

    def __init__(self, transport: QueueTransport, rules: ClipRules) -> None:
        self._transport = transport
        self._rules = rules
        self._last_url = ""
        self._newest: PreviewFrame | None = None

    async def newest(self, url: str | None) -> PreviewFrame | None:
        """The frame at ``url``, if it is new and can be fetched; else the one before, if any."""
        if url is not None and url != self._last_url:
            # remembered before it is fetched: a frame that fails is not tried again
            self._last_url = url
            picture = await self._fetched(url)
            self._newest = self._newest if picture is None else PreviewFrame(url, picture)
        return self._newest

    async def _fetched(self, url: str) -> bytes | None:
        try:
            target = self._rules.url_of(url)
            # only the worker's own previews: no status can make us fetch anything else
            if not _PREVIEW.fullmatch(target.rest) or not self._rules.sends_key_to(target):
                return None
            async with asyncio.timeout(_SECONDS):
                answer = await self._transport.exchange("GET", str(target))
        except (AddressRefused, Unreachable, ConnectionBroken, TimeoutError):
            return None
        body = answer.body
        usable = answer.status == 200 and len(body) <= MAX_PREVIEW_BYTES and _is_webp(body)
        return body if usable else None


def _is_webp(body: bytes) -> bool:
    return body[:4] == b"RIFF" and body[8:12] == b"WEBP"
