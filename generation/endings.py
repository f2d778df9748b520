"""How a job ends: its last status, its last line in the ledger and the message it owes, together or not at all."""

from datetime import datetime

from generation import ledger
from generation.job import Artifact, Failure, FailureKind, Job
from generation.ports import Transaction
from generation.pricing import Micros


async def succeed(
    tx: Transaction, job: Job, artifact: Artifact, at: datetime, *, cost: Micros, engine: str | None
) -> Job:
    """The clip is kept: settle what it did cost."""
    ended = job.succeeded(artifact, cost, at, engine=engine)
    return await _end(tx, ended, was=job, entry=ledger.settle(ended, at), at=at)


async def fail(tx: Transaction, job: Job, failure: Failure, at: datetime, *, price: Micros) -> Job:
    """No clip: give back what was reserved, except ``price`` where the backend may have taken it unheard."""
    ended = job.failed(failure, at)
    unknown = failure.kind is FailureKind.OUTCOME_UNKNOWN
    entry = ledger.refund_member_only(ended, at, price) if unknown else ledger.refund(ended, at)
    return await _end(tx, ended, was=job, entry=entry, at=at)


async def cancel(tx: Transaction, job: Job, at: datetime) -> Job:
    """Nobody wants it any more: give back what was reserved."""
    ended = job.cancelled(at)
    return await _end(tx, ended, was=job, entry=ledger.refund(ended, at), at=at)


async def _end(tx: Transaction, ended: Job, *, was: Job, entry: ledger.Entry, at: datetime) -> Job:
    await tx.save_job(ended, was=was)
    await tx.append(entry)
    delivery = await tx.delivery_of(ended.id)
    if delivery is not None:
        await tx.save_delivery(delivery.owed(at))
    return ended
