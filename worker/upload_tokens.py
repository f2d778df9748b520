"""Short-lived tokens that stand for a key on the way to the upload host, as fal's Python client wants them."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFE: Final = timedelta(hours=1)
_RENEWED_BEFORE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class UploadToken:
    """A token and the moment of its end."""

    token: str
    owner: str
    expires_at: datetime


class UploadTokens:
    """At most two tokens for each owner; all are forgotten with the process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tokens: dict[str, UploadToken] = {}
        self._former: dict[str, UploadToken] = {}

    def issue(self, owner: str) -> UploadToken:
        """A token of that owner with a while to live."""
        known = self._tokens.get(owner)
        if known is not None and known.expires_at - self._clock() > _RENEWED_BEFORE:
            return known
        if known is not None:
            self._former[owner] = known
        fresh = UploadToken(secrets.token_urlsafe(32), owner, self._clock() + LIFE)
        self._tokens[owner] = fresh
        return fresh

    def owner_of(self, token: str) -> str | None:
        """Whose token it is; None when it is nobody's, or not any more."""
        now = self._clock()
        for known in (*self._tokens.values(), *self._former.values()):
            if known.expires_at > now and hmac.compare_digest(known.token.encode(), token.encode()):
                return known.owner
        return None
