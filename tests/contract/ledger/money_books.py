"""Two processes on one database, and what members, admins, backends and the operator can do to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count, product
from pathlib import Path
from typing import Any, Final

from core import Seeds
from databases import a_cipher
from db.store import SqlStore
from doubles.clock import START, ManualClock
from doubles.generation.observer import RecordingObserver
from factories import a_channel, a_request, a_server, a_user
from generation.artifacts import ObjectArtifacts
from generation.domain.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.domain.pricing import Price
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.lifecycle.completion import JobWriter
from generation.privacy.forgetting import Forgetter
from generation.privacy.retention import Retention
from generation.protocol.errors import IllegalTransition, JobError, LimitExceeded, Refused, StaleJob
from generation.protocol.request import Endpoint
from generation.rules.limits import LimitName, Limits, Usage
from generation.rules.operator_rules import OperatorRules
from generation.service import Service, SubmitContext
from integration.generation.privacy.keeping import RememberedMembers

TASKS: Final = 16
SERVERS: Final = (a_server("1"), a_server("2"))
USERS: Final = tuple(a_user(str(number)) for number in (71, 72, 73))
OPERATOR: Final = UserRef(Platform.TERMINAL, "operator")
CENT: Final = 10_000
PRICES: Final = {
    # by the second, so that a settlement may be above the reservation
    "worker": {Endpoint.STANDARD: Price.parse("0.001/second")},
    "fal": {Endpoint.STANDARD: Price.parse("0.05"), Endpoint.TURBO: Price.parse("0.02/clip")},
}
CLIPS: Final = {
    LimitName.USER_CLIPS_PER_HOUR: "user_clips_this_hour",
    LimitName.USER_CLIPS_PER_DAY: "user_clips_today",
    LimitName.USER_CLIPS_PER_MONTH: "user_clips_this_month",
    LimitName.SERVER_CLIPS_PER_DAY: "server_clips_today",
    LimitName.SERVER_CLIPS_PER_MONTH: "server_clips_this_month",
    LimitName.USER_ACTIVE_JOBS: "user_active_jobs",
    LimitName.SERVER_ACTIVE_JOBS: "server_active_jobs",
}
MONEY: Final = {
    LimitName.USER_BUDGET_PER_DAY: "user_spent_today",
    LimitName.USER_BUDGET_PER_MONTH: "user_spent_this_month",
    LimitName.SERVER_BUDGET_PER_DAY: "server_spent_today",
    LimitName.SERVER_BUDGET_PER_MONTH: "server_spent_this_month",
}
ALLOWED: Final = (Refused, StaleJob, JobError, IllegalTransition)
"""What may become of an act when another was faster."""

Act = Callable[["Books"], Awaitable[None]]


async def _room() -> int | None:
    return None


class AnyTime(ManualClock):
    """A clock that can be set to any moment, earlier ones too."""

    moment = START

    def now(self) -> datetime:
        return self.moment


@dataclass
class Books:
    """Two processes on one database."""

    stores: Sequence[SqlStore]
    services: Sequence[Service]
    writers: Sequence[JobWriter]
    clock: AnyTime
    rules: OperatorRules
    forgetter: Forgetter
    retention: Retention
    jobs: list[JobId] = field(default_factory=list)
    owners: dict[JobId, tuple[ServerRef, UserRef]] = field(default_factory=dict)
    ended: set[JobId] = field(default_factory=set)
    acts: int = 0
    origins: Any = field(default_factory=lambda: count(1))

    @classmethod
    async def open(cls, url: str, folder: Path, rules: OperatorRules) -> "Books":
        clock, observer = AnyTime(), RecordingObserver()
        stores = [await SqlStore.open(url, a_cipher()) for _ in range(2)]
        services = [
            Service(
                store,
                rules,
                clock=clock,
                seeds=Seeds(),
                observer=observer,
                submitted=lambda: None,
                ended=lambda: None,
            )
            for store in stores
        ]
        writers = [
            JobWriter(store, rules, owner=f"process-{number}", clock=clock, observer=observer, ended=lambda: None)
            for number, store in enumerate(stores)
        ]
        artifacts = ObjectArtifacts(folder)
        forgetter = Forgetter(
            stores[0],
            artifacts,
            RememberedMembers(),
            clock=clock,
            observer=observer,
            cancelled=lambda: None,
            removed=lambda: None,
            noticed=lambda: None,
        )
        retention = Retention(
            stores[1],
            artifacts,
            clock=clock,
            observer=observer,
            days_of=services[1].keep_days,
            free_bytes=_room,
            reserve=0,
        )
        return cls(stores, services, writers, clock, rules, forgetter, retention)

    async def close(self) -> None:
        for store in self.stores:
            await store.close()

    async def usage(self) -> Mapping[tuple[ServerRef, UserRef], tuple[Limits, Usage]]:
        """What is in force and what is used, for everyone."""
        found = {}
        for server, user in product(SERVERS, USERS):
            quota = await self.services[0].quota(user, server)
            found[server, user] = (quota.limits, quota.usage)
        return found

    async def all_at_once(self, acts: Sequence[Act]) -> None:
        self.acts += len(acts)
        for outcome in await asyncio.gather(*(act(self) for act in acts), return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, ALLOWED):
                raise outcome
            if isinstance(outcome, LimitExceeded) and outcome.limit in set(CLIPS):
                # nobody is refused who has room
                assert int(outcome.used) >= int(outcome.allowed)

    def process(self, number: int) -> tuple[SqlStore, Service, JobWriter]:
        index = number % 2
        return self.stores[index], self.services[index], self.writers[index]

    async def pick(self, number: int, *, unfinished: bool = True) -> Job | None:
        """One of the jobs, by number; rather one that was unfinished when this began."""
        some = [job_id for job_id in self.jobs if (job_id not in self.ended) is unfinished] or self.jobs
        return await self.stores[0].job(some[number % len(some)]) if some else None


async def submit(
    books: Books, *, number: int, user: UserRef, server: ServerRef, fields: Mapping[str, object], again: bool = False
) -> None:
    """A member asks for a clip; ``again`` is the same event as the last one's."""
    origin = next(books.origins) if not again else 1
    context = SubmitContext(origin=f"event-{origin}", requested_by=user, channel=a_channel(server=server))
    _, service, _ = books.process(number)
    parent = await books.pick(number, unfinished=False)
    if parent is not None and parent.status is JobStatus.SUCCEEDED and number % 3 == 0 and not again:
        where = replace(context, channel=a_channel(server=parent.channel.server))
        job = await service.reroll(parent.id, where)
    else:
        job = await service.submit(a_request(**fields), context)
    if job.id not in books.owners:
        # the member who is forgotten later is not named by the job any more
        books.owners[job.id] = (job.channel.server, job.requested_by)
        books.jobs.append(job.id)


async def cancel(books: Books, *, number: int) -> None:
    job = await books.pick(number)
    if job is not None:
        _, service, _ = books.process(number)
        await service.cancel(job.id, by=job.requested_by, server=job.channel.server)


async def go_on(books: Books, *, number: int, backend: str, seconds: float, ends: str) -> None:
    """A job takes its next step: it is claimed, accepted, rendered, or it ends."""
    job = await books.pick(number)
    if job is None or job.status.is_final:
        return
    _, _, writer = books.process(number)
    if job.status is JobStatus.PENDING:
        await writer.claim(job, backend)
    elif job.status is JobStatus.SUBMITTING:
        await _answered(books, writer, job, ends)
    elif ends == "leave":
        waiting = job.leaving(not_before=books.clock.now(), waiting_for="another")
        await writer.requeue(waiting, was=job)
    elif job.status is JobStatus.QUEUED:
        await writer.save(job.running(books.clock.now()), was=job)
    else:
        await _ended(writer, job.measured(seconds), ends)


async def _answered(books: Books, writer: JobWriter, job: Job, ends: str) -> None:
    if ends == "unsent":
        waiting = job.unsent(not_before=books.clock.now(), waiting_for="another")
        await writer.requeue(waiting, was=job)
    elif ends == "fail":
        await writer.fail(job, Failure(FailureKind.OUTCOME_UNKNOWN))
    else:
        handle = RequestHandle(job.backend or "", job.request.endpoint, f"request-{job.id}", job.attempt)
        await writer.save(job.queued(handle), was=job)


async def _ended(writer: JobWriter, job: Job, ends: str) -> None:
    if ends == "fail":
        await writer.fail(job, Failure(FailureKind.GENERATION))
    elif job.cancel_requested and ends == "cancel":
        await writer.cancel(job)
    else:
        await writer.succeed(job, Artifact(f"{job.id}.mp4", 1), None)


async def set_limits(books: Books, *, number: int, server: ServerRef, changes: Mapping[str, object]) -> None:
    _, service, _ = books.process(number)
    await service.change_rules(server, changes, by=a_user("admin"))


async def set_ceilings(books: Books, *, number: int, server: ServerRef, changes: Mapping[str, object]) -> None:
    _, service, _ = books.process(number)
    await service.set_ceilings(server, changes, by=OPERATOR)


async def forget(books: Books, *, number: int, user: UserRef, server: ServerRef) -> None:
    """A member asks to be forgotten, and one round of it is done."""
    _, service, _ = books.process(number)
    await service.forget(user, server, service.confirmation_to_forget(user))
    await books.forgetter.go_on()


async def prune(books: Books, *, number: int) -> None:
    """What is old is removed, and what is to be forgotten goes on."""
    del number
    await books.retention.prune()
    await books.forgetter.go_on()
