"""Forgets a member: everything of theirs is deleted, step by step, each saved, so that a restart
goes on where it was.

Jobs that wait are cancelled and refunded, running ones cancelled; each ended job is deleted as its
owner would delete it (the clip, its messages, the platform's files), and when that is done its row
keeps an id, a shape and a price under a pseudonym. The ledger never named the member, so no quota
changes. What is made after the moment of asking is not touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from generation.delivery import removals
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.privacy import Forgetting
from generation.domain.refs import Platform, ServerRef
from generation.ports import ArtifactStore, Observer, Store, Wake
from generation.privacy.ending import end
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError
from generation.rules.pseudonyms import Pseudonym

BATCH: Final = 25
"""Jobs in one transaction: each takes a few statements, and members wait for no more."""
MOST_REMOVALS: Final = 25
"""How many of one member's messages are on their way out at a time: others wait for clips."""
_SETTLED: Final = timedelta(seconds=10)
"""An edit of a message that was under way when its job ended has arrived by then."""
_WITHOUT_CHAT: Final = timedelta(hours=23)
"""After that what a chat has not let us remove is left there, and said."""


@dataclass(frozen=True, slots=True)
class Round:
    """How many members are still to be forgotten after a round, and how many were done in it."""

    left: int = 0
    done: int = 0


class ForgottenList(Protocol):
    """The pseudonyms of members who were forgotten, kept outside of the database: a backup that is
    restored may still hold them."""

    async def add(self, members: Sequence[Pseudonym], until: datetime) -> None:
        """Their jobs that were made until then are to be forgotten again. Raises ArtifactError."""


@dataclass(slots=True)
class _Step:
    """What one batch of a member's jobs needs."""

    ends: list[Job] = field(default_factory=list)
    removes: list[Job] = field(default_factory=list)
    erases: list[Job] = field(default_factory=list)
    waits: int = 0
    left: set[JobId] = field(default_factory=set)
    """Erased ones whose messages stay in the chat."""


class Forgetter:
    """Goes on with everything that is to be forgotten. ``cancelled`` wakes who passes cancellations
    on, ``removed`` who takes messages away, ``noticed`` who posts notices."""

    def __init__(
        self,
        store: Store,
        artifacts: ArtifactStore,
        forgotten: ForgottenList,
        *,
        clock: Clock,
        observer: Observer,
        cancelled: Wake,
        removed: Wake,
        noticed: Wake,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._forgotten = forgotten
        self._clock = clock
        self._observer = observer
        self._cancelled = cancelled
        self._removed = removed
        self._noticed = noticed

    async def go_on(self) -> Round:
        """One round over all members who are to be forgotten. One member's trouble is reported, and
        tried again in the next round. Raises StoreError."""
        asked = await self._store.forgettings()
        done = 0
        for each in asked:
            try:
                done += await self._go_on(each)
            except FlipbookError as error:
                self._observer.trouble("forgetting a member", error)
        return Round(left=len(asked) - done, done=done)

    async def _go_on(self, asked: Forgetting) -> bool:
        """Whether nothing of the member is left."""
        removing = waiting = 0
        after: JobId | None = None
        while jobs := await self._store.all_jobs_of(
            asked.user, until=asked.asked_at, after=after, limit=BATCH
        ):
            after = jobs[-1].id
            deliveries = await self._store.deliveries_of([job.id for job in jobs])
            step = self._step(asked, jobs, deliveries)
            removing += step.waits
            free = max(0, MOST_REMOVALS - removing)
            now, later = step.removes[:free], step.removes[free:]
            await self._take(asked, step, now)
            removing += len(now)
            waiting += len(step.ends) + len(now) + len(later) + step.waits
            if removing >= MOST_REMOVALS:
                return False
        # read again: what is left in the chat was counted in this round too
        asked = await self._store.forgetting_of(asked.user) or asked
        return not waiting and await self._finish(asked)

    def _step(
        self, asked: Forgetting, jobs: Sequence[Job], deliveries: Mapping[JobId, Delivery]
    ) -> _Step:
        step, now, is_late = _Step(), self._clock.now(), self._is_late(asked)
        for job in jobs:
            delivery = deliveries.get(job.id)
            if not job.status.is_final:
                step.ends.append(job)
            elif is_late or delivery is None or _is_removed(job, delivery):
                step.erases.append(job)
                if _stays_in_chat(delivery):
                    step.left.add(job.id)
            elif job.deleted_at is None and now > (job.finished_at or now) + _SETTLED:
                step.removes.append(job)
            else:
                step.waits += 1
        return step

    async def _take(self, asked: Forgetting, step: _Step, removes: Sequence[Job]) -> None:
        await self._prepare_to_erase(asked, step.erases)
        now = self._clock.now()
        # a transaction for each: with the books of one job in hand it must not wait for the next
        # job, whose own transaction may wait for the books
        for job in step.ends:
            async with self._store.transaction() as tx:
                ended = await end(tx, job, now)
            if ended is not None:
                self._observer.job_moved(ended)
        left = 0
        async with self._store.transaction() as tx:
            # in one order, whatever is done to them: another process may do the same now
            for job in sorted((*removes, *step.erases), key=lambda each: each.id):
                if job in removes:
                    await removals.delete(tx, await tx.job(job.id) or job, now)
                elif await tx.erase_job(job, now):
                    left += job.id in step.left
            await tx.add_left_messages(asked.user, left)
        if step.ends:
            self._cancelled()
        if removes:
            self._removed()

    async def _prepare_to_erase(self, asked: Forgetting, jobs: Sequence[Job]) -> None:
        for job in jobs:
            # usually gone with its message
            if job.artifact is not None:
                await self._artifacts.delete(job.artifact)
        await self._remember(asked, {job.channel.server for job in jobs})

    async def _remember(self, asked: Forgetting, servers: Iterable[ServerRef]) -> None:
        names = {self._store.pseudonyms.of(server, asked.user) for server in servers}
        if names:
            # before the rows: who is erased here has to be erased in every backup too
            await self._forgotten.add(sorted(names, key=str), asked.asked_at)

    async def _finish(self, asked: Forgetting) -> bool:
        """Tell the member, then forget that too; whether it has been told."""
        # some have chosen much and never made a clip
        await self._remember(asked, await self._store.every_choice_of(asked.user))
        async with self._store.transaction() as tx:
            await tx.forget_reports(asked.user)
            await tx.forget_choices(asked.user)
            # told once: its key is known until the end
            if asked.server is not None and await tx.add_notice(_done(asked, self._clock.now())):
                self._noticed()
            is_told = await tx.forget_notices(asked.user) == 0
            is_over = is_told or self._is_late(asked)
            if is_over:
                await tx.end_forgetting(asked.user)
        return is_over

    def _is_late(self, asked: Forgetting) -> bool:
        return self._clock.now() > asked.asked_at + _WITHOUT_CHAT


def _done(asked: Forgetting, at: datetime) -> Notice:
    assert asked.server is not None  # noqa: S101 - checked before
    return Notice(
        key=f"forgotten:{asked.user}:{asked.asked_at.isoformat()}",
        server=asked.server,
        audience=Audience.MEMBER,
        kind=NoticeKind.FORGOTTEN,
        details={"left": str(asked.left)},
        created_at=at,
        member=asked.user,
    )


def _is_removed(job: Job, delivery: Delivery) -> bool:
    """Whether the job's message is gone, or the chat keeps it, or it was a line on a terminal."""
    if delivery.channel.server.platform is Platform.TERMINAL:
        return delivery.status is not DeliveryStatus.OWED
    if job.deleted_at is None:
        return False
    is_gone = delivery.status is DeliveryStatus.SENT and delivery.step == removals.REMOVED
    return is_gone or delivery.status is DeliveryStatus.ABANDONED


def _stays_in_chat(delivery: Delivery | None) -> bool:
    """Whether members can still see a message of the job."""
    if delivery is None or delivery.message is None:
        return False
    if delivery.channel.server.platform is Platform.TERMINAL:
        return False
    return not (delivery.status is DeliveryStatus.SENT and delivery.step == removals.REMOVED)
