"""An interaction's token as a delivery stores it: with the upload limit that Discord names in the
interaction only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from generation.domain.delivery import Answer

TOKEN_LIFE: Final = timedelta(minutes=14)
"""Discord accepts a token for 15 minutes; the last one is left to requests already under way."""
DEFAULT_UPLOAD_LIMIT: Final = 10 * 1024 * 1024
"""Bytes per file in a guild without boosts."""


@dataclass(frozen=True, slots=True)
class InteractionToken:
    """``upload_limit`` in bytes per file: the largest of Discord's default, the guild's and the
    member's own. ``member`` is the id of the member who asked to see a clip again; None where it is
    the one who asked for it.
    """

    token: str
    upload_limit: int
    member: int | None = None

    def answer(self, at: datetime, *, private: bool = False) -> Answer:
        """What the core stores for a response given at ``at``."""
        asked = "" if self.member is None else f":{self.member}"
        return Answer(f"{self.upload_limit}{asked}.{self.token}", at + TOKEN_LIFE, private=private)

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Read back what :meth:`answer` made; a bare token has Discord's default limit."""
        # the first dot ends the limit; tokens hold dots too
        head, separator, token = answer.token.partition(".")
        limit, _, member = head.partition(":")
        if separator and limit.isdecimal():
            return cls(token, int(limit), int(member) if member.isdecimal() else None)
        return cls(answer.token, DEFAULT_UPLOAD_LIMIT)
