"""What is left of quotas and budgets, for the members and the operator who ask."""

from dataclasses import dataclass
from datetime import datetime

from generation.domain.pricing import Micros
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.rules.budgets import Budget, operator_budgets
from generation.rules.limits import Limits, Usage, hour_resets_at
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


class Money(ServicePart):
    """What is left."""

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
