"""Brings outcomes to their channels, and progress while there is none yet.

What is owed is read from the store, so it survives us; it is claimed there, so that of several processes one brings it.
Of an outcome and progress of the same job only one is ever on its way, so that the outcome is what stays.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from generation.claims import Claims
from generation.clip_links import ClipLinks
from generation.clock import Deadline, sleep_or
from generation.delivery import Delivery, DeliveryStatus
from generation.errors import (
    ArtifactError,
    ArtifactMissing,
    DeliveryDelayed,
    DeliveryError,
    FlipbookError,
    RungFailed,
    StaleJob,
    StorageFull,
    StoreError,
)
from generation.job import Job, JobId
from generation.places import MessageRef, Platform
from generation.ports import ArtifactStore, Clock, Messenger, Observer, Parcel, Store
from generation.progress import Progress
from generation.showing import Showing


@dataclass(frozen=True, slots=True)
class Post:
    """How the relay works, in seconds: the wait for a first answer, between looks, and between tries of a rung.

    ``breath`` is the least time between two looks, ``keeps_trying`` how long a way is looked for while all of them have
    to wait, ``showing`` how long one edit of progress may take, ``lease`` how long an outcome stays ours without
    another word.
    """

    opening: float = 10.0
    tick: float = 1.0
    breath: float = 0.05
    first_retry: float = 2.0
    longest_retry: float = 300.0
    tries_per_rung: int = 8
    keeps_trying: float = 3 * 24 * 3600.0
    showing: float = 20.0
    at_once: int = 16
    settle: float = 5.0
    lease: float = 30.0

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
        owner: str,
        clock: Clock,
        observer: Observer,
        post: Post | None = None,
        links: ClipLinks | None = None,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._artifacts = artifacts
        self._clock = clock
        self._observer = observer
        self._post = post or Post()
        self._claims = Claims(store, owner, clock=clock, seconds=self._post.lease)
        self._links = links
        self._showing = Showing(
            store, messengers, clock=clock, observer=observer, shown=self._shown, longest=self._post.showing
        )
        self._held_up: set[JobId] = set()
        self._delivering: dict[JobId, asyncio.Task[None]] = {}
        self._delayed_since: dict[JobId, datetime] = {}
        self._news = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """Something may be owed now."""
        self._news.set()

    def progress(self, job: Job, progress: Progress) -> None:
        """Keep the newest progress of a job; it is shown when its message may be edited again."""
        self._showing.keep(job, progress)

    async def run(self) -> None:
        """Deliver until :meth:`stop` is called; then let what is on its way arrive."""
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._showing.run(), name="progress")
            try:
                while not self._stopped.is_set():
                    self._news.clear()
                    await self._look(group)
                    await sleep_or(self._clock, self._post.breath, self._stopped)
                    await sleep_or(self._clock, self._post.tick, self._news)
            finally:
                showing.cancel()
            await self._settle()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped.set()
        self.wake()

    async def bring(self, job_id: JobId) -> Delivery | None:
        """Bring one job's outcome until it has arrived or no way is left; for a process that waits for its own job."""
        while True:
            job, delivery = await self._store.job(job_id), await self._store.delivery_of(job_id)
            if job is None or delivery is None or delivery.status is not DeliveryStatus.OWED:
                return delivery
            due = delivery.next_attempt_at or self._clock.now()
            await self._clock.sleep(max(0.0, (due - self._clock.now()).total_seconds()))
            if not await self._bring(job):
                await self._clock.sleep(self._post.tick)  # another process holds it, or the database is out of reach

    async def _look(self, group: asyncio.TaskGroup) -> None:
        if self._delivering or self._held_up:
            with self._surviving("keeping outcomes"):
                await self._claims.keep()
        room = self._post.at_once - len(self._delivering)
        if room <= 0:
            return
        try:
            due = await self._claims.due(frozenset(self._messengers), self._post.at_once + room)
        except FlipbookError as error:
            self._observer.trouble("looking for owed deliveries", error)
            return
        for job in due:
            self._showing.forget(job.id)
            if self._showing.is_showing(job.id):
                await self._hold_up(job.id)
            elif job.id not in self._delivering and len(self._delivering) < self._post.at_once:
                self._delivering[job.id] = group.create_task(self._deliver_one(job), name=f"deliver {job.id}")

    async def _hold_up(self, job_id: JobId) -> None:
        """Keep the outcome until our own edit of the message is over: another process knows nothing of that edit."""
        if job_id not in self._held_up:
            self._held_up.add(job_id)
            with self._surviving("claiming an outcome", job_id):
                await self._claims.take(job_id)

    def _shown(self, job_id: JobId) -> None:
        """The job's message is free; that matters only where an outcome waits for it."""
        if job_id in self._held_up:
            self._held_up.discard(job_id)
            self.wake()

    async def _deliver_one(self, job: Job) -> None:
        try:
            await self._bring(job)
        finally:
            self._delivering.pop(job.id, None)
            self.wake()

    async def _bring(self, job: Job) -> bool:
        """One outcome's next step, if it is ours to take: the only place that survives any error of one delivery."""
        try:
            delivery = await self._claims.take(job.id)  # the look may have seen what has arrived since
            if delivery is None:
                return False
            moved = await self._next_step(job, delivery)
        except Exception as error:  # noqa: BLE001 - one delivery's failure is never another's
            self._observer.trouble("delivering", error, job_id=job.id)
            await self._clock.sleep(self._post.first_retry)  # what could not even be saved would fail again at once
            return True
        if moved.status is not DeliveryStatus.OWED:
            self._delayed_since.pop(job.id, None)
        self._observer.delivery_moved(job, moved)
        return True

    async def _next_step(self, job: Job, delivery: Delivery) -> Delivery:
        opening_ends = delivery.opened_at + timedelta(seconds=self._post.opening)
        if delivery.message is None and self._clock.now() < opening_ends:
            waiting = replace(delivery, next_attempt_at=opening_ends)
            return await self._claims.settle(delivery, lambda stored: stored if stored.message else waiting)
        rungs = self._rungs(delivery)
        rung = delivery.rung if delivery.rung is not None and delivery.rung in rungs else rungs[0]
        try:
            message = await self._deliver(job, delivery, rung)
        except RungFailed as error:
            return await self._step_down(delivery, rung, error)
        except DeliveryDelayed as error:
            self._observer.trouble("delivery put off", error, job_id=job.id)
            return await self._again_later(job, delivery, rung, error)
        return await self._arrived(delivery, message)

    async def _deliver(self, job: Job, delivery: Delivery, rung: str) -> MessageRef | None:
        """Try that rung. Raises DeliveryDelayed or RungFailed, and nothing else of what a messenger may meet."""
        try:
            async with AsyncExitStack() as stack:
                video = await self._clip(job, stack)
                link = self._links.to(job.id) if self._links is not None and video is not None else None
                parcel = Parcel(job, delivery, video, link)
                return await self._messenger(delivery).deliver(parcel, rung, partial(self._claims.note, job.id))
        except DeliveryError:
            raise
        except ArtifactError as error:
            raise DeliveryDelayed("the clip cannot be read at the moment") from error
        except Exception as error:
            self._observer.trouble("delivering", error, job_id=job.id)
            raise DeliveryDelayed("an error of ours") from error

    async def _arrived(self, delivery: Delivery, message: MessageRef | None) -> Delivery:
        """Save that it has arrived, however long the database needs: forgotten, it would be sent once more."""
        tries = 0
        while True:
            try:
                return await self._claims.settle(delivery, lambda stored: stored.sent(message, self._clock.now()))
            except StaleJob:
                raise
            except (StoreError, StorageFull) as error:
                self._observer.trouble("saving a delivery", error, job_id=delivery.job_id)
            await self._clock.sleep(self._post.before_try(tries))
            tries += 1

    async def _again_later(self, job: Job, delivery: Delivery, rung: str, error: DeliveryDelayed) -> Delivery:
        """The same rung again; after many tries the next one; after the last the first, until days have passed."""
        now = self._clock.now()
        since = self._delayed_since.setdefault(job.id, now)
        if now >= since + timedelta(seconds=self._post.keeps_trying):
            return await self._claims.settle(delivery, lambda stored: stored.abandoned(error.reason))
        if delivery.attempts + 1 < self._post.tries_per_rung:
            wait = max(error.retry_after or 0.0, self._post.before_try(delivery.attempts))
            return await self._claims.settle(delivery, lambda stored: stored.delayed(now + timedelta(seconds=wait)))
        if self._later_rungs(delivery, rung):
            return await self._step_down(delivery, rung, error)
        wait = max(error.retry_after or 0.0, self._post.longest_retry)
        return await self._claims.settle(
            delivery, lambda stored: stored.from_the_first_rung(now + timedelta(seconds=wait))
        )

    async def _step_down(self, delivery: Delivery, rung: str, error: DeliveryError) -> Delivery:
        later = self._later_rungs(delivery, rung)
        if not later:
            return await self._claims.settle(delivery, lambda stored: stored.abandoned(error.reason))
        now = self._clock.now()
        return await self._claims.settle(delivery, lambda stored: stored.stepped_down(later[0], error.reason, now))

    def _later_rungs(self, delivery: Delivery, rung: str) -> list[str]:
        rungs = self._rungs(delivery)
        return rungs[rungs.index(rung) + 1 :] if rung in rungs else rungs

    def _rungs(self, delivery: Delivery) -> list[str]:
        return list(self._messenger(delivery).rungs(delivery, self._clock.now()))

    def _messenger(self, delivery: Delivery) -> Messenger:
        return self._messengers[delivery.channel.server.platform]

    async def _clip(self, job: Job, stack: AsyncExitStack) -> Path | None:
        """The clip as a file; None where the job has none or it is gone (the message then says so)."""
        if job.artifact is None:
            return None
        try:
            return await stack.enter_async_context(self._artifacts.checkout(job.artifact))
        except ArtifactMissing as error:
            self._observer.trouble("finding a clip", error, job_id=job.id)
            return None

    @contextmanager
    def _surviving(self, what: str, job_id: JobId | None = None) -> Iterator[None]:
        try:
            yield
        except FlipbookError as error:
            self._observer.trouble(what, error, job_id=job_id)

    async def _settle(self) -> None:
        tasks = list(self._delivering.values())
        try:
            async with Deadline(self._clock, self._post.settle):
                await asyncio.gather(*tasks, return_exceptions=True)
        except TimeoutError:
            for task in tasks:
                task.cancel()
