"""Signed links to kept clips, for those that a chat does not take as a file, where the operator
has set a public address."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

from generation.domain.job import JobId
from generation.ports import ClipLink
from generation.protocol.clock import Clock

CLIPS_PATH: Final = "/clips"
_LIFETIME: Final = timedelta(days=7)
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, the last second that a datetime holds."""


class LinkStatus(StrEnum):
    """Whether a link opens its clip."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"


class ClipLinks:
    """Signs links and checks them: HMAC-SHA256 over the job and the last second of its life.
    Nothing is stored."""

    def __init__(
        self, public_url: str, secret: str, clock: Clock, *, lifetime: timedelta = _LIFETIME
    ) -> None:
        """``public_url`` is how this service is reached from outside; ``secret`` is all that it
        takes to make links."""
        self._base = public_url.rstrip("/")
        self._key = hmac.digest(secret.encode(), b"flipbook clip links", "sha256")
        self._clock = clock
        self._lifetime = lifetime

    def to(self, job_id: JobId) -> ClipLink:
        """A link to a job's clip."""
        until = int((self._clock.now() + self._lifetime).timestamp())
        query = urlencode({"until": until, "signature": self._signature(job_id, until)})
        return ClipLink(
            f"{self._base}{CLIPS_PATH}/{quote(job_id, safe='')}.mp4?{query}",
            datetime.fromtimestamp(until, UTC),
        )

    def check(self, job_id: JobId, until: str, signature: str) -> LinkStatus:
        """Judge a link by its parts, which may be anything."""
        if not _is_second(until):
            return LinkStatus.FORGED
        valid = self._signature(job_id, int(until)).encode()
        # in constant time, so that a signature cannot be guessed byte by byte
        if not hmac.compare_digest(valid, signature.encode(errors="replace")):
            return LinkStatus.FORGED
        is_expired = self._clock.now().timestamp() >= int(until)
        return LinkStatus.EXPIRED if is_expired else LinkStatus.VALID

    def _signature(self, job_id: JobId, until: int) -> str:
        return hmac.new(
            self._key, f"{job_id} {until}".encode(errors="replace"), hashlib.sha256
        ).hexdigest()


def _is_second(text: str) -> bool:
    # the length goes first: int() takes long for a text of a million digits
    return len(text) <= 12 and text.isascii() and text.isdecimal() and int(text) <= _LAST_SECOND
