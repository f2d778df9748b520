"""Who is calling: fal's ``Authorization: Key id:secret``, and whom a worker without keys lets in."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.requests import Request

from worker.answers import refuse
from worker.settings import is_loopback
from worker.store import StoredKey

NO_USER: Final = "No user found for Key ID and Secret"
BAD_FORMAT: Final = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
RUN_HOSTS: Final = frozenset({"fal.run", "falrun.com"})
"""Names under which fal's own clients ask for a result on the same connection; the second when the first is away."""
FAL_HOSTS: Final = RUN_HOSTS | {
    "queue.fal.run",
    "queue.falrun.com",
    "rest.fal.ai",
    "rest.alpha.fal.ai",
    "v3.fal.media",
    "v3b.fal.media",
}
"""Names under which fal's own clients look for fal; an operator may lead them here."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is, and what its key allows. ``owner`` is the key's id, empty where no key is needed."""

    owner: str = ""
    low_priority: bool = False
    max_open: int | None = None


class KeyRing:
    """The keys that may call. Only digests of their secrets are held.

    Without keys, callers are let in only where ``at_home``, and only as long as no key was ever made: taking back the
    last one opens no door.
    """

    def __init__(self, settled: Mapping[str, SecretStr], *, at_home: bool) -> None:
        self._settled = {name: (Caller(name), _digest(secret.get_secret_value())) for name, secret in settled.items()}
        self._at_home = at_home
        self._keys = self._settled
        self._any_made = False

    def learn(self, stored: Collection[StoredKey]) -> None:
        """From now on these stored keys count, and no others beside those of the settings."""
        usable = {
            key.id: (Caller(key.id, key.low_priority, key.max_open), bytes.fromhex(key.digest))
            for key in stored
            if key.revoked_at is None
        }
        self._keys = {**usable, **self._settled}
        self._any_made = bool(stored)

    @property
    def open(self) -> bool:
        """True where no key is needed."""
        return self._at_home and not self._settled and not self._any_made

    @property
    def lets_nobody_in(self) -> bool:
        """True where a key is needed and there is none."""
        return not self.open and not self._keys

    def caller(self, authorization: str | None) -> Caller:
        """Who an ``Authorization`` header names. Raises a 401 in fal's words."""
        scheme, _, credentials = (authorization or "").partition(" ")
        name, colon, secret = credentials.strip().partition(":")
        if scheme.lower() != "key" or not (name and colon and secret):
            raise refuse(401, BAD_FORMAT)
        found, digest = self._keys.get(name, (None, _digest("")))
        if not hmac.compare_digest(digest, _digest(secret)) or found is None:
            raise refuse(401, NO_USER)
        return found


def caller_of(request: Request, ring: KeyRing, origins: Iterable[str] = ()) -> Caller:
    """Whose request this is. Raises a 401, or a 403 for a web page that tries to reach a worker without keys."""
    if not ring.open:
        return ring.caller(request.headers.get("authorization"))
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    name = host_name(host)
    at_home = is_loopback(name) or name in FAL_HOSTS
    if not at_home or not (origin is None or origin in origins or urlsplit(origin).netloc == host):
        raise refuse(403, "Without keys the worker serves programs on its own machine only")
    return Caller()


def host_name(host: str) -> str:
    """The name in a ``Host`` header, in lower case and without the port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
