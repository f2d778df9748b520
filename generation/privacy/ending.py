"""Ends a job that nobody waits for any more."""

from datetime import datetime

from generation.domain.job import Job, JobStatus
from generation.lifecycle import completion
from generation.ports import Transaction


async def end(tx: Transaction, found: Job, at: datetime) -> Job | None:
    """Cancel a job: at once where it waits, else as soon as its backend agrees; the job where it
    has ended."""
    job = await tx.job(found.id)
    if job is None or job.status.is_final:
        return None
    if job.status is JobStatus.PENDING:
        return await completion.cancel(tx, job.cancel(), at)
    await tx.request_cancel(job.id)
    return None
