"""What the operator decides for all servers, and whether one more clip fits the budget. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.domain.pricing import FREE, Micros, Prices, money
from generation.domain.refs import ServerRef
from generation.protocol.errors import BudgetExhausted, BudgetTooSmall
from generation.rules.limits import NO_CEILING, Limits, SomeLimits, Usage, over
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.rules.standing import StoredRules


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """What the operator decides for all servers.

    Without ``allowed_servers`` every server is allowed, without a ``daily_budget`` every amount.
    ``backends`` are the names a job may go to, in order of preference; ``limits_of`` holds other
    defaults for some servers. ``ceilings`` are what no server's admins can go beyond,
    ``ceilings_of`` those that hold for some servers in their place.
    """

    backends: tuple[str, ...] = ()
    allowed_servers: frozenset[ServerRef] = frozenset()
    daily_budget: Micros | None = None
    default_limits: Limits = field(default_factory=Limits)
    limits_of: Mapping[ServerRef, Limits] = field(default_factory=dict)
    ceilings: SomeLimits = field(default_factory=dict)
    ceilings_of: Mapping[ServerRef, SomeLimits] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)

    def defaults_for(self, server: ServerRef) -> Limits:
        """The limits of a server whose admins have set none."""
        return self.limits_of.get(server, self.default_limits)

    def for_server(self, server: ServerRef, stored: StoredRules) -> ServerRules:
        """The rules of that server. What the operator has stored goes over the settings, and what
        is said of one server over what is said of all."""
        layers = (
            self.ceilings,
            stored.ceilings,
            self.ceilings_of.get(server),
            stored.own_ceilings,
        )
        return ServerRules(
            limits=stored.limits or self.defaults_for(server),
            ceiling=over(NO_CEILING, *(layer for layer in layers if layer)),
            policy=stored.policy or Policy(),
            pause=stored.pause,
        )

    def check_budget(self, usage: Usage, price: Micros) -> None:
        """Raise BudgetExhausted when ``price`` more would pass the daily budget, BudgetTooSmall
        when it would pass it on any day."""
        budget = self.daily_budget
        if budget is not None and price > budget:
            raise BudgetTooSmall(money(price))
        # a free clip passes even where the budget is spent
        if budget is not None and price > FREE and usage.all_spent_today + price > budget:
            raise BudgetExhausted(usage.all_resets_at)
