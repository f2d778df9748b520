"""How a job ends: its last status, its last line in the ledger and the message it owes, together or not at all."""

from datetime import datetime

from generation import ledger
from generation.charges import probably_charged
from generation.job import Artifact, Failure, Job
from generation.ports import Transaction
from generation.pricing import FREE, Micros


async def succeed(
    tx: Transaction, job: Job, artifact: Artifact, at: datetime, *, cost: Micros, engine: str | None
) -> Job:
    """The clip is kept: settle what it did cost."""
    ended = job.succeeded(artifact, cost, at, engine=engine)
    return await _end(tx, ended, was=job, entry=ledger.settle(ended, at), at=at)


async def fail(tx: Transaction, job: Job, failure: Failure, at: datetime, *, price: Micros) -> Job:
    """No clip: give the member's quota back, and of the money what the backend has probably not charged."""
    kept = probably_charged(job, failure, price)
    ended = job.failed(failure, at, cost=kept)
    return await _end(tx, ended, was=job, entry=ledger.refund(ended, at, kept), at=at)


async def cancel(tx: Transaction, job: Job, at: datetime, *, price: Micros = FREE) -> Job:
    """Nobody wants it any more: as :func:`fail`. ``price`` is that of the backend which has the job, if one has."""
    kept = probably_charged(job, None, price)
    ended = job.cancelled(at, cost=kept)
    return await _end(tx, ended, was=job, entry=ledger.refund(ended, at, kept), at=at)


async def _end(tx: Transaction, ended: Job, *, was: Job, entry: ledger.Entry, at: datetime) -> Job:
    await tx.save_job(ended, was=was)
    await tx.append(entry)
    delivery = await tx.delivery_of(ended.id)
    if delivery is not None:
        await tx.save_delivery(delivery.owed(at))
    return ended
