"""Whose share a request uses: the names of its lanes, and how the bot tells them to our worker."""

import hashlib
import hmac
import re
from typing import Final

Lanes = tuple[str, ...]
"""A request's lanes, the outermost first, such as its server and in it its member; all requests of
one order have as many."""

NO_SHARE: Final[Lanes] = ("", "")
"""The lanes of all requests that name none."""

_MAX_SHARE: Final = 64  # characters
_SHARE: Final = re.compile(r"([!-.0-~]+)/([!-.0-~]+)")
_DIGITS: Final = 16


def lanes_of_share(share: str | None) -> Lanes:
    """The two lanes that a header names; :data:`NO_SHARE` for one that is not two names of
    printable ASCII without spaces, 64 characters together: it only orders the caller's own
    requests, so it is no reason to refuse one."""
    if share is None or len(share) > _MAX_SHARE:
        return NO_SHARE
    named = _SHARE.fullmatch(share)
    return NO_SHARE if named is None else (named[1], named[2])


class ShareNames:
    """Names that tell members apart without saying who they are."""

    def __init__(self, secret: str) -> None:
        """``secret`` is the bot's own key: nobody without it can tell whose a name is."""
        self._secret = secret.encode()

    def of(self, server: str, member: str) -> str:
        """The header's value for a member of a server: two names of 16 hexadecimal digits. The same
        member has another name in each server."""
        return f"{self._name('server', server)}/{self._name('member', server, member)}"

    def _name(self, *parts: str) -> str:
        # each part with its length, so that no two lists of parts are the same text
        text = "".join(f"{len(part)}:{part}" for part in ("share", *parts))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
