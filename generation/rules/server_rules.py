"""The rules of one server in their layers: what its admins have set, the operator's ceilings, what
is in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from generation.rules.limits import (
    BUDGETS,
    NO_CEILING,
    LimitName,
    Limits,
    most_generous,
    narrowest,
    over,
)
from generation.rules.limits.layers import COUNTS
from generation.rules.pause import Pause
from generation.rules.policy import Policy

_UNCOUNTED: Final = {name.value: getattr(NO_CEILING, name.value) for name in COUNTS}


@dataclass(frozen=True)
class ServerRules:
    """``limits`` are those that the server's admins have set, or its defaults; ``ceiling`` is what
    the operator allows at most. A lower ceiling acts at once, and what was set comes back with a
    higher one."""

    limits: Limits
    ceiling: Limits = NO_CEILING
    policy: Policy = field(default_factory=Policy)
    pause: Pause | None = None

    @cached_property
    def in_force(self) -> Limits:
        """The limits of members without a role of their own."""
        return narrowest(self.limits, self.ceiling)

    def limits_for(self, roles: frozenset[str]) -> Limits:
        """The limits of a member with these roles: of each limit the most generous of the roles'
        quotas, else the server's; an exempt role is not counted. Budgets are the same for all, and
        nothing is beyond the ceiling."""
        policy = self.policy
        if not roles or not (policy.role_limits or policy.exempt_roles):
            return self.in_force
        mine = [quota for role, quota in policy.role_limits.items() if role in roles]
        quotas = most_generous(mine)
        quotas = {name: value for name, value in quotas.items() if name not in BUDGETS}
        exempt = _UNCOUNTED if roles & policy.exempt_roles else {}
        return narrowest(over(self.limits, quotas, exempt), self.ceiling)

    def changed(self, changes: Mapping[str, object], now: datetime) -> "ServerRules":
        """The same with some fields of the limits and the policy changed. Raises InvalidRequest
        naming each that is wrong."""
        limits = {name: value for name, value in changes.items() if name in Limits.model_fields}
        rules = {name: value for name, value in changes.items() if name not in limits}
        return replace(
            self,
            limits=self.limits.changed(limits) if limits else self.limits,
            policy=self.policy.changed(rules, now) if rules else self.policy,
        )

    def is_capped(self, name: LimitName) -> bool:
        """Whether the operator's ceiling allows less than what is set."""
        return bool(getattr(self.limits, name.value) != getattr(self.in_force, name.value))
