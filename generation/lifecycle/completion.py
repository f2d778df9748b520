"""Saves what becomes of a job: each status change in one transaction with its line in the ledger
and, at the end, with the delivery that is then due.

fal bills by the second of rendering and nothing for an input that it refuses (422). It never
reports what it has billed, so a job that has begun to render there counts as charged, however it
ends.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from generation.domain.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus
from generation.domain.pricing import FREE, Micros
from generation.lifecycle import reservations
from generation.lifecycle.failures import without_prompt
from generation.ports import Lease, Observer, Store, Transaction, Wake
from generation.protocol.clock import Clock
from generation.protocol.errors import StaleJob, StorageFull, StoreBusy
from generation.rules import ledger
from generation.rules.operator_rules import OperatorRules

_RECENT_CLIPS: Final = 200
"""As many as :class:`generation.domain.money.measured_seconds.MeasuredSeconds` keeps."""
_INPUT_REFUSED: Final = frozenset({FailureKind.REJECTED, FailureKind.CONTENT, FailureKind.WITHHELD})
_RENDERED: Final = frozenset(
    {FailureKind.RESULT_LOST, FailureKind.CORRUPT_VIDEO, FailureKind.STORAGE_FULL}
)


class JobWriter:
    """Saves the status changes of jobs for one process, and reports each to the observer.

    ``owner`` is the name on its leases, ``ended`` wakes the delivery. ``keeps_waiting_jobs`` is for
    a process that runs its own jobs only: it keeps their leases between two attempts. Every method
    raises StoreError when nothing could be saved.
    """

    def __init__(
        self,
        store: Store,
        rules: OperatorRules,
        *,
        owner: str,
        clock: Clock,
        observer: Observer,
        ended: Wake,
        lease_seconds: float = 30.0,
        keeps_waiting_jobs: bool = False,
    ) -> None:
        self._store = store
        self._rules = rules
        self._owner = owner
        self._clock = clock
        self._observer = observer
        self._ended = ended
        self._lease_seconds = lease_seconds
        self._keeps_waiting_jobs = keeps_waiting_jobs

    def lease(self) -> Lease:
        """A lease from now on in this owner's name."""
        return Lease(self._owner, self._clock.now(), self._lease_seconds)

    async def claim(self, job: Job, backend: str) -> Job:
        """SUBMITTING at that backend: held by this owner, with its price there reserved.

        Raises StaleJob when another process holds it, Refused when its price is not allowed.
        """
        now = self._clock.now()  # one moment for the lease, the ledger and the job
        async with self._transaction() as tx:
            if not await tx.claim(job.id, self.lease(), now):
                raise StaleJob(job.id)
            # the money and the status together: a process that dies here has neither, or both
            paid = await reservations.reserve_for(tx, job, backend, self._rules, at=now)
            submitting = paid.submitting(backend, now)
            await tx.save_job(submitting, was=job)
        return self._moved(submitting)

    async def save(self, job: Job, *, was: Job) -> Job:
        """Save a status change that neither ends the job nor returns it to PENDING."""
        async with self._transaction() as tx:
            await tx.save_job(job, was=was)
        return self._moved(job)

    async def requeue(self, waiting: Job, *, was: Job) -> Job:
        """PENDING until the job's next attempt, or CANCELLED where that was asked for meanwhile."""
        async with self._transaction() as tx:
            # read before it is overwritten: the member may have cancelled while the attempt ran
            stored = await tx.job(waiting.id)
            await tx.save_job(waiting, was=was)
            if stored is not None and stored.cancel_requested:
                waiting = await cancel(tx, waiting, self._clock.now())
            # free for every process: another one may reach the backend that this one cannot
            elif not self._keeps_waiting_jobs:
                await tx.release(waiting.id, self._owner)
        return self._moved(waiting)

    async def succeed(self, job: Job, artifact: Artifact, engine: str | None) -> Job:
        """SUCCEEDED: the clip is kept; ``engine`` made it."""
        # the job may have been reserved at another backend's price
        price = self._cost(job)
        async with self._transaction() as tx:
            now = self._clock.now()
            ended = job.succeeded(artifact, price, now, engine=engine)
            await self._end(tx, ended, was=job, entry=ledger.settle(ended, now))
        self._learn(ended)
        return self._moved(ended)

    async def fail(self, job: Job, failure: Failure) -> Job:
        """FAILED: there will be no clip."""
        async with self._transaction() as tx:
            ended = await self._fail(tx, job, failure)
        return self._moved(ended)

    async def abort(self, job_id: JobId) -> Job | None:
        """FAILED because of a bug, from whichever step was saved last; None where the job has ended
        already."""
        async with self._transaction() as tx:
            job = await tx.job(job_id)
            if job is None or job.status.is_final:
                return None
            # a submission that we cannot follow may have been accepted and paid for
            unknown = job.status is JobStatus.SUBMITTING
            kind = FailureKind.OUTCOME_UNKNOWN if unknown else FailureKind.INTERNAL
            # no detail: the log has the traceback
            ended = await self._fail(tx, job, Failure(kind, "see the log"))
        return self._moved(ended)

    async def cancel(self, job: Job) -> Job:
        """CANCELLED, as the member has asked."""
        async with self._transaction() as tx:
            ended = await cancel(tx, job, self._clock.now(), price=self._cost(job))
        return self._moved(ended)

    async def _fail(self, tx: Transaction, job: Job, failure: Failure) -> Job:
        # failures are stored in the clear; prompts are not
        failure, now = without_prompt(failure, job), self._clock.now()
        charged = probably_charged(job, failure, self._cost(job))
        ended = job.failed(failure, now, cost=charged)
        await self._end(tx, ended, was=job, entry=ledger.refund(ended, now, charged))
        return ended

    async def _end(self, tx: Transaction, ended: Job, *, was: Job, entry: ledger.Entry) -> None:
        await tx.save_job(ended, was=was)
        # after the job and before the totals, in the order in which reservations take their locks
        budgets = await reservations.budgets_after_settlement(tx, ended, self._rules)
        await _book(tx, ended, entry)
        price = Micros(ended.cost or FREE)
        await reservations.tell_of_budgets(tx, ended.channel.server, budgets, price, entry.at)

    async def learn_from_recent_clips(self) -> None:
        """Learn how long clips render from those made before, for prices by the second. Raises
        StoreError."""
        for job in await self._store.recent_clips(limit=_RECENT_CLIPS):
            self._learn(job)

    def _learn(self, job: Job) -> None:
        if job.seconds is not None:
            self._rules.prices.measured.learn(job.backend or "", job.request, job.seconds)

    def _cost(self, job: Job) -> Micros:
        """What the backend that has the job charges, as far as it is known; nothing where none has
        had it."""
        return self._rules.prices.cost(job.request, job.backend or "", job.seconds)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        try:
            async with self._store.transaction() as tx:
                yield tx
        except StorageFull as error:
            # a full disk under the database counts as busy: the clip is not at fault, and goes on
            # later
            raise StoreBusy(str(error)) from error

    def _moved(self, job: Job) -> Job:
        self._observer.job_moved(job)
        if job.status.is_final:
            self._ended()
        return job


async def cancel(tx: Transaction, job: Job, at: datetime, *, price: Micros = FREE) -> Job:
    """CANCELLED within a transaction: the quota is given back, and of the money what the backend
    has probably not charged. ``price`` is that of the backend which has the job, if one has."""
    charged = probably_charged(job, None, price)
    ended = job.cancelled(at, cost=charged)
    await tx.save_job(ended, was=job)
    await _book(tx, ended, ledger.refund(ended, at, charged))
    return ended


async def _book(tx: Transaction, ended: Job, entry: ledger.Entry) -> None:
    # ledger and job in one transaction, so that money is given back exactly once
    await tx.append(entry)
    # the outcome is due from the same moment on, so that a restart delivers it
    delivery = await tx.delivery_of(ended.id)
    if delivery is not None:
        await tx.save_delivery(delivery.owed(entry.at))


def probably_charged(job: Job, failure: Failure | None, price: Micros) -> Micros:
    """How much of the price at the job's backend has probably been charged. ``failure`` is None for
    a cancelled job."""
    return price if _is_charged(job, failure.kind if failure else None) else FREE


def _is_charged(job: Job, kind: FailureKind | None) -> bool:
    if kind is FailureKind.OUTCOME_UNKNOWN:
        return True
    if kind is FailureKind.RESTORED:
        # since the backup it was made and paid for, wherever it had been sent
        return job.status is not JobStatus.PENDING
    if job.handle is None or kind in _INPUT_REFUSED:
        return False  # never accepted, or refused for its input
    # a result that is lost or damaged was rendered, even if we never saw it run
    return kind in _RENDERED or job.started_at is not None
