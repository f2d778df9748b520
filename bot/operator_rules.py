"""The operator's rules, as the settings give them."""

from typing import Final

from adapters.terminal.messenger import LOCAL_SERVER
from bot.settings import Settings
from generation.domain.pricing import micros
from generation.rules.limits import NO_CEILING, Limits
from generation.rules.operator_rules import OperatorRules

_TERMINAL_LIMITS: Final = Limits(
    user_clips_per_day=None,
    server_clips_per_day=None,
    user_active_jobs=1000,
    server_active_jobs=1000,
    server_budget_per_day=None,
)


def operator_rules(settings: Settings) -> OperatorRules:
    """The operator's rules for all servers. The terminal has no quotas and no
    ceilings, but shares the budget."""
    # a list of servers would otherwise lock the operator's own terminal out
    allowed = settings.allowed_servers | {LOCAL_SERVER} if settings.allowed_servers else frozenset()
    return OperatorRules(
        backends=tuple(settings.preferred_backends),
        allowed_servers=allowed,
        daily_budget=micros(settings.daily_budget),
        monthly_budget=None if settings.monthly_budget is None else micros(settings.monthly_budget),
        default_limits=settings.default_limits,
        limits_of={LOCAL_SERVER: _TERMINAL_LIMITS},
        operators=settings.operators,
        ceilings=settings.ceilings,
        ceilings_of={**settings.ceilings_of, LOCAL_SERVER: NO_CEILING.model_dump()},
        prices=settings.prices,
    )
