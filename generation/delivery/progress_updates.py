"""Shows how far jobs are: of each job only the newest state, and no more often than its platform
allows."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.refs import Platform
from generation.ports import Messenger, Observer, Store
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock, Deadline, sleep_or
from generation.protocol.errors import DeliveryDelayed, DeliveryError
from generation.protocol.progress import Phase, Progress

_MIN_PAUSE: Final = 0.05
"""Seconds between two rounds, so that a thousand updates at once are one round."""
_SECOND: Final = timedelta(seconds=1)
_MOST_UPLOADING: Final = 1024
_LONGEST_TURN: Final = 5.0
"""Seconds that "uploading the clip" waits for its turn to be said; meanwhile the outcome waits."""
_MAX_PER_SECOND: Final = 30
"""The most edits that are begun in a second. Enough for ninety messages that are edited every three
seconds; with more of them each is edited less often, so that progress never takes the time that
first answers and clips need."""


class ProgressUpdater:
    """Shows the newest progress in jobs' messages.

    ``on_edited`` is called whenever a job's message is free again for its outcome; ``timeout`` is
    how many seconds one edit may take before it is given up.
    """

    def __init__(
        self,
        store: Store,
        messengers: Mapping[Platform, Messenger],
        *,
        clock: Clock,
        observer: Observer,
        on_edited: Callable[[JobId], None],
        timeout: float,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._clock = clock
        self._observer = observer
        self._on_edited = on_edited
        self._timeout = timeout
        self._newest: dict[JobId, tuple[Job, Progress]] = {}
        self._may_edit_at: dict[JobId, datetime] = {}
        self._editing: set[JobId] = set()
        self._uploading: BoundedCache[JobId, bool] = BoundedCache(_MOST_UPLOADING)
        self._woken = asyncio.Event()
        self._begun: deque[datetime] = deque(maxlen=_MAX_PER_SECOND)

    def update(self, job: Job, progress: Progress) -> None:
        """Keep the newest state; it is shown when its message may be edited again. Never waits."""
        if job.channel.server.platform in self._messengers:
            is_first = job.id not in self._newest
            self._newest[job.id] = (job, progress)
            if is_first:
                self._woken.set()

    def forget(self, job_id: JobId) -> None:
        """The job has ended; its progress is no longer shown."""
        self._newest.pop(job_id, None)

    def is_editing(self, job_id: JobId) -> bool:
        """Whether an edit of the job's message is under way; another one might be overtaken by
        it."""
        return job_id in self._editing

    async def outcome_waits(self, job: Job, delivery: Delivery, why: DeliveryDelayed) -> None:
        """A try to deliver is over: the message says that the clip is being uploaded, where this
        and all tries before have sent nothing. Else an edit could take the clip out again."""
        is_new = not any((delivery.attempts, delivery.step, delivery.note, delivery.told))
        is_said = self._uploading.pop(job.id)
        if why.nothing_sent and (is_new or is_said is not None) and delivery.sent_at is None:
            if not is_said and delivery.message is not None:
                is_said = await self._say(job, delivery, Progress(Phase.UPLOADING))
            self._uploading.put(job.id, bool(is_said))

    async def _say(self, job: Job, delivery: Delivery, progress: Progress) -> bool:
        """Whether the message says so now; an edit that may not be made yet is waited for."""
        messenger = self._messengers[job.channel.server.platform]
        try:
            async with Deadline(self._clock, self._timeout):
                # the message may just have shown a step
                await self._wait_for_turn(job.id)
                try:
                    await messenger.show(job, delivery, progress)
                except DeliveryDelayed as error:
                    if error.retry_after is None or error.retry_after > _LONGEST_TURN:
                        raise
                    await self._clock.sleep(error.retry_after)
                    await messenger.show(job, delivery, progress)
        except (DeliveryError, TimeoutError):
            return False  # the next try says it, or brings the outcome
        except Exception as error:  # noqa: BLE001 - as above
            self._observer.trouble("updating progress", error, job_id=job.id)
            return False
        return True

    async def _wait_for_turn(self, job_id: JobId) -> None:
        """Until the job's message may be edited again. Raises DeliveryDelayed when that is too
        long."""
        now = self._clock.now()
        wait = (self._may_edit_at.get(job_id, now) - now).total_seconds()
        if wait > _LONGEST_TURN:
            raise DeliveryDelayed("the message was edited a moment ago", retry_after=wait)
        if wait > 0:
            await self._clock.sleep(wait)

    async def run(self) -> None:
        """Show progress until cancelled; edits under way are then given up: lost progress does no
        harm."""
        async with asyncio.TaskGroup() as group:
            while True:
                # cleared before looking, so that what comes meanwhile is seen in the next round
                self._woken.clear()
                self._start_due(group)
                await self._clock.sleep(_MIN_PAUSE)
                await self._until_next()

    def _start_due(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        self._may_edit_at = {job_id: at for job_id, at in self._may_edit_at.items() if at > now}
        due = [j for j in self._newest if j not in self._may_edit_at and j not in self._editing]
        for job_id in due:
            if self._seconds_until_free(now) > 0:
                break
            # counted when it begins: that is what the platform's rate limit counts
            self._begun.append(now)
            job, progress = self._newest.pop(job_id)
            self._editing.add(job_id)
            group.create_task(self._show(job, progress), name=f"show {job_id}")

    def _seconds_until_free(self, now: datetime) -> float:
        """Seconds until one more edit may be begun."""
        if len(self._begun) < _MAX_PER_SECOND:
            return 0.0
        return max(0.0, (self._begun[0] + _SECOND - now).total_seconds())

    async def _until_next(self) -> None:
        """Until a message may be edited again, or the first progress of another job comes."""
        now = self._clock.now()
        free_at = [self._may_edit_at.get(j, now) for j in self._newest if j not in self._editing]
        if free_at:
            wait = (min(free_at) - now).total_seconds()
            seconds = max(self._seconds_until_free(now), wait)
            await sleep_or(self._clock, seconds, self._woken)
        else:
            await self._woken.wait()

    async def _show(self, job: Job, progress: Progress) -> None:
        messenger = self._messengers[job.channel.server.platform]
        pause = messenger.seconds_between_edits
        try:
            async with Deadline(self._clock, self._timeout):
                # read now: the outcome may have become due since the progress was kept
                delivery = await self._store.delivery_of(job.id)
                if delivery is not None and delivery.status is DeliveryStatus.OPEN:
                    await messenger.show(job, delivery, progress)
        except DeliveryDelayed as error:
            # shown later, unless there is a newer state already
            self._newest.setdefault(job.id, (job, progress))
            pause = pause if error.retry_after is None else error.retry_after
        except (DeliveryError, TimeoutError):
            pass  # the outcome has other steps to arrive by
        except Exception as error:  # noqa: BLE001 - a failed update must not stop the others
            self._observer.trouble("updating progress", error, job_id=job.id)
        finally:
            # counted from now, so that an edit that was slow is not followed too soon
            self._may_edit_at[job.id] = self._clock.now() + timedelta(seconds=pause)
            self._editing.discard(job.id)
            self._woken.set()
            self._on_edited(job.id)
