"""Delivers outcomes to their channels, and progress while there is none yet.

Due outcomes are read from the store, so they survive a restart, and claimed there, so that only one
of several processes delivers each. A job's progress and its outcome are never sent at the same
time: the outcome has to come last.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from generation.delivery.clip_links import ClipLinks
from generation.delivery.leases import DeliveryLeases
from generation.delivery.payloads import Payloads
from generation.delivery.progress_updates import ProgressUpdater
from generation.delivery.ready_notices import seconds_until_shown
from generation.delivery.removals import Removals
from generation.delivery.timing import RelayTiming
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.refs import MessageRef, Platform
from generation.ports import ArtifactStore, Messenger, Observer, Store, Wake
from generation.protocol.clock import Clock, Deadline, sleep_or
from generation.protocol.errors import (
    ArtifactError,
    DeliveryDelayed,
    DeliveryError,
    DeliveryStepFailed,
    FlipbookError,
    StaleJob,
    StorageFull,
    StoreError,
)
from generation.protocol.progress import Progress


class Relay:
    """Delivers due outcomes for as long as :meth:`run` runs."""

    def __init__(
        self,
        store: Store,
        messengers: Mapping[Platform, Messenger],
        artifacts: ArtifactStore,
        *,
        owner: str,
        clock: Clock,
        observer: Observer,
        timing: RelayTiming | None = None,
        links: ClipLinks | None = None,
        noticed: Wake = lambda: None,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._clock = clock
        self._observer = observer
        self._timing = timing or RelayTiming()
        self._leases = DeliveryLeases(
            store, owner, clock=clock, seconds=self._timing.lease, noticed=noticed
        )
        self._payloads = Payloads(artifacts, observer, links)
        self._removals = Removals(
            artifacts, messengers, self._leases, store, clock=clock, retry=self._timing.retry
        )
        self._updater = ProgressUpdater(
            store,
            messengers,
            clock=clock,
            observer=observer,
            on_edited=self._edited,
            timeout=self._timing.progress_edit,
        )
        self._found: deque[Job] = deque()
        self._more_due = False
        self._held_back: set[JobId] = set()
        self._delivering: dict[JobId, asyncio.Task[None]] = {}
        self._delayed_since: dict[JobId, datetime] = {}
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """An outcome may be due now."""
        self._woken.set()

    @property
    def delivering(self) -> int:
        """How many outcomes are on their way."""
        return len(self._delivering)

    @property
    def put_off(self) -> int:
        """How many outcomes wait because every try so far has failed."""
        return len(self._delayed_since)

    def progress(self, job: Job, progress: Progress) -> None:
        """Keep the newest progress of a job; it is shown when its message may be edited again."""
        self._updater.update(job, progress)

    async def run(self) -> None:
        """Deliver until :meth:`stop` is called; then let what is under way arrive."""
        async with asyncio.TaskGroup() as group:
            progress_updates = group.create_task(self._updater.run(), name="progress")
            try:
                while not self._stopped.is_set():
                    # cleared before looking, so that what comes meanwhile is seen in the next round
                    self._woken.clear()
                    await self._start_due(group)
                    timing = self._timing
                    pause = timing.busy_pause if self._found else timing.min_pause
                    await sleep_or(self._clock, pause, self._stopped)
                    await sleep_or(self._clock, timing.poll_every, self._woken)
            finally:
                progress_updates.cancel()
            # what is under way may have reached the chat already; saving that prevents a second
            # message
            await self._settle()

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped.set()
        self.wake()

    async def deliver(self, job_id: JobId) -> Delivery | None:
        """Deliver one job's outcome until it has arrived or no step is left; for a process that
        waits for its own job."""
        while True:
            job, delivery = await self._store.job(job_id), await self._store.delivery_of(job_id)
            if job is None or delivery is None or delivery.status is not DeliveryStatus.OWED:
                return delivery
            due = delivery.next_attempt_at or self._clock.now()
            await self._clock.sleep(max(0.0, (due - self._clock.now()).total_seconds()))
            claimed: dict[JobId, Delivery] = {}
            with self._surviving("claiming an outcome", job_id):
                claimed = await self._leases.claim(job_id)
            if job_id in claimed:
                await self._attempt(job, claimed[job_id])
            else:
                # another process holds it
                await self._clock.sleep(self._timing.poll_every)

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        if self._delivering or self._held_back:
            with self._surviving("renewing leases of deliveries"):
                await self._leases.renew()
        free = self._timing.at_once - len(self._delivering)
        if free > 0 and not self._found:
            with self._surviving("looking for owed deliveries"):
                await self._look_for_due()
        starting: list[Job] = []
        while self._found and len(starting) < free:
            job = self._found.popleft()
            # an edit under way might arrive after the outcome
            if self._updater.is_editing(job.id):
                await self._hold_back(job.id)
            elif job.id not in self._delivering:
                starting.append(job)
        if starting:
            with self._surviving("claiming outcomes"):
                await self._start(group, starting)

    async def _look_for_due(self) -> None:
        # those under way are still due, so they are found as well
        limit = self._timing.window + len(self._delivering)
        due = await self._leases.due(frozenset(self._messengers), limit)
        self._more_due = len(due) == limit
        for job in due:
            # progress that comes after the outcome would overwrite it
            self._updater.forget(job.id)
            self._found.append(job)

    async def _start(self, group: asyncio.TaskGroup, jobs: list[Job]) -> None:
        # claimed now, all in one transaction: one may have arrived since it was found
        claimed = await self._leases.claim(*(job.id for job in jobs))
        for job in jobs:
            if delivery := claimed.get(job.id):
                self._delivering[job.id] = group.create_task(
                    self._deliver_due(job, delivery), name=f"deliver {job.id}"
                )

    async def _hold_back(self, job_id: JobId) -> None:
        """Claim the outcome until our own edit of its message is over: other processes do not know
        of that edit."""
        if job_id not in self._held_back:
            # noted first: the edit may be over before the claim is saved
            self._held_back.add(job_id)
            with self._surviving("claiming an outcome", job_id):
                await self._leases.claim(job_id)

    def _edited(self, job_id: JobId) -> None:
        """The job's message is free, also for an outcome that was held back."""
        if job_id in self._held_back:
            self._held_back.discard(job_id)
            self.wake()

    async def _deliver_due(self, job: Job, delivery: Delivery) -> None:
        try:
            is_due = await self._attempt(job, delivery)
        finally:
            self._delivering.pop(job.id, None)
        # one that has arrived leaves only its place, which matters while others want it
        if is_due or self._found or self._more_due:
            self.wake()

    async def _attempt(self, job: Job, delivery: Delivery) -> bool:
        """The next step of a delivery that this process holds; whether another one is due at once.
        The only place that survives any error of one delivery."""
        try:
            moved = await self._next_step(job, delivery)
        except Exception as error:  # noqa: BLE001 - one delivery's failure is never another's
            self._observer.trouble("delivering", error, job_id=job.id)
            # what could not be saved would fail again at once
            await self._clock.sleep(self._timing.retry.first)
            return True
        if moved.status is not DeliveryStatus.OWED:
            self._delayed_since.pop(job.id, None)
        self._observer.delivery_moved(job, moved)
        if (took := seconds_until_shown(job, delivery, moved)) is not None:
            self._observer.outcome_arrived(job, took)
        next_at = moved.next_attempt_at or self._clock.now()
        return moved.status is DeliveryStatus.OWED and next_at <= self._clock.now()

    async def _next_step(self, job: Job, delivery: Delivery) -> Delivery:
        if job.deleted_at is not None:
            return await self._removals.remove(job, delivery)
        deadline = delivery.opened_at + timedelta(seconds=self._timing.first_answer)
        if delivery.message is None and self._clock.now() < deadline:
            return await self._wait_for_first_answer(delivery, deadline)
        steps = self._steps(delivery)
        # a stored step may no longer be open, for example after an interaction token has expired
        step = delivery.step if delivery.step in steps else steps[0]
        try:
            message = await self._take_step(job, delivery, step)
        except DeliveryStepFailed as error:
            moved = await self._step_down(delivery, step, error)
        except DeliveryDelayed as error:
            self._observer.trouble("delivery put off", error, job_id=job.id)
            await self._updater.outcome_waits(job, delivery, error)
            moved = await self._put_off(delivery, step, error)
        else:
            moved = await self._record_sent(job, delivery, message)
        return moved

    async def _wait_for_first_answer(self, delivery: Delivery, deadline: datetime) -> Delivery:
        waiting = replace(delivery, next_attempt_at=deadline)
        return await self._leases.finish(
            delivery, lambda stored: stored if stored.message else waiting
        )

    async def _take_step(self, job: Job, delivery: Delivery, step: str) -> MessageRef | None:
        """Try that step. Raises DeliveryError only, whatever the messenger raises."""
        try:
            async with AsyncExitStack() as stack:
                # checked out for this try only: a copy from an object store is removed afterwards
                payload = await self._payloads.of(job, delivery, stack)
                note = partial(self._leases.note, job.id)
                return await self._messenger(delivery).deliver(payload, step, note)
        except DeliveryError:
            raise
        except ArtifactError as error:
            raise DeliveryDelayed("the clip cannot be read now", nothing_sent=True) from error
        except Exception as error:
            self._observer.trouble("delivering", error, job_id=job.id)
            # delayed, not failed: the next try may pass, and after many tries the next step
            raise DeliveryDelayed("an error of ours") from error

    async def _record_sent(
        self, job: Job, delivery: Delivery, message: MessageRef | None
    ) -> Delivery:
        """Save that it has arrived, however long the database needs: else it would be sent
        twice."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._leases.finish(
                    delivery, lambda stored: stored.sent(message, self._clock.now()), of=job
                )
            except StaleJob:
                raise
            except (StoreError, StorageFull) as error:
                self._observer.trouble("saving a delivery", error, job_id=delivery.job_id)
            await self._clock.sleep(self._timing.retry.before(tries))

    async def _put_off(self, delivery: Delivery, step: str, error: DeliveryDelayed) -> Delivery:
        """The same step again; after many tries the next one; after the last step the first, until
        it is time to give up."""
        now, retry = self._clock.now(), self._timing.retry
        # counted in this process only: a restart gives every outcome its full time again
        since = self._delayed_since.setdefault(delivery.job_id, now)
        if now >= since + timedelta(seconds=self._timing.give_up_after):
            moved = await self._abandon(delivery, error)
        elif delivery.attempts + 1 < self._timing.tries_per_step:
            # the platform knows best how long it refuses
            pause = retry.with_retry_after(delivery.attempts + 1, error.retry_after)
            until = now + timedelta(seconds=pause)
            moved = await self._leases.finish(delivery, lambda stored: stored.delayed(until))
        elif self._later_steps(delivery, step):
            moved = await self._step_down(delivery, step, error)
        else:
            until = now + timedelta(seconds=max(error.retry_after or 0.0, retry.longest))
            moved = await self._leases.finish(
                delivery, lambda stored: stored.from_the_first_step(until)
            )
        return moved

    async def _step_down(self, delivery: Delivery, step: str, error: DeliveryError) -> Delivery:
        later = self._later_steps(delivery, step)
        if not later:
            return await self._abandon(delivery, error)
        now = self._clock.now()
        return await self._leases.finish(
            delivery, lambda stored: stored.stepped_down(later[0], error.reason, now)
        )

    async def _abandon(self, delivery: Delivery, error: DeliveryError) -> Delivery:
        return await self._leases.finish(delivery, lambda stored: stored.abandoned(error.reason))

    def _later_steps(self, delivery: Delivery, step: str) -> list[str]:
        steps = self._steps(delivery)
        return steps[steps.index(step) + 1 :] if step in steps else steps

    def _steps(self, delivery: Delivery) -> list[str]:
        return list(self._messenger(delivery).delivery_steps(delivery, self._clock.now()))

    def _messenger(self, delivery: Delivery) -> Messenger:
        return self._messengers[delivery.channel.server.platform]

    @contextmanager
    def _surviving(self, what: str, job_id: JobId | None = None) -> Iterator[None]:
        """Report a FlipbookError; it never ends the relay."""
        try:
            yield
        except FlipbookError as error:
            self._observer.trouble(what, error, job_id=job_id)

    async def _settle(self) -> None:
        tasks = list(self._delivering.values())
        try:
            async with Deadline(self._clock, self._timing.settle):
                await asyncio.gather(*tasks, return_exceptions=True)
        except TimeoutError:
            for task in tasks:
                # the next start delivers it; a step that was taken may then be taken twice
                task.cancel()
