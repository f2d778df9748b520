"""What the operator decides for all servers, and whether one more price fits it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.errors import BudgetExhausted
from generation.limits import Limits, Usage
from generation.places import ServerRef
from generation.pricing import FREE, Micros, Prices


@dataclass(frozen=True, slots=True)
class HouseRules:
    """What the operator decides for all servers.

    ``allowed_servers`` empty means every server; ``daily_budget`` None means without ceiling; ``backends`` are the
    names a job may go to, in order of preference; ``limits_of`` holds defaults of their own for some servers.
    """

    backends: tuple[str, ...] = ()
    allowed_servers: frozenset[ServerRef] = frozenset()
    daily_budget: Micros | None = None
    default_limits: Limits = field(default_factory=Limits)
    limits_of: Mapping[ServerRef, Limits] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)

    def defaults_for(self, server: ServerRef) -> Limits:
        """The limits of a server whose admins have set none."""
        return self.limits_of.get(server, self.default_limits)

    def check_budget(self, usage: Usage, price: Micros) -> None:
        """Raise BudgetExhausted when so much more would pass the daily budget over all servers."""
        budget = self.daily_budget
        if budget is not None and price > FREE and usage.all_spent_today + price > budget:
            raise BudgetExhausted(usage.resets_at)
