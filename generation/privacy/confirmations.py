"""Proof that a member confirms what they were asked a moment ago: nothing is stored, and a restart
in between does no harm."""

from datetime import datetime, timedelta
from typing import Final

from generation.domain.refs import UserRef
from generation.protocol.clock import Clock
from generation.protocol.errors import ConfirmationInvalid
from generation.rules.pseudonyms import Pseudonyms

LIFETIME: Final = timedelta(minutes=15)


class Confirmations:
    """Issues proofs and checks them: a signature over the member and the last second, of 35
    characters that fit into the id of a button."""

    def __init__(self, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock

    def issue(self, user: UserRef) -> str:
        """The proof for the button that confirms."""
        until = int((self._clock.now() + LIFETIME).timestamp())
        return f"{until:010x}.{self._pseudonyms.signature(f'{user}|{until}')}"

    def check(self, proof: str, user: UserRef) -> None:
        """Raises ConfirmationInvalid for a proof that is forged, of somebody else, or too old."""
        until, _, signature = proof.partition(".")
        try:
            last = datetime.fromtimestamp(int(until, 16), self._clock.now().tzinfo)
        except (ValueError, OverflowError, OSError):
            raise ConfirmationInvalid from None
        is_ours = self._pseudonyms.is_signed(f"{user}|{int(until, 16)}", signature)
        if not is_ours or self._clock.now() > last:
            raise ConfirmationInvalid
