"""What is allowed in a server: read by everyone, changed by its admins, each change audited."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.pricing import Micros
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.ports import Urgency
from generation.rules.audit import AuditEntry, difference
from generation.rules.limits import Limits, Usage, hour_resets_at
from generation.rules.money.budgets import Budget, operator_budgets
from generation.rules.policy import Policy
from generation.service.parts import ServicePart


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of a member, and what the member and the server have used of them.
    ``hour_resets_at`` is when the hourly limit has room again; None where it has room now."""

    limits: Limits
    usage: Usage
    hour_resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MoneyNow:
    """``reserved`` is what the jobs under way hold; ``budgets`` are the operator's."""

    reserved: Micros
    budgets: tuple[Budget, ...]


class Administration(ServicePart):
    """Limits and policy of a server."""

    async def limits_of(self, server: ServerRef) -> Limits:
        """The limits in force: the server's own, else the operator's defaults, and none beyond the
        ceilings."""
        return (await self.rules_of(server)).in_force

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

    async def audit_of(self, server: ServerRef, *, limit: int = 20) -> list[AuditEntry]:
        """Who changed what, newest first."""
        return await self._store.audit_of(server, limit=limit)

    async def quota(
        self, user: UserRef, server: ServerRef, *, roles: frozenset[str] = frozenset()
    ) -> Quota:
        """What a member with these roles has used and what is allowed."""
        now = self._clock.now()
        standing = await self._store.standing(server, user, now)
        limits = self._rules.for_server(server, standing.rules).limits_for(roles)
        most, used = limits.user_clips_per_hour, standing.usage.user_clips_this_hour
        if most is None or used < most:
            return Quota(limits, standing.usage)
        asked_at = await self._store.asked_lately(server, user, now)
        return Quota(limits, standing.usage, hour_resets_at(asked_at, most))

    async def money_now(self) -> MoneyNow:
        """What is reserved and what may still be spent, over all servers. Raises StoreError."""
        return MoneyNow(await self._store.reserved(), await self.operator_budgets())

    async def operator_budgets(self) -> tuple[Budget, ...]:
        """What the operator allows all servers together, and what is spent of it."""
        nobody, nowhere = UserRef(Platform.TERMINAL, ""), ServerRef(Platform.TERMINAL, "")
        usage = (await self._store.standing(nowhere, nobody, self._clock.now())).usage
        return operator_budgets(self._rules.daily_budget, self._rules.monthly_budget, usage)
