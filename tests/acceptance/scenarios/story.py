"""The state of one run of the scenario, with the acts and checks that its steps use."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from acceptance.scenarios.chat import Chat, ClipMessage, Holds, Person, Post
from acceptance.scenarios.studio import PATIENCE_SECONDS, MeasuredEngine, Studio
from core import Core
from generation import mp4
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job
from integration.generation.privacy.keeping import a_forgetter

A_WHILE = 11.0
"""Seconds after which a member's second 🔁 on the same clip counts."""


class Story:
    """One run of the scenario on one chat."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._posts: dict[str, Post] = {}
        self.form: Any = None
        """A form that somebody has opened and not sent off yet."""
        self.page: Any = None
        """A page of a history that somebody looks at."""

    @property
    def chat(self) -> Chat:
        return self.studio.chat

    @property
    def core(self) -> Core:
        return self.studio.core

    @property
    def engine(self) -> MeasuredEngine:
        return self.studio.engine

    async def until(self, holds: Holds) -> None:
        """Let time pass until ``holds()`` is true."""
        await self.studio.until(holds)

    async def let_a_while_pass(self) -> None:
        """Wait until a second 🔁 on the same clip counts."""
        until = self.chat.now().timestamp() + A_WHILE
        await self.until(lambda: self.chat.now().timestamp() > until)

    # Acts

    async def asks(self, who: Person) -> Post:
        """Ask for a clip; returns the job's message."""
        return await self.answers(lambda: self.chat.request_clip(who))

    async def asks_privately(self, who: Person) -> Post:
        """Ask for a clip that nobody else sees; returns the job's message."""
        return await self.answers_privately(who, lambda: self.chat.request_private_clip(who))

    async def answers_privately(self, who: Person, act: Callable[[], Awaitable[None]]) -> Post:
        """The new message after an act that only this person sees; nothing is posted for others."""
        public = len(self.chat.posts())
        post = await self._new(act, lambda: self.chat.private_posts(who))
        assert len(self.chat.posts()) == public
        return post

    async def answers(self, act: Callable[[], Awaitable[None]]) -> Post:
        """The new public message after an act, once it is recorded as a job's."""
        return await self._new(act, self.chat.posts)

    async def _new(self, act: Callable[[], Awaitable[None]], posts: Callable[[], Sequence[Post]]) -> Post:
        known = list(posts())
        await act()
        await self.until(lambda: len(posts()) > len(known))
        (post,) = (each for each in posts() if not any(each is old for old in known))
        await self._has_status(post, set(DeliveryStatus))
        return post

    async def forgets_everybody_who_asked(self) -> None:
        """Until nobody is left to be forgotten."""
        forgetter = a_forgetter(self.core)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await forgetter.go_on()).left:
                self.core.relay.wake()
                self.core.notices.wake()
                await self.studio.moment()

    # Messages by name

    def keep(self, name: str, post: Post) -> Post:
        """Remember a message under a name."""
        self._posts[name] = post
        return post

    def post(self, name: str) -> Post:
        """The message of that name."""
        return self._posts[name]

    # Checks

    def words(self, post: Post) -> str:
        """What a message says, in small letters."""
        return self.chat.words(post).lower()

    async def shows(self, post: Post, *words: str) -> None:
        """Wait until a message has all these words at once."""
        await self.until(lambda: all(each in self.words(post) for each in words))

    async def delivered(self, post: Post) -> None:
        """Wait until a message has its clip, and the delivery is recorded."""
        await self.until(lambda: self.chat.has_clip(post))
        await self.recorded(post)

    async def recorded(self, post: Post) -> None:
        """Wait until the outcome of a message's job is recorded as delivered."""
        await self._has_status(post, {DeliveryStatus.SENT})

    async def settled(self, count: int) -> None:
        """Wait until ``count`` deliveries are recorded as sent or abandoned."""
        over = {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}
        moved = self.core.observer.deliveries
        await self.until(lambda: len({each.job_id for each in moved if each.status in over}) >= count)

    async def bought(self, count: int) -> None:
        """Exactly ``count`` requests have reached the worker."""
        await self.until(lambda: self.studio.bought >= count)
        assert self.studio.bought == count

    async def clips_of(self, who: Person) -> int:
        """How many clips count for a person today."""
        quota = await self.core.service.quota(self.chat.user(who), self.chat.server)
        return quota.usage.user_clips_today

    async def has_the_kept_clip(self, post: Post) -> None:
        """The message has one clip: what people download is what we keep, and it plays."""
        clip_message = await self.clip_message(post)
        assert clip_message.clips == (await self.kept(await self.job_of(post)),)
        assert mp4.probe(clip_message.clips[0]).frames == 2

    async def clip_message(self, post: Post) -> ClipMessage:
        """A message with a clip."""
        everything = await self.chat.clip_messages(post)
        return next(each for each in everything if each.post is post)

    async def kept(self, job: Job) -> bytes:
        """A job's clip as we keep it."""
        assert job.artifact is not None
        async with self.core.artifacts.checkout(job.artifact) as path:
            return path.read_bytes()

    async def is_a_re_roll_of(self, name: str, post: Post, *, by: Person) -> None:
        """The same request with another seed, by another person."""
        first, again = await self.job_of(self.post(name)), await self.job_of(post)
        assert (again.parent, again.requested_by) == (first.id, self.chat.user(by))
        assert again.request == first.request.with_seed(again.request.seed) != first.request

    async def job_of(self, post: Post) -> Job:
        """The job that a message shows."""
        job = await self.core.store.job_of_message(self.chat.message(post))
        assert job is not None
        return job

    async def names_of(self, who: Person) -> list[str]:
        """The names of a person's clips, the newest first."""
        mine = [job for job in await self.jobs() if job.requested_by == self.chat.user(who)]
        return [job.name for job in reversed(mine)]

    async def jobs(self) -> list[Job]:
        """Every job, oldest first."""
        jobs: list[Job] = await self.studio.bot.jobs()
        return jobs

    async def _status_of(self, post: Post) -> DeliveryStatus | None:
        job = await self.core.store.job_of_message(self.chat.message(post))
        delivery = None if job is None else await self.core.store.delivery_of(job.id)
        return None if delivery is None else delivery.status

    async def _has_status(self, post: Post, statuses: Collection[DeliveryStatus]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._status_of(post) not in statuses:
                await self.studio.moment()
