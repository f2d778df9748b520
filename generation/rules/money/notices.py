"""Who is told that a budget is nearly spent, or spent: the server's admins and the operator, once
for each budget, period and threshold."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.pricing import Micros, money
from generation.domain.refs import ServerRef
from generation.rules.money.budgets import Budget, BudgetScope

_ONE_SERVER = "one_server"
"""A server's budget, as the operator reads of it."""


def budget_notices(
    server: ServerRef, budgets: Iterable[Budget], price: Micros, at: datetime
) -> Iterator[Notice]:
    """What is to be told, by budgets as they are after a clip of that price was reserved.

    A member's own budget is told to nobody: it is shown to the member who asks.
    """
    for budget in budgets:
        percent = budget.threshold(price)
        if percent is None or budget.scope is BudgetScope.MEMBER:
            continue
        is_servers = budget.scope is BudgetScope.SERVER
        details = {
            "scope": budget.scope.value,
            "period": budget.period.value,
            "percent": str(percent),
            "spent": money(budget.spent),
            "budget": money(budget.most),
            "resets_at": budget.resets_at.isoformat(),
        }
        whose = str(server) if is_servers else budget.scope.value
        key = f"budget:{whose}:{budget.period}:{budget.began}:{percent}"
        notice = Notice(
            key=f"{key}:{Audience.OPERATOR}",
            server=server,
            audience=Audience.OPERATOR,
            kind=NoticeKind.BUDGET,
            details=details | ({"scope": _ONE_SERVER, "server": str(server)} if is_servers else {}),
            created_at=at,
        )
        yield notice
        if is_servers:
            told = Audience.LOG_CHANNEL
            yield replace(notice, key=f"{key}:{told}", audience=told, details=details)
