"""Who asks for a clip, where, and on what occasion."""

from dataclasses import dataclass

from generation.domain.delivery import Answer
from generation.domain.refs import ChannelRef, UserRef
from generation.ports import Lease


@dataclass(frozen=True, slots=True)
class SubmitContext:
    """Who submits, where, and on what occasion.

    ``origin`` names the occasion (an interaction id, an event id): when the platform sends it
    twice, the second one finds the first one's job. ``lease`` keeps the job for the process that
    submits it, ``answer`` is a first answer that has been sent already.
    ``roles`` are the member's, by the platform's ids; ``is_age_restricted`` says so of the channel,
    or of a thread's parent. ``is_private``: the member alone is to see it; ``asked_in`` is where
    they asked, None where the clip goes there too.
    """

    origin: str
    requested_by: UserRef
    channel: ChannelRef
    lease: Lease | None = None
    answer: Answer | None = None
    roles: frozenset[str] = frozenset()
    is_age_restricted: bool = False
    is_private: bool = False
    asked_in: ChannelRef | None = None

    @property
    def place(self) -> ChannelRef:
        """Where the member was, which is what a channel's rules are for."""
        return self.asked_in or self.channel
