"""Who is calling: fal's ``Authorization: Key id:secret``, and whom a worker without keys lets in."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.requests import Request

from worker.answers import refuse
from worker.settings import is_loopback

NO_USER: Final = "No user found for Key ID and Secret"
BAD_FORMAT: Final = "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'."
NOBODY: Final = ""
"""The owner of all requests to a worker without keys."""


class KeyRing:
    """The keys that may call, by id. Only digests of the secrets are held."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._digests = {name: _digest(secret.get_secret_value()) for name, secret in keys.items()}

    @property
    def empty(self) -> bool:
        """True where no key is needed."""
        return not self._digests

    def owner_of(self, authorization: str | None) -> str:
        """The id of the key in an ``Authorization`` header. Raises a 401 in fal's words."""
        scheme, _, credentials = (authorization or "").partition(" ")
        name, colon, secret = credentials.strip().partition(":")
        if scheme.lower() != "key" or not (name and colon and secret):
            raise refuse(401, BAD_FORMAT)
        known = self._digests.get(name, _digest(""))
        if not hmac.compare_digest(known, _digest(secret)) or name not in self._digests:
            raise refuse(401, NO_USER)
        return name


def owner_of(request: Request, ring: KeyRing) -> str:
    """Whose request this is. Raises a 401, or a 403 for a web page that tries to reach a worker without keys."""
    if not ring.empty:
        return ring.owner_of(request.headers.get("authorization"))
    host = request.headers.get("host", "")
    if not is_loopback(_host_name(host)) or not _same_place(request.headers.get("origin"), host):
        raise refuse(403, "Without keys the worker serves programs on its own machine only")
    return NOBODY


def _same_place(origin: str | None, host: str) -> bool:
    """A browser names the page that is asking; other programs do not."""
    return origin is None or urlsplit(origin).netloc == host


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
