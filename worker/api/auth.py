"""Who is calling: fal's ``Authorization: Key id:secret``, and who may call a worker without
keys."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.requests import Request

from generation.protocol.hosts import is_loopback
from worker.api.responses import ApiError, api_error
from worker.store import StoredKey

NO_USER: Final = "No user found for Key ID and Secret"
BAD_FORMAT: Final = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
RUN_HOSTS: Final = frozenset({"fal.run", "falrun.com"})
"""Host names that fal's own clients call for a result on the same connection; the second when the
first cannot be reached."""
FAL_HOSTS: Final = RUN_HOSTS | {
    "queue.fal.run",
    "queue.falrun.com",
    "rest.fal.ai",
    "rest.alpha.fal.ai",
    "v3.fal.media",
    "v3b.fal.media",
}
"""Host names that fal's own clients call; an operator may point them to this worker."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what the key allows. ``owner`` is the key's id, empty where no key is
    needed."""

    owner: str = ""
    low_priority: bool = False
    max_open: int | None = None


class KeyRing:
    """The keys that may call. It holds only digests of their secrets.

    Without keys every program on this machine may call, if the worker listens ``on_loopback`` and
    no key was ever made: revoking the last key does not make the worker open again.
    """

    def __init__(self, configured: Mapping[str, SecretStr], *, on_loopback: bool) -> None:
        self._configured = {
            name: (Caller(name), _digest(secret.get_secret_value()))
            for name, secret in configured.items()
        }
        self._on_loopback = on_loopback
        self._keys = self._configured
        self._any_stored = False

    def load(self, stored: Collection[StoredKey]) -> None:
        """Replace the stored keys by these; the keys of the settings stay."""
        usable = {
            key.id: (Caller(key.id, key.low_priority, key.max_open), bytes.fromhex(key.digest))
            for key in stored
            if key.revoked_at is None
        }
        # a configured key wins over a stored one with the same id
        self._keys = {**usable, **self._configured}
        # revoked keys count: once there was a key, the worker never opens again by itself
        self._any_stored = bool(stored)

    @property
    def is_open(self) -> bool:
        """True where no key is needed."""
        return self._on_loopback and not self._configured and not self._any_stored

    @property
    def has_no_usable_key(self) -> bool:
        """True where a key is needed and there is none."""
        return not self.is_open and not self._keys

    def caller(self, authorization: str | None) -> Caller:
        """The caller that an ``Authorization`` header names. Raises a 401 in fal's words."""
        scheme, _, credentials = (authorization or "").partition(" ")
        name, colon, secret = credentials.strip().partition(":")
        if scheme.lower() != "key" or not (name and colon and secret):
            raise api_error(401, BAD_FORMAT)
        # an unknown id is compared too, so that the time taken does not tell it from a wrong secret
        found, digest = self._keys.get(name, (None, _digest("")))
        if not hmac.compare_digest(digest, _digest(secret)) or found is None:
            raise api_error(401, NO_USER)
        return found


def caller_of(request: Request, ring: KeyRing, origins: Iterable[str] = ()) -> Caller:
    """Who calls. Raises a 401, or a 403 for a web page that tries to reach a worker without
    keys."""
    if not ring.is_open:
        return ring.caller(request.headers.get("authorization"))
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    # a page in the operator's browser reaches loopback addresses too; its Origin tells, or its Host
    if not (origin is None or origin in origins or urlsplit(origin).netloc == host):
        raise not_for_others()
    return Caller()


def is_known_host(name: str, ring: KeyRing) -> bool:
    """Whether the worker serves callers who know it by that name. Without keys it serves this
    machine only, and fal's names, which an operator has to point to it."""
    return not ring.is_open or is_loopback(name) or name in FAL_HOSTS


def not_for_others() -> ApiError:
    """The refusal of those whom a worker without keys does not serve (403)."""
    return api_error(403, "Without keys the worker serves programs on its own machine only")


def _digest(secret: str) -> bytes:
    # a secret from the environment may have lone surrogates
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
