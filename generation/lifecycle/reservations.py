"""Money reserved before it is spent: at submission the lowest price of the clip, the rest when a
job goes to a backend that costs more.

Both count for the day of the submission, so a day's budget holds for that day's clips, whenever
they are settled.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from generation.domain.job import Job
from generation.domain.pricing import FREE, Micros
from generation.domain.refs import ServerRef
from generation.ports import Reads, Store, Transaction
from generation.protocol.errors import Refused
from generation.rules import ledger
from generation.rules.limits import day_of
from generation.rules.money.budgets import Budget, check_budgets
from generation.rules.money.notices import budget_notices
from generation.rules.operator_rules import OperatorRules


async def reserve_for(
    tx: Transaction, job: Job, backend: str, rules: OperatorRules, *, at: datetime
) -> Job:
    """The job with its price at that backend reserved; the ledger gets the difference in the same
    transaction.

    Raises Refused where a budget does not allow it.
    """
    price = _price(job, backend, rules)
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return job
    # read in the transaction that reserves, so that two jobs never share the last of a budget
    budgets = await _budgets(tx, job, rules)
    _check(budgets, job, price)
    paid = replace(job, reserved=price, reserved_for=backend)
    await tx.append(ledger.reserve_more(paid, extra, at))
    await tell_of_budgets(tx, job.channel.server, (b.with_more(extra) for b in budgets), price, at)
    return paid


async def refusal(store: Store, job: Job, backend: str, rules: OperatorRules) -> Refused | None:
    """Why the job may not cost its price at that backend at present; None where it may. Nothing is
    reserved, so :func:`reserve_for` may still refuse it."""
    price = _price(job, backend, rules)
    if price <= job.reserved:
        return None
    try:
        _check(await _budgets(store, job, rules), job, price)
    except Refused as error:
        return error
    return None


async def budgets_after_settlement(
    tx: Transaction, ended: Job, rules: OperatorRules
) -> tuple[Budget, ...]:
    """The budgets as they will be once the job's end is booked, where it has cost more than was
    reserved; else none, and nothing is read."""
    if ended.cost is None or ended.cost <= ended.reserved:
        return ()
    more = Micros(ended.cost - ended.reserved)
    return tuple(each.with_more(more) for each in await _budgets(tx, ended, rules))


async def tell_of_budgets(
    tx: Transaction, server: ServerRef, budgets: Iterable[Budget], price: Micros, at: datetime
) -> None:
    """Owe a notice for each budget that is nearly spent, or spent, after a clip of that price was
    reserved. In the transaction that reserves, so that each is told once."""
    for notice in budget_notices(server, budgets, price, at):
        await tx.add_notice(notice)


def _check(budgets: Iterable[Budget], job: Job, price: Micros) -> None:
    # the whole price, because a refusal names it; so what is reserved of it is not spent yet
    check_budgets([each.with_more(Micros(-job.reserved)) for each in budgets], price)


async def _budgets(reads: Reads, job: Job, rules: OperatorRules) -> tuple[Budget, ...]:
    server = job.channel.server
    # of the day that its lines in the ledger count for
    day = job.day or day_of(job.created_at)
    standing = await reads.standing(server, job.requested_by, job.created_at, day=day)
    limits = rules.for_server(server, standing.rules).in_force
    return rules.budgets(limits, standing.usage)


def _price(job: Job, backend: str, rules: OperatorRules) -> Micros:
    # estimated once: what was let in does not wait for money because clips have become slower since
    if job.reserved_for == backend and rules.prices.is_estimate(job.request, backend):
        return job.reserved
    return rules.prices.of(job.request, backend)
