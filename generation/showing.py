"""Shows how far jobs are: of each only the newest state, no more often than its platform allows, never in a queue."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from generation.clock import Deadline, sleep_or
from generation.delivery import DeliveryStatus
from generation.errors import DeliveryDelayed, DeliveryError
from generation.job import Job, JobId
from generation.places import Platform
from generation.ports import Clock, Messenger, Observer, Store
from generation.progress import Progress

_BREATH: Final = 0.05
"""Seconds between two rounds, however much there is to show: a thousand jobs are looked through at once."""
_SECOND: Final = timedelta(seconds=1)
_MOST_PER_SECOND: Final = 30
"""How many edits of progress are begun in a second at most. Enough for ninety messages at full pace; with more of them
each is edited less often, in turn, so that progress never takes the time that first answers and clips need."""


class Showing:
    """Progress on its way to its messages. ``shown`` is called whenever a job's message is free again for its outcome;
    ``longest`` is how many seconds one edit may take before it is given up."""

    def __init__(
        self,
        store: Store,
        messengers: Mapping[Platform, Messenger],
        *,
        clock: Clock,
        observer: Observer,
        shown: Callable[[JobId], None],
        longest: float,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._clock = clock
        self._observer = observer
        self._shown = shown
        self._longest = longest
        self._newest: dict[JobId, tuple[Job, Progress]] = {}
        self._may_show_at: dict[JobId, datetime] = {}
        self._under_way: set[JobId] = set()
        self._news = asyncio.Event()
        self._begun: deque[datetime] = deque(maxlen=_MOST_PER_SECOND)

    def keep(self, job: Job, progress: Progress) -> None:
        """Keep the newest state; it is shown when its message may be edited again. Never waits."""
        if job.channel.server.platform in self._messengers:
            is_news = job.id not in self._newest
            self._newest[job.id] = (job, progress)
            if is_news:
                self._news.set()

    def forget(self, job_id: JobId) -> None:
        """The job has ended: what it was doing interests nobody any more."""
        self._newest.pop(job_id, None)

    def is_showing(self, job_id: JobId) -> bool:
        """Whether an edit of the job's message is on its way; another one now might be overtaken by it."""
        return job_id in self._under_way

    async def run(self) -> None:
        """Show until cancelled; edits on their way are then given up, for losing progress is no loss."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                self._start_due(group)
                await self._clock.sleep(_BREATH)
                await self._until_next()

    def _start_due(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        self._may_show_at = {job_id: at for job_id, at in self._may_show_at.items() if at > now}
        for job_id in [j for j in self._newest if j not in self._may_show_at and j not in self._under_way]:
            if self._wait_for_room(now) > 0:
                break
            self._begun.append(now)
            job, progress = self._newest.pop(job_id)
            self._under_way.add(job_id)
            group.create_task(self._show(job, progress), name=f"show {job_id}")

    def _wait_for_room(self, now: datetime) -> float:
        """Seconds until one more edit may be begun."""
        if len(self._begun) < _MOST_PER_SECOND:
            return 0.0
        return max(0.0, (self._begun[0] + _SECOND - now).total_seconds())

    async def _until_next(self) -> None:
        """Until a message may be edited again, or there is news of one that nothing was kept of."""
        now = self._clock.now()
        waits = [(self._may_show_at.get(j, now) - now).total_seconds() for j in self._newest if not self.is_showing(j)]
        if waits:
            await sleep_or(self._clock, max(self._wait_for_room(now), min(waits)), self._news)
        else:
            await self._news.wait()

    async def _show(self, job: Job, progress: Progress) -> None:
        messenger = self._messengers[job.channel.server.platform]
        wait = messenger.seconds_between_edits
        try:
            async with Deadline(self._clock, self._longest):
                delivery = await self._store.delivery_of(job.id)
                if delivery is not None and delivery.status is DeliveryStatus.OPEN:
                    await messenger.show(job, delivery, progress)
        except DeliveryDelayed as error:
            self._newest.setdefault(job.id, (job, progress))  # unless there is a newer state already
            wait = wait if error.retry_after is None else error.retry_after
        except (DeliveryError, TimeoutError):
            pass  # the outcome finds its own way
        except Exception as error:  # noqa: BLE001 - showing progress may never stop the work
            self._observer.trouble("showing progress", error, job_id=job.id)
        finally:
            # From now: an edit that was slow on its way is not followed too soon.
            self._may_show_at[job.id] = self._clock.now() + timedelta(seconds=wait)
            self._under_way.discard(job.id)
            self._news.set()
            self._shown(job.id)
