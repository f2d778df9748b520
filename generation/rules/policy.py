"""Which requests are taken at all: the operator's allow-list, and a server's channels, members and
blocked terms."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from generation.domain.prompt_syntax import plain_request
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.protocol.errors import (
    ChannelNotAllowed,
    InvalidRequest,
    LastChannel,
    PromptBlocked,
    ServerNotAllowed,
    UserBlocked,
    Violation,
)
from generation.protocol.request import GenerationRequest
from generation.protocol.visible import is_blank
from generation.rules.terms import (
    MAX_PATTERNS,
    blocklist,
    folded,
    is_pattern,
    why_not_a_term,
)

MAX_TERM: Final = 100
"""Characters."""

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TERM)]


class Policy(BaseModel):
    """One server's rules on who may submit, where, and for what. Empty means: no rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: frozenset[str] = frozenset()
    """Ids of the only channels that the bot answers in."""
    blocked_users: frozenset[str] = frozenset()
    blocked_terms: frozenset[Term] = frozenset()
    log_channel: str | None = None
    """Id of the channel in which the server's admins are told of what they should know."""

    def without_channels(self, removed: frozenset[str]) -> frozenset[str]:
        """The channels without those. Raises LastChannel where none would be left: no channel means
        every channel, which has to be asked for by itself."""
        left = self.channels - removed
        if self.channels and not left:
            raise LastChannel
        return left

    def with_term(self, term: str) -> frozenset[str]:
        """The blocked terms with that one. Raises InvalidRequest for one that shows nothing, or is
        too long."""
        blocked = " ".join(term.split())
        if is_blank(blocked) or len(blocked) > MAX_TERM:
            given = "nothing" if is_blank(blocked) else f"{len(blocked):,} characters"
            allowed = f"a word or several, of at most {MAX_TERM} characters"
            raise InvalidRequest((Violation("term", allowed, given),))
        if wrong := why_not_a_term(blocked):
            raise InvalidRequest(
                (Violation("term", "a word or several", f"{blocked}, which {wrong}"),)
            )
        if is_pattern(blocked) and sum(map(is_pattern, self.blocked_terms)) >= MAX_PATTERNS:
            allowed = f"one of at most {MAX_PATTERNS} patterns"
            raise InvalidRequest((Violation("term", allowed, "one more"),))
        # blocked already, however it is written
        known = {folded(each) for each in self.blocked_terms}
        return self.blocked_terms if folded(blocked) in known else self.blocked_terms | {blocked}

    def without_term(self, term: str) -> frozenset[str]:
        """The blocked terms without that one, by the rule that finds it in prompts: however it is
        written."""
        return frozenset(each for each in self.blocked_terms if folded(each) != folded(term))

    def check(self, request: GenerationRequest, channel: ChannelRef, user: UserRef) -> None:
        """Raise the refusal that applies, if one does."""
        if user.id in self.blocked_users:
            raise UserBlocked
        if self.channels and channel.id not in self.channels:
            raise ChannelNotAllowed
        if not self.blocked_terms:
            return
        terms = blocklist(self.blocked_terms)
        # as typed and as a backend gets it: "[g|x]ore" is a blocked "gore" too
        for prompt in dict.fromkeys((request.prompt, plain_request(request).prompt)):
            if term := terms.first(prompt):
                raise PromptBlocked(term)


def check_server(server: ServerRef, allowed: frozenset[ServerRef]) -> None:
    """Raise :class:`ServerNotAllowed` when the operator keeps a list and the server is not on
    it."""
    if allowed and server not in allowed:
        raise ServerNotAllowed(str(server))
