"""Which requests are taken at all: the operator's allow-list, and a server's channels, members and
blocked terms."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from generation.domain.prompt_syntax import plain_request
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.protocol.errors import (
    ChannelNotAllowed,
    PromptBlocked,
    ServerNotAllowed,
    UserBlocked,
)
from generation.protocol.request import GenerationRequest

_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Invisible although no format characters: joiners, fillers, variation selectors."""

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Policy(BaseModel):
    """One server's rules on who may submit, where, and for what. Empty means: no rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: frozenset[str] = frozenset()
    """Ids of the only channels that the bot answers in."""
    blocked_users: frozenset[str] = frozenset()
    blocked_terms: frozenset[Term] = frozenset()

    def check(self, request: GenerationRequest, channel: ChannelRef, user: UserRef) -> None:
        """Raise the refusal that applies, if one does."""
        if user.id in self.blocked_users:
            raise UserBlocked
        if self.channels and channel.id not in self.channels:
            raise ChannelNotAllowed
        # as typed and as a backend gets it: "[g|x]ore" is a blocked "gore" too
        spoken = f"{request.prompt}\n{plain_request(request).prompt}"
        if term := first_blocked_term(spoken, self.blocked_terms):
            raise PromptBlocked(term)


def check_server(server: ServerRef, allowed: frozenset[ServerRef]) -> None:
    """Raise :class:`ServerNotAllowed` when the operator keeps a list and the server is not on
    it."""
    if allowed and server not in allowed:
        raise ServerNotAllowed(str(server))


def first_blocked_term(prompt: str, terms: Iterable[str]) -> str | None:
    """The first term that occurs in the prompt as whole words, whatever the case, the form of
    accents, or invisible marks."""
    text = _folded(prompt)
    return next((term for term in sorted(terms) if _occurs_in(_folded(term), text)), None)


def _occurs_in(term: str, text: str) -> bool:
    # \b would miss a term that begins or ends with a mark, such as "c++"
    return bool(term) and re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text) is not None


def _folded(text: str) -> str:
    """Without invisible marks and case, in one form of accents and widths."""
    # marks go first: they keep accents from joining their letters
    visible = "".join(
        c for c in text if unicodedata.category(c) != "Cf" and not _INVISIBLE.match(c)
    )
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
