"""The interface to what members have chosen for themselves."""

from collections.abc import Mapping
from typing import Protocol

from generation.domain.refs import ServerRef, UserRef
from generation.rules.choices import MemberChoices


class ChoiceReads(Protocol):
    """What both the store and a transaction read."""

    async def choices_of(self, user: UserRef, server: ServerRef) -> MemberChoices:
        """What a member has chosen in a server; nothing where it cannot be read."""


class Choices(ChoiceReads, Protocol):
    """What the store reads of choices."""

    async def every_choice_of(self, user: UserRef) -> Mapping[ServerRef, MemberChoices]:
        """What a member has chosen, in all servers where they have chosen anything."""


class ChoiceWrites(ChoiceReads, Protocol):
    """What a transaction writes of choices."""

    async def set_choices(self, user: UserRef, server: ServerRef, choices: MemberChoices) -> None:
        """Write a member's choices; none at all leave nothing behind."""

    async def forget_choices(self, user: UserRef) -> None:
        """Forget what a member has chosen, in all servers."""
