"""What members choose for themselves: their defaults, and when they are told that a clip is
ready."""

from collections.abc import Mapping

from generation.domain.refs import ServerRef, UserRef
from generation.ports import Urgency
from generation.rules.choices import MemberChoices, OwnChoices
from generation.service.forms.styles import StyleActs

_NO_ROLES: frozenset[str] = frozenset()


class ChoiceActs(StyleActs):
    """Choices of members."""

    async def choices_of(
        self, user: UserRef, server: ServerRef, *, roles: frozenset[str] = _NO_ROLES
    ) -> OwnChoices:
        """What a member with these roles has chosen in a server."""
        chosen = await self._store.choices_of(user, server)
        return await self._own(chosen, server, roles)

    async def choose(
        self,
        user: UserRef,
        server: ServerRef,
        changes: Mapping[str, object],
        *,
        roles: frozenset[str] = _NO_ROLES,
    ) -> OwnChoices:
        """Change some choices, by the names of :class:`MemberChoices`; None takes one back. Raises
        InvalidRequest naming each that is wrong, and StyleUnknown."""
        if style := changes.get("style"):
            found = (await self.styles_of(server)).named(str(style))
            changes = {**changes, "style": found.name}
        # read in the transaction: of two changes at once neither undoes the other
        async with self._store.transaction(Urgency.MEMBER) as tx:
            chosen = (await tx.choices_of(user, server)).changed(changes)
            await tx.set_choices(user, server, chosen)
        return await self._own(chosen, server, roles)

    async def reset_defaults(
        self, user: UserRef, server: ServerRef, *, roles: frozenset[str] = _NO_ROLES
    ) -> OwnChoices:
        """Take back every default; when the member is told stays."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            chosen = (await tx.choices_of(user, server)).without_defaults()
            await tx.set_choices(user, server, chosen)
        return await self._own(chosen, server, roles)

    async def _own(
        self, chosen: MemberChoices, server: ServerRef, roles: frozenset[str]
    ) -> OwnChoices:
        rules = await self.rules_of(server)
        return OwnChoices(chosen, rules.policy, rules.limits_for(roles))
