"""How members find what they have asked for: their clips page by page, and what is under way."""

from typing import Final

from generation.domain.clip_actions import ClipAction
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.gallery import HistoryPage, JobUnderWay, ShownJob
from generation.domain.job import Job, JobId
from generation.domain.refs import MessageRef, Platform, ServerRef, UserRef
from generation.protocol.errors import JobNotFound, PromptNotKept
from generation.service.clips import Actor, ClipActs, is_allowed

PAGE_SIZE: Final = 5
"""Clips on a page of a history: what a phone shows at once."""
_NEWEST: Final = 50
"""How far back is looked for what a member types: one short read for every key."""


class FindingActs(ClipActs):
    """What a member finds again."""

    async def history(
        self,
        member: UserRef,
        server: ServerRef,
        *,
        size: int = PAGE_SIZE,
        older_than: JobId | None = None,
        newer_than: JobId | None = None,
    ) -> HistoryPage:
        """A page of a member's own jobs in a server: the newest, or those on one side of a job of a
        page that they have seen. Where nothing newer fills a page, it is the newest one."""
        beside = {"older_than": older_than, "newer_than": newer_than}
        # one more than the page holds tells whether it goes on
        jobs = await self._store.jobs_of(member, server, limit=size + 1, **beside)
        if newer_than is not None and len(jobs) <= size:
            return await self.history(member, server, size=size)
        goes_on = len(jobs) > size
        jobs = jobs[-size:] if newer_than is not None else jobs[:size]
        if not jobs:
            return HistoryPage(())
        return HistoryPage(
            await self._with_messages(jobs),
            newer_than=None if older_than is None and newer_than is None else jobs[0].id,
            older_than=jobs[-1].id if goes_on or newer_than is not None else None,
        )

    async def message_of(self, job: Job) -> MessageRef | None:
        """The message to jump to."""
        return _message_of(job, await self._store.delivery_of(job.id))

    async def under_way(self, actor: Actor, *, limit: int) -> list[JobUnderWay]:
        """A server's jobs under way, oldest first, as one of its members sees them: without the
        private ones of others."""
        jobs = await self._store.unfinished_in(actor.server, limit=limit)
        return [
            JobUnderWay(
                job,
                self.place_of(job) if job.requested_by == actor.user else None,
                is_allowed(ClipAction.CANCEL, job, actor),
            )
            for job in jobs
            if not job.is_private or job.requested_by == actor.user
        ]

    async def recent(self, member: UserRef, server: ServerRef, typed: str) -> list[Job]:
        """A member's newest jobs whose number begins with what is typed, or whose prompt holds
        it."""
        jobs = await self._store.jobs_of(member, server, limit=_NEWEST)
        return [job for job in jobs if is_meant(job, typed)]

    async def recent_prompts(self, member: UserRef, server: ServerRef, typed: str) -> list[Job]:
        """The newest of a member's jobs with each prompt that holds what is typed."""
        jobs = await self._store.jobs_of(member, server, limit=_NEWEST)
        newest: dict[str, Job] = {}
        for job in jobs:
            if _has_words(job, typed) and job.deleted_at is None:
                newest.setdefault(job.request.prompt, job)
        return list(newest.values())

    async def prompt_of(self, name: str, member: UserRef, server: ServerRef) -> str:
        """The prompt of a member's own job. Raises JobNotFound, also for another member's, and
        PromptNotKept."""
        job = await self.job(await self.named_job(name, server), server)
        if job.requested_by != member:
            raise JobNotFound(name, typed=name)
        if job.prompt_removed_at is not None:
            raise PromptNotKept(job.id)
        return job.request.prompt

    async def _with_messages(self, jobs: list[Job]) -> tuple[ShownJob, ...]:
        deliveries = await self._store.deliveries_of([job.id for job in jobs])
        return tuple(ShownJob(job, _message_of(job, deliveries.get(job.id))) for job in jobs)


def _message_of(job: Job, delivery: Delivery | None) -> MessageRef | None:
    """The message to jump to: a deleted clip has none, nor has one that no message could take."""
    if delivery is None or job.deleted_at is not None:
        return None
    # on Discord it is an answer that one member sees, and no message that one could go to
    is_on_discord = job.channel.server.platform is Platform.DISCORD
    if job.is_private and is_on_discord and delivery.answer is not None:
        return None
    return None if delivery.status is DeliveryStatus.ABANDONED else delivery.message


def is_meant(job: Job, typed: str) -> bool:
    """Whether a job's number begins with what is typed, or its prompt holds it."""
    return job.name.startswith(f"#{typed.strip().lstrip('#')}") or _has_words(job, typed)


def _has_words(job: Job, typed: str) -> bool:
    if job.prompt_removed_at is not None:
        return False
    return typed.strip().casefold() in job.request.prompt.casefold()
