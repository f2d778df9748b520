"""Money before it is spent: at the door the least that a clip may cost, the rest when a job goes where it costs more.

Both count for the day on which the clip was asked for, so a day's budget holds for the clips of that day.
"""

from dataclasses import replace
from datetime import datetime

from generation import ledger
from generation.errors import Refused
from generation.house_rules import HouseRules
from generation.job import Job
from generation.limits import Limits, Usage
from generation.ports import Store, Transaction
from generation.pricing import FREE, Micros


async def reserve_for(tx: Transaction, job: Job, price: Micros, rules: HouseRules, at: datetime) -> Job:
    """The job with enough reserved for that price; the ledger gets the difference in the same transaction.

    Raises LimitExceeded or BudgetExhausted where the server's or the operator's budget does not allow it.
    """
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return job
    server = job.channel.server
    usage = await tx.usage(server, job.requested_by, job.created_at)
    _check(rules, await tx.limits_of(server), job, usage, extra)
    paid = replace(job, reserved=price)
    await tx.append(ledger.reserve_more(paid, extra, at))
    return paid


async def refusal(store: Store, job: Job, price: Micros, rules: HouseRules) -> Refused | None:
    """Why the job may not cost so much, as far as a look can tell; None where it may."""
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return None
    server = job.channel.server
    usage = await store.usage(server, job.requested_by, job.created_at)
    try:
        _check(rules, await store.limits_of(server), job, usage, extra)
    except Refused as error:
        return error
    return None


def _check(rules: HouseRules, limits: Limits | None, job: Job, usage: Usage, extra: Micros) -> None:
    (limits or rules.defaults_for(job.channel.server)).check_price(job.request, usage, extra)
    rules.check_budget(usage, extra)
