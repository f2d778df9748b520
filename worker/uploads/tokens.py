"""Short-lived tokens that stand for a key at the upload host, as fal's Python client uses them."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from generation.protocol.clock import Clock

LIFETIME: Final = timedelta(hours=1)
_RENEW_BEFORE_END: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class UploadToken:
    """A token, with its owner and the moment of its end."""

    token: str
    owner: str
    expires_at: datetime


class UploadTokens:
    """At most two tokens for each owner; they live in memory only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, UploadToken] = {}
        self._previous: dict[str, UploadToken] = {}

    def issue(self, owner: str) -> UploadToken:
        """A token of that owner that is valid for at least ten more minutes."""
        known = self._tokens.get(owner)
        if known is not None and known.expires_at - self._clock.now() > _RENEW_BEFORE_END:
            return known
        # the one before stays valid until its end: an upload may be using it
        if known is not None:
            self._previous[owner] = known
        fresh = UploadToken(secrets.token_urlsafe(32), owner, self._clock.now() + LIFETIME)
        self._tokens[owner] = fresh
        return fresh

    def owner_of(self, token: str) -> str | None:
        """The token's owner; None for one that is unknown or has ended."""
        now = self._clock.now()
        for known in (*self._tokens.values(), *self._previous.values()):
            # compared in constant time, like keys
            if known.expires_at > now and hmac.compare_digest(known.token.encode(), token.encode()):
                return known.owner
        return None
