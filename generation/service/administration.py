"""What is allowed in a server: read by everyone, changed by its admins, each change audited."""

from collections.abc import Mapping

from generation.domain.refs import ServerRef, UserRef
from generation.ports import Urgency
from generation.rules.audit import AuditEntry, difference
from generation.rules.limits import Limits
from generation.rules.policy import Policy
from generation.service.parts import ServicePart


class Administration(ServicePart):
    """Limits and policy of a server."""

    async def limits_of(self, server: ServerRef) -> Limits:
        """The limits in force: the server's own, else the operator's defaults, and none beyond the
        ceilings."""
        return (await self.rules_of(server)).in_force

    async def set_limits(
        self, server: ServerRef, changes: Mapping[str, object], *, by: UserRef
    ) -> Limits:
        """Change some limits and write an audit entry. Raises InvalidRequest naming the limit that
        is wrong."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.limits_of(server) or self._rules.defaults_for(server)
            after = before.changed(changes)
            entry = AuditEntry(server, by, self._clock.now(), "limits", *difference(before, after))
            await tx.set_limits(server, after, entry)
        return after

    async def reset_limits(self, server: ServerRef, *, by: UserRef) -> Limits:
        """Go back to the operator's defaults."""
        defaults = self._rules.defaults_for(server)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            changes = difference(await tx.limits_of(server) or defaults, defaults)
            entry = AuditEntry(server, by, self._clock.now(), "limits", *changes)
            await tx.set_limits(server, None, entry)
        return defaults

    async def policy_of(self, server: ServerRef) -> Policy:
        """The server's rules on channels, members and terms."""
        return await self._store.policy_of(server) or Policy()

    async def set_policy(self, server: ServerRef, policy: Policy, *, by: UserRef) -> Policy:
        """Change the server's rules on channels, members and terms, and write an audit entry."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.policy_of(server) or Policy()
            changes = difference(before, policy)
            entry = AuditEntry(server, by, self._clock.now(), "policy", *changes)
            await tx.set_policy(server, policy, entry)
        return policy

    async def audit_of(self, server: ServerRef, *, limit: int = 20) -> list[AuditEntry]:
        """Who changed what, newest first."""
        return await self._store.audit_of(server, limit=limit)
