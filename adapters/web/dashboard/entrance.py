"""How people get in: by a link that works once, or by the proxy that has asked who they are."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from generation.domain.login import CODE_LIFE, SESSION_LIFE, Login, LoginKind, digest_of
from generation.ports import Logins
from generation.protocol.clock import Clock

_SECRET_BYTES: Final = 24
_MOST_OF_A_SECRET: Final = 200
"""Characters; what is longer was not made here and is not hashed."""
PROXY_USER: Final = "x-forwarded-user"
PROXY_SECRET: Final = "x-flipbook-proxy-secret"  # noqa: S105 - its name
_MOST_OF_A_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the pages. Acts are audited under ``name``; ``form_token`` has to come back with
    each of their forms."""

    name: str
    form_token: str
    can_log_out: bool = True


class Entrance(Protocol):
    """Tells who a request comes from."""

    async def visitor(self, headers: Mapping[str, str], cookie: str | None) -> Visitor | None:
        """None for somebody who has not logged in. ``headers`` have lower-case names."""


class LinkEntrance:
    """Anybody who opens a one-time link gets a session. The operator alone can make a link: by a
    command on this machine."""

    def __init__(self, logins: Logins, clock: Clock) -> None:
        self._logins = logins
        self._clock = clock

    async def new_code(self, name: str) -> str:
        """A code that opens the dashboard once, for ten minutes, for the person of that name."""
        return await self._add(LoginKind.CODE, name)

    async def redeem(self, code: str) -> str | None:
        """The secret of a new session, for its cookie; None for a code that opens nothing."""
        if len(code) > _MOST_OF_A_SECRET:
            return None
        login = await self._logins.redeem_code(digest_of(code), self._clock.now())
        return None if login is None else await self._add(LoginKind.SESSION, login.name)

    async def visitor(self, headers: Mapping[str, str], cookie: str | None) -> Visitor | None:  # noqa: ARG002
        """By the session's cookie."""
        if not cookie or len(cookie) > _MOST_OF_A_SECRET:
            return None
        login = await self._logins.session(digest_of(cookie), self._clock.now())
        return None if login is None else Visitor(login.name, login.form_token)

    async def leave(self, cookie: str) -> None:
        """End the session."""
        await self._logins.end_session(digest_of(cookie))

    async def _add(self, kind: LoginKind, name: str) -> str:
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        life = CODE_LIFE if kind is LoginKind.CODE else SESSION_LIFE
        token = secrets.token_urlsafe(_SECRET_BYTES) if kind is LoginKind.SESSION else ""
        await self._logins.add_login(Login(digest_of(secret), kind, name, now + life, token), now)
        return secret


class ProxyEntrance:
    """The proxy in front has asked who they are (oauth2-proxy, Authelia, Caddy); its own secret
    proves that the header is from it."""

    def __init__(self, secret: Callable[[], str]) -> None:
        self._secret = secret

    async def visitor(self, headers: Mapping[str, str], cookie: str | None) -> Visitor | None:  # noqa: ARG002
        """By the proxy's headers."""
        given, name = headers.get(PROXY_SECRET, ""), headers.get(PROXY_USER, "").strip()
        key = self._secret().encode()
        is_the_proxy = hmac.compare_digest(given.encode("utf-8", "replace"), key)
        if not is_the_proxy or not name or len(name) > _MOST_OF_A_NAME or not name.isprintable():
            return None
        # the same at every request: the proxy keeps the session
        token = hmac.new(key, b"form:" + name.encode(), hashlib.sha256).hexdigest()
        return Visitor(name, token, can_log_out=False)
