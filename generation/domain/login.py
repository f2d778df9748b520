"""Who may see the dashboard: a code that opens it once, and the session that it opens. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

CODE_LIFE: Final = timedelta(minutes=10)
SESSION_LIFE: Final = timedelta(hours=12)


class LoginKind(StrEnum):
    """What a stored login is."""

    CODE = "code"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Login:
    """A code or a session as it is stored: by its digest, so that nobody who reads the database can
    use it.

    ``name`` is whom acts are audited under; ``form_token`` proves that a form comes from a page of
    this session.
    """

    digest: str
    kind: LoginKind
    name: str
    until: datetime
    form_token: str = ""


def digest_of(secret: str) -> str:
    """SHA-256 in hex: enough for a secret of 192 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
