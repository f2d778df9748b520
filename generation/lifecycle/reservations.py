"""Money reserved before it is spent: at submission the lowest price of the clip, the rest when a
job goes to a backend that costs more.

Both count for the day of the submission, so a day's budget holds for that day's clips.
"""

from dataclasses import replace
from datetime import datetime

from generation.domain.job import Job
from generation.domain.pricing import FREE, Micros
from generation.ports import Reads, Store, Transaction
from generation.protocol.errors import Refused
from generation.rules import ledger
from generation.rules.limits import check_price, day_of
from generation.rules.operator_rules import OperatorRules


async def reserve_for(
    tx: Transaction, job: Job, backend: str, rules: OperatorRules, *, at: datetime
) -> Job:
    """The job with its price at that backend reserved; the ledger gets the difference in the same
    transaction.

    Raises Refused where the server's or the operator's budget does not allow it.
    """
    price = _price(job, backend, rules)
    extra = Micros(price - job.reserved)
    if extra <= FREE:
        return job
    # read in the transaction that reserves, so that two jobs never share the last of a budget
    await _check(tx, job, extra, rules)
    paid = replace(job, reserved=price, reserved_for=backend)
    await tx.append(ledger.reserve_more(paid, extra, at))
    return paid


async def refusal(store: Store, job: Job, backend: str, rules: OperatorRules) -> Refused | None:
    """Why the job may not cost its price at that backend at present; None where it may. Nothing is
    reserved, so :func:`reserve_for` may still refuse it."""
    extra = Micros(_price(job, backend, rules) - job.reserved)
    if extra <= FREE:
        return None
    try:
        await _check(store, job, extra, rules)
    except Refused as error:
        return error
    return None


async def _check(reads: Reads, job: Job, extra: Micros, rules: OperatorRules) -> None:
    server = job.channel.server
    # of the day that its lines in the ledger count for
    day = job.day or day_of(job.created_at)
    standing = await reads.standing(server, job.requested_by, job.created_at, day=day)
    limits = rules.for_server(server, standing.rules).in_force
    check_price(limits, job.request, standing.usage, extra)
    rules.check_budget(standing.usage, extra)


def _price(job: Job, backend: str, rules: OperatorRules) -> Micros:
    # estimated once: what was let in does not wait for money because clips have become slower since
    if job.reserved_for == backend and rules.prices.is_estimate(job.request, backend):
        return job.reserved
    return rules.prices.of(job.request, backend)
