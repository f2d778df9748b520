"""Posts the message that shows a job, and records it right away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.errors import SlackDelayed, TokenDead
from adapters.slack.models import MessageMetadata
from adapters.slack.refs import post_target
from adapters.slack.text import render
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock
from generation.protocol.errors import StoreBusy
from generation.service import Service

TRIES: Final = 5
LONGEST_PAUSE: Final = 30.0
"""Seconds; Slack may ask for more, but the outcome would then find its own message first."""
_BACKOFF: Final = Backoff(first=1.0, longest=LONGEST_PAUSE)


class FirstMessage:
    """Opens jobs' messages, each once."""

    def __init__(self, posts: SlackPosts, service: Service, clock: Clock) -> None:
        self._posts = posts
        self._service = service
        self._clock = clock

    async def open(self, job: Job) -> None:
        """Post the message of a job that was stored just now, and record it. Raises
        DeliveryError."""
        # stored in this moment, so its delivery has no message and need not be read
        async with self._opening(job) as is_first:
            if is_first:
                await self._record(job, await self._post(job, tried_at=()))

    async def reopen(self, job: Job) -> None:
        """Open the message of an older job if it has none. An earlier process may have posted it
        without recording it, so it is searched for first. Raises DeliveryError."""
        async with self._opening(job) as is_first:
            if not is_first:
                return
            delivery = await self._service.delivery_of(job.id)
            if delivery is not None and _still_needs_message(delivery):
                await self._record(job, await self._post(job, (job.created_at.timestamp(),)))

    def seconds_until_open(self, job: Job, *, ahead: int) -> float:
        """How long the message of a job has to wait, with that many others to be opened in its
        channel before it."""
        return self._posts.slots.seconds_until_free(job.channel.id, ahead=ahead)

    @asynccontextmanager
    async def _opening(self, job: Job) -> AsyncIterator[bool]:
        """While inside, the messenger waits and posts no second message. False: another task is
        opening this job's message."""
        if job.id in self._posts.opening:
            yield False
            return
        self._posts.opening.add(job.id)
        try:
            yield True
        finally:
            self._posts.opening.discard(job.id)

    async def _post(self, job: Job, tried_at: tuple[float, ...]) -> str:
        target, metadata = post_target(job.channel), MessageMetadata(job.id)
        content = render.progress_content(job, self._service.progress_of(job))
        for attempt in range(1, TRIES):
            try:
                return await self._posts.post(target, content, metadata, tried_at=tried_at)
            # a delay too, but no pause repairs a token
            except TokenDead:
                raise
            except SlackDelayed as error:
                # the next try has to search before it posts
                if error.may_be_done:
                    tried_at = (job.created_at.timestamp(),)
                pause = _BACKOFF.with_retry_after(attempt, error.retry_after)
                await self._clock.sleep(min(LONGEST_PAUSE, pause))
        return await self._posts.post(target, content, metadata, tried_at=tried_at)

    async def _record(self, job: Job, ts: str) -> None:
        # without the record the outcome would have to search for the message
        message = MessageRef(job.channel, ts)
        for attempt in range(1, TRIES):
            try:
                return await self._service.opened(job.id, message)
            except StoreBusy:
                await self._clock.sleep(_BACKOFF.before(attempt))
        return await self._service.opened(job.id, message)


def _still_needs_message(delivery: Delivery) -> bool:
    """A delivery that is due or over posts its own message."""
    return delivery.message is None and delivery.status is DeliveryStatus.OPEN
