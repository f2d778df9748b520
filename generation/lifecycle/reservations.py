"""Money reserved before it is spent: at submission the lowest price of the clip, the rest when a
job goes to a backend that costs more.

Both count for the day of the submission, so a day's budget holds for that day's clips.
"""

from dataclasses import replace
from datetime import datetime

from generation.domain.job import Job
from generation.domain.pricing import FREE, Micros
from generation.ports import Store, Transaction
from generation.protocol.errors import Refused
from generation.rules import ledger
from generation.rules.operator_rules import OperatorRules


async def reserve_for(
    tx: Transaction, job: Job, price: Micros, rules: OperatorRules, *, at: datetime
) -> Job:
    """The job with that price reserved; the ledger gets the difference in the same transaction.

    Raises Refused where the server's or the operator's budget does not allow it.
    """
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return job
    server = job.channel.server
    # read in the transaction that reserves, so that two jobs never share the last of a budget
    usage = await tx.usage(server, job.requested_by, job.created_at)
    limits = await tx.limits_of(server) or rules.defaults_for(server)
    limits.check_price(job.request, usage, extra)
    rules.check_budget(usage, extra)
    paid = replace(job, reserved=price)
    await tx.append(ledger.reserve_more(paid, extra, at))
    return paid


async def refusal(store: Store, job: Job, price: Micros, rules: OperatorRules) -> Refused | None:
    """Why the job may not cost that price at present; None where it may. Nothing is reserved, so
    :func:`reserve_for` may still refuse it."""
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return None
    server = job.channel.server
    usage = await store.usage(server, job.requested_by, job.created_at)
    limits = await store.limits_of(server) or rules.defaults_for(server)
    try:
        limits.check_price(job.request, usage, extra)
        rules.check_budget(usage, extra)
    except Refused as error:
        return error
    return None
