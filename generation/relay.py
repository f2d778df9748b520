"""Brings outcomes to their channels, and progress while there is none yet.

What is owed is read from the store, so it survives us. Outcomes go before progress; of progress only the newest state
of a message is ever kept, and it is shown no more often than its platform allows.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from generation.clock import Deadline, sleep_or
from generation.delivery import Delivery, DeliveryStatus
from generation.errors import ArtifactMissing, DeliveryDelayed, DeliveryError, FlipbookError, RungFailed
from generation.job import Job, JobId
from generation.places import Platform
from generation.ports import ArtifactStore, Clock, Messenger, Observer, Parcel, Store
from generation.progress import Progress


@dataclass(frozen=True, slots=True)
class Post:
    """How the relay works, in seconds: the wait for a first answer, between looks, and between tries of a rung."""

    opening: float = 10.0
    tick: float = 1.0
    first_retry: float = 2.0
    longest_retry: float = 300.0
    tries_per_rung: int = 6
    at_once: int = 16
    settle: float = 6.0

    def before_try(self, attempts: int) -> float:
        """The pause after ``attempts`` failed tries of one rung."""
        return min(self.longest_retry, self.first_retry * 2.0 ** min(attempts, 16))


class Relay:
    """Delivers what is owed for as long as :meth:`run` runs."""

    def __init__(
        self,
        store: Store,
        messengers: Mapping[Platform, Messenger],
        artifacts: ArtifactStore,
        *,
        clock: Clock,
        observer: Observer,
        post: Post | None = None,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._artifacts = artifacts
        self._clock = clock
        self._observer = observer
        self._post = post or Post()
        self._newest: dict[JobId, tuple[Job, Progress]] = {}
        self._may_show_at: dict[JobId, datetime] = {}
        self._showing: set[JobId] = set()
        self._delivering: dict[JobId, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something may be owed now."""
        self._news.set()

    def progress(self, job: Job, progress: Progress) -> None:
        """Keep the newest progress of a job; it is shown when its message may be edited again."""
        if job.channel.server.platform in self._messengers:
            self._newest[job.id] = (job, progress)
            self._news.set()

    async def run(self) -> None:
        """Deliver until :meth:`stop` is called; then let what is on its way arrive."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._news.clear()
                await self._look(group)
                self._show_newest(group)
                await sleep_or(self._clock, self._seconds_to_next_look(), self._news)
            await self._settle()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopping = True
        self.wake()

    async def bring(self, job_id: JobId) -> Delivery | None:
        """Bring one job's outcome until it has arrived or no way is left; for a process that waits for its own job."""
        while True:
            job, delivery = await self._store.job(job_id), await self._store.delivery_of(job_id)
            if job is None or delivery is None or delivery.status is not DeliveryStatus.OWED:
                return delivery
            due = delivery.next_attempt_at or self._clock.now()
            await self._clock.sleep(max(0.0, (due - self._clock.now()).total_seconds()))
            await self._bring(job, delivery)

    # Outcomes ----------------------------------------------------------------------------------------------------

    async def _look(self, group: asyncio.TaskGroup) -> None:
        room = self._post.at_once - len(self._delivering)
        if room <= 0:
            return
        try:
            owed = await self._store.owed_deliveries(
                self._clock.now(), platforms=frozenset(self._messengers), limit=self._post.at_once + room
            )
        except FlipbookError as error:
            self._observer.trouble("looking for owed deliveries", error)
            return
        for job, delivery in owed[: self._post.at_once]:
            if job.id not in self._delivering:
                self._newest.pop(job.id, None)
                task = group.create_task(self._bring(job, delivery), name=f"deliver {job.id}")
                self._delivering[job.id] = task

    async def _bring(self, job: Job, delivery: Delivery) -> None:
        """One outcome: the only place that survives any error of one delivery."""
        try:
            moved = await self._try_rung(job, delivery)
        except FlipbookError as error:
            self._observer.trouble("delivering", error, job_id=job.id)
        except Exception as error:  # noqa: BLE001 - one delivery's failure is never another's
            self._observer.trouble("delivering", error, job_id=job.id)
            await self._put_off(delivery, DeliveryDelayed("an error of ours"), job)
        else:
            self._observer.delivery_moved(job, moved)
        finally:
            self._delivering.pop(job.id, None)
            self._may_show_at.pop(job.id, None)
            self.wake()

    async def _try_rung(self, job: Job, delivery: Delivery) -> Delivery:
        now = self._clock.now()
        opening_ends = delivery.opened_at + timedelta(seconds=self._post.opening)
        if delivery.message is None and now < opening_ends:
            again = min(opening_ends, now + timedelta(seconds=self._post.tick))
            return await self._change(delivery, lambda stored: replace(stored, next_attempt_at=again))
        rungs = self._rungs(delivery)
        rung = delivery.rung if delivery.rung is not None and delivery.rung in rungs else rungs[0]
        try:
            async with AsyncExitStack() as stack:
                parcel = Parcel(job, delivery, await self._clip(job, stack))
                note = _Notebook(self._store, delivery.job_id)
                message = await self._messenger(delivery).deliver(parcel, rung, note)
        except DeliveryDelayed as error:
            if delivery.attempts + 1 < self._post.tries_per_rung:
                return await self._put_off(delivery, error, job)
            return await self._step_down(delivery, rung, error)
        except RungFailed as error:
            return await self._step_down(delivery, rung, error)
        return await self._change(delivery, lambda stored: stored.sent(message, self._clock.now()))

    async def _put_off(self, delivery: Delivery, error: DeliveryDelayed, job: Job) -> Delivery:
        wait = max(error.retry_after or 0.0, self._post.before_try(delivery.attempts))
        self._observer.trouble("delivery put off", error, job_id=job.id)
        until = self._clock.now() + timedelta(seconds=wait)
        return await self._change(delivery, lambda stored: stored.delayed(until))

    async def _step_down(self, delivery: Delivery, rung: str, error: DeliveryError) -> Delivery:
        rungs = self._rungs(delivery)
        later = rungs[rungs.index(rung) + 1 :] if rung in rungs else rungs
        if not later:
            return await self._change(delivery, lambda stored: stored.abandoned(error.reason))
        now = self._clock.now()
        return await self._change(delivery, lambda stored: stored.stepped_down(later[0], error.reason, now))

    def _rungs(self, delivery: Delivery) -> list[str]:
        return list(self._messenger(delivery).rungs(delivery, self._clock.now()))

    def _messenger(self, delivery: Delivery) -> Messenger:
        return self._messengers[delivery.channel.server.platform]

    async def _change(self, delivery: Delivery, change: Callable[[Delivery], Delivery]) -> Delivery:
        """Change the delivery as it is stored now: the first answer may have been recorded meanwhile."""
        async with self._store.transaction() as tx:
            changed = change(await tx.delivery_of(delivery.job_id) or delivery)
            await tx.save_delivery(changed)
        return changed

    async def _clip(self, job: Job, stack: AsyncExitStack) -> Path | None:
        """The clip as a file; None where the job has none or it is gone (the message then says so)."""
        if job.artifact is None:
            return None
        try:
            return await stack.enter_async_context(self._artifacts.checkout(job.artifact))
        except ArtifactMissing as error:
            self._observer.trouble("finding a clip", error, job_id=job.id)
            return None

    async def _settle(self) -> None:
        tasks = list(self._delivering.values())
        try:
            async with Deadline(self._clock, self._post.settle):
                await asyncio.gather(*tasks, return_exceptions=True)
        except TimeoutError:
            for task in tasks:
                task.cancel()

    # Progress ----------------------------------------------------------------------------------------------------

    def _show_newest(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        for job_id in [j for j in self._newest if j not in self._showing and j not in self._delivering]:
            if now >= self._may_show_at.get(job_id, now):
                job, progress = self._newest.pop(job_id)
                self._showing.add(job_id)
                self._hold_back(job_id, self._messengers[job.channel.server.platform].seconds_between_edits)
                group.create_task(self._show(job, progress), name=f"show {job_id}")

    def _hold_back(self, job_id: JobId, seconds: float) -> None:
        self._may_show_at[job_id] = self._clock.now() + timedelta(seconds=seconds)

    async def _show(self, job: Job, progress: Progress) -> None:
        messenger = self._messengers[job.channel.server.platform]
        try:
            delivery = await self._store.delivery_of(job.id)
            if delivery is not None and delivery.status is DeliveryStatus.OPEN:
                await messenger.show(job, delivery, progress)
        except DeliveryDelayed as error:
            self._newest.setdefault(job.id, (job, progress))  # unless there is a newer state already
            self._hold_back(job.id, max(error.retry_after or 0.0, messenger.seconds_between_edits))
        except DeliveryError:
            pass  # the outcome finds its own way
        except Exception as error:  # noqa: BLE001 - showing progress may never stop the work
            self._observer.trouble("showing progress", error, job_id=job.id)
        finally:
            self._showing.discard(job.id)

    def _seconds_to_next_look(self) -> float:
        """Until the next message may be edited, at most one tick."""
        now = self._clock.now()
        waits = [(self._may_show_at.get(job_id, now) - now).total_seconds() for job_id in self._newest]
        return max(0.01, min([self._post.tick, *waits]))


class _Notebook:
    """Saves a messenger's note with its delivery."""

    def __init__(self, store: Store, job_id: JobId) -> None:
        self._store = store
        self._job_id = job_id

    async def __call__(self, note: str) -> None:
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(self._job_id)
            if delivery is not None:
                await tx.save_delivery(delivery.noted(note))
