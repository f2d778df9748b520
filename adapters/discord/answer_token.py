"""An interaction's token as a delivery keeps it: with the upload limit that holds for it, which no later call tells."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from generation.delivery import Answer

TOKEN_LIFE: Final = timedelta(minutes=14)
"""Discord takes a token for 15 minutes; the last one is left for what is on its way."""
DEFAULT_UPLOAD_LIMIT: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AnswerToken:
    """``upload_limit`` in bytes per file: the largest of Discord's default, the guild's and the member's own."""

    token: str
    upload_limit: int

    def answer(self, at: datetime, *, private: bool = False) -> Answer:
        """What the core keeps of an answer given at that moment."""
        return Answer(f"{self.upload_limit}.{self.token}", at + TOKEN_LIFE, private=private)

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Read back what :meth:`answer` made; a bare token has Discord's default limit."""
        limit, separator, token = answer.token.partition(".")
        if separator and limit.isdecimal():
            return cls(token, int(limit))
        return cls(answer.token, DEFAULT_UPLOAD_LIMIT)
