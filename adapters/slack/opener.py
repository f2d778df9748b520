"""Posts the message that shows a job from its first moment, and records it right away."""

from typing import Final

from adapters.slack import render
from adapters.slack.failures import SlackDelayed
from adapters.slack.posts import Posts
from adapters.slack.values import Mark, Place
from generation.delivery import Delivery, DeliveryStatus
from generation.errors import StoreBusy
from generation.job import Job
from generation.places import MessageRef
from generation.ports import Clock
from generation.service import Service

TRIES: Final = 5
LONGEST_PAUSE: Final = 30.0


class Opener:
    """Opens jobs' messages, each once."""

    def __init__(self, posts: Posts, service: Service, clock: Clock) -> None:
        self._posts = posts
        self._service = service
        self._clock = clock

    async def open(self, job: Job, *, is_new: bool) -> None:
        """Post the job's message and record it, unless that has been done. Raises DeliveryError.

        For a job that is not ``is_new`` an earlier process may have posted it without living to record it: it is looked
        for first.
        """
        if job.id in self._posts.opening:
            return
        self._posts.opening.add(job.id)
        try:
            delivery = await self._service.delivery_of(job.id)
            if delivery is None or not _wants_opening(delivery, is_new=is_new):
                return
            await self._record(job, await self._post(job, is_new=is_new))
        finally:
            self._posts.opening.discard(job.id)

    async def _post(self, job: Job, *, is_new: bool) -> str:
        content = render.queued_content(job, await self._service.ahead_of(job))
        tried_at = () if is_new else (job.created_at.timestamp(),)
        for attempt in range(TRIES - 1):
            try:
                return await self._posts.post(_place(job), content, Mark(job.id), tried_at=tried_at)
            except SlackDelayed as error:
                tried_at = (job.created_at.timestamp(),) if error.may_be_done else tried_at
                await self._clock.sleep(min(LONGEST_PAUSE, max(error.retry_after or 0.0, 2.0**attempt)))
        return await self._posts.post(_place(job), content, Mark(job.id), tried_at=tried_at)

    async def _record(self, job: Job, ts: str) -> None:
        message = MessageRef(job.channel, ts)
        for attempt in range(TRIES - 1):
            try:
                return await self._service.opened(job.id, message)
            except StoreBusy:
                await self._clock.sleep(2.0**attempt)
        return await self._service.opened(job.id, message)


def _wants_opening(delivery: Delivery, *, is_new: bool) -> bool:
    """An outcome that is owed to an old job finds its own way."""
    return delivery.message is None and (is_new or delivery.status is DeliveryStatus.OPEN)


def _place(job: Job) -> Place:
    return Place(job.channel.id, job.channel.thread)
