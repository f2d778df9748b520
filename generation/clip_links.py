"""Signed links to kept clips: for a clip that a place does not take, where the operator has an address outside."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

from generation.job import JobId
from generation.ports import ClipLink, Clock

CLIPS_PATH: Final = "/clips"
_LIFE: Final = timedelta(days=7)
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, the last that a datetime holds."""


class Opening(StrEnum):
    """What a link that somebody came with is worth."""

    GOOD = "good"
    EXPIRED = "expired"
    FORGED = "forged"


class ClipLinks:
    """Signs links and knows its own again: HMAC-SHA256 over the job and the last second of its life, nothing stored."""

    def __init__(self, public_url: str, secret: str, clock: Clock, *, life: timedelta = _LIFE) -> None:
        """``public_url`` is how this service is reached from outside; whoever knows ``secret`` can make links."""
        self._base = public_url.rstrip("/")
        self._key = hmac.digest(secret.encode(), b"flipbook clip links", "sha256")
        self._clock = clock
        self._life = life

    def to(self, job_id: JobId) -> ClipLink:
        """A link to a job's clip."""
        until = int((self._clock.now() + self._life).timestamp())
        query = urlencode({"until": until, "signature": self._signature(job_id, until)})
        return ClipLink(
            f"{self._base}{CLIPS_PATH}/{quote(job_id, safe='')}.mp4?{query}", datetime.fromtimestamp(until, UTC)
        )

    def opening(self, job_id: JobId, until: str, signature: str) -> Opening:
        """Judge a link by its parts, strangers' texts all of them."""
        if not (until.isascii() and until.isdecimal() and len(until) <= 12 and int(until) <= _LAST_SECOND):
            return Opening.FORGED
        good = self._signature(job_id, int(until)).encode()
        if not hmac.compare_digest(good, signature.encode(errors="replace")):
            return Opening.FORGED
        return Opening.GOOD if self._clock.now().timestamp() < int(until) else Opening.EXPIRED

    def _signature(self, job_id: JobId, until: int) -> str:
        return hmac.new(self._key, f"{job_id} {until}".encode(errors="replace"), hashlib.sha256).hexdigest()
