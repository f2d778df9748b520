"""What the operator decides for all servers, and which budgets a clip has to fit. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.domain.pricing import Micros, Prices
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.request import GenerationRequest
from generation.rules.limits import (
    NO_CEILING,
    Limits,
    SomeLimits,
    Usage,
    check_counts,
    check_shape,
    over,
)
from generation.rules.money.budgets import (
    Budget,
    budgets_of,
    check_affordable,
    check_budgets,
    operator_budgets,
)
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.rules.standing import StoredRules


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """What the operator decides for all servers.

    Without ``allowed_servers`` every server is allowed, without a
    ``daily_budget`` or ``monthly_budget`` every amount.
    ``backends`` are the names a job may go to, in order of preference; ``limits_of`` holds other
    defaults for some servers. ``ceilings`` are what no server's admins can go beyond,
    ``ceilings_of`` those that hold for some servers in their place.
    """

    backends: tuple[str, ...] = ()
    allowed_servers: frozenset[ServerRef] = frozenset()
    daily_budget: Micros | None = None
    monthly_budget: Micros | None = None
    default_limits: Limits = field(default_factory=Limits)
    limits_of: Mapping[ServerRef, Limits] = field(default_factory=dict)
    operators: frozenset[UserRef] = frozenset()
    """Members of chats who may do what the operator may do in a terminal."""
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

    def budgets(self, limits: Limits, usage: Usage) -> tuple[Budget, ...]:
        """Every budget that a clip has to fit, in the order in which they are checked: a member's
        and the server's by its limits, then the operator's."""
        own = operator_budgets(self.daily_budget, self.monthly_budget, usage)
        return (*budgets_of(limits, usage), *own)

    def check(
        self, limits: Limits, request: GenerationRequest, usage: Usage, price: Micros
    ) -> tuple[Budget, ...]:
        """Raise the first refusal of one more such request, which costs so much: what no waiting
        cures comes first, and money last. Returns the budgets that it fits."""
        budgets = self.budgets(limits, usage)
        check_shape(limits, request)
        check_affordable(budgets, price)
        check_counts(limits, usage)
        check_budgets(budgets, price)
        return budgets
