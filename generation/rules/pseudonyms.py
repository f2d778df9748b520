"""What stands for a member where something must outlive the member's data: in the ledger, and in
the jobs of members who asked to be forgotten.

A keyed hash of server and member: the same member always has the same one, so quotas hold, and
without the key nobody can find out whose it is, though ids can be enumerated.
"""

import hmac
import re
from typing import Final, NewType

from generation.domain.refs import ServerRef, UserRef
from generation.protocol.cache import BoundedCache

Pseudonym = NewType("Pseudonym", UserRef)
"""A reference whose id is ``~`` and 32 hexadecimal digits: no platform has such ids."""

MARK: Final = "~"
_DIGITS: Final = 32
_MOST_KNOWN: Final = 4096
_PSEUDONYM: Final = re.compile(rf"{MARK}[0-9a-f]{{{_DIGITS}}}")


def is_pseudonym(user: UserRef) -> bool:
    """Whether the reference names nobody any more."""
    return _PSEUDONYM.fullmatch(user.id) is not None


class Pseudonyms:
    """Makes pseudonyms with one secret. With another one every member has another pseudonym: what
    they have used of their quotas is then no longer found."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"flipbook pseudonyms of members", "sha256")
        self._known: BoundedCache[tuple[ServerRef, UserRef], Pseudonym] = BoundedCache(_MOST_KNOWN)

    def of(self, server: ServerRef, user: UserRef) -> Pseudonym:
        """The pseudonym of a member of that server; a pseudonym stays what it is."""
        # each submission needs it several times
        known = self._known.get((server, user))
        if known is None:
            known = self._made(server, user)
            self._known.put((server, user), known)
        return known

    def _made(self, server: ServerRef, user: UserRef) -> Pseudonym:
        if is_pseudonym(user):
            return Pseudonym(user)
        digest = hmac.digest(self._key, f"{server}|{user}".encode(errors="replace"), "sha256")
        return Pseudonym(UserRef(user.platform, MARK + digest.hex()[:_DIGITS]))

    def signature(self, text: str) -> str:
        """24 hexadecimal digits that nobody can make without the secret."""
        return hmac.digest(self._key, f"signed|{text}".encode(), "sha256").hex()[:24]

    def is_signed(self, text: str, signature: str) -> bool:
        """Whether the signature, which may be anything, is that of the text."""
        # in constant time, so that it cannot be guessed digit by digit
        return hmac.compare_digest(
            self.signature(text).encode(), signature.encode(errors="replace")
        )

    @property
    def key_check(self) -> str:
        """Tells one secret from another, without telling either."""
        return hmac.digest(self._key, b"which key is this", "sha256").hex()[:_DIGITS]
