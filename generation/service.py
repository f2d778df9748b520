"""What members and admins can ask for, the same on every platform: submit, re-roll, cancel, look, set limits."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ValidationError

from generation import endings, ledger
from generation.audit import AuditEntry
from generation.backend_words import queue_lines
from generation.breaker import Breakers
from generation.delivery import Answer, Delivery, DeliveryStatus
from generation.errors import (
    InvalidRequest,
    JobNotFound,
    JobNotRerollable,
    LedgerUnavailable,
    NotYourJob,
    StoreError,
    Violation,
)
from generation.house_rules import HouseRules
from generation.job import Job, JobId, JobStatus, new_job_id
from generation.limits import Limits, Usage
from generation.parsing import shown
from generation.places import ChannelRef, MessageRef, ServerRef, UserRef
from generation.policy import Policy, check_server
from generation.ports import Clock, Lease, Observer, SeedSource, Store, Transaction, Wake
from generation.request import GenerationRequest
from generation.urgency import Urgency

_REMEMBERED: Final = 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, where, and caused by what.

    ``origin`` names the cause (an interaction id, an event): a second delivery of it finds the first one's job.
    ``lease`` keeps the job for the process that submits it, ``answer`` is a first answer that is already out.
    """

    origin: str
    requested_by: UserRef
    channel: ChannelRef
    lease: Lease | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a member may still do: the server's limits beside what is used."""

    limits: Limits
    usage: Usage


class Service:
    """The core's front door; adapters translate and call it."""

    def __init__(
        self,
        store: Store,
        rules: HouseRules,
        *,
        clock: Clock,
        seeds: SeedSource,
        observer: Observer,
        submitted: Wake,
        ended: Wake,
        breakers: Breakers | None = None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._seeds = seeds
        self._observer = observer
        self._submitted = submitted
        self._ended = ended
        self._breakers = breakers or Breakers()
        self._ahead = _Ahead()

    def draw_seed(self) -> int:
        """A seed for a wish that came without one."""
        return self._seeds.draw()

    async def submit(self, request: GenerationRequest, ask: Ask, *, parent: JobId | None = None) -> Job:
        """Take a wish: check every rule, reserve its price, keep it. One transaction, about a millisecond.

        The same origin again returns the job that it caused before. Raises Refused, StoreError or StorageFull; then
        nothing is stored and nothing is spent.
        """
        check_server(ask.channel.server, self._rules.allowed_servers)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            known = await tx.job_of_origin(ask.origin)
            if known is not None:
                return known
            job = await self._admit(tx, request, ask, parent)
        self._observer.job_moved(job)
        self._submitted()
        return job

    async def reroll(self, job_id: JobId, ask: Ask) -> Job:
        """The same wish with a new seed, charged to the one who asks. Raises JobNotRerollable for an unfinished job."""
        parent = await self.job(job_id, ask.channel.server)
        if parent.status is not JobStatus.SUCCEEDED:
            raise JobNotRerollable(job_id)
        return await self.submit(parent.request.with_seed(self._seeds.draw()), ask, parent=parent.id)

    async def cancel(self, job_id: JobId, *, by: UserRef, server: ServerRef, is_admin: bool = False) -> Job:
        """End a job: at once when it still waits, else as soon as its backend agrees.

        Raises JobNotFound, NotYourJob or JobAlreadyFinished.
        """
        found = await self.job(job_id, server)
        if found.requested_by != by and not is_admin:
            raise NotYourJob(job_id)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            job = (await tx.job(job_id) or found).cancel()
            if job.status is JobStatus.PENDING:
                job = await endings.cancel(tx, job, self._clock.now())
            else:
                await tx.request_cancel(job_id)
        if job.status.is_final:
            self._observer.job_moved(job)
            self._ended()
        self._submitted()
        return job

    async def opened(self, job_id: JobId, message: MessageRef, answer: Answer | None = None) -> None:
        """The first answer is out: from now on it is the job's message, unless the outcome has one of its own."""
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(job_id)
            if delivery is None:
                raise JobNotFound(job_id)
            opened = delivery.opened(message, answer, self._clock.now())
            await tx.save_delivery(opened)
        if opened.status is DeliveryStatus.OWED:
            self._ended()

    async def deliver_again(
        self, job_id: JobId, answer: Answer, *, by: UserRef, channel: ChannelRef, is_admin: bool = False
    ) -> Job:
        """Bring an ended job's outcome once more, by that answer, to who asked for it, to an admin, or to anybody in
        its own channel. What has not ended or is on its way already stays as it is. Raises JobNotFound or NotYourJob.
        """
        job = await self.job(job_id, channel.server)
        if job.requested_by != by and job.channel != channel and not is_admin:
            raise NotYourJob(job_id)
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(job_id)
            if delivery is not None and delivery.status in {DeliveryStatus.SENT, DeliveryStatus.ABANDONED}:
                await tx.save_delivery(delivery.again(answer, self._clock.now()))
        self._ended()
        return job

    async def job(self, job_id: JobId, server: ServerRef) -> Job:
        """A job of this server. Raises JobNotFound, also for another server's job."""
        job = await self._store.job(job_id)
        if job is None or job.channel.server != server:
            raise JobNotFound(job_id)
        return job

    async def job_of_message(self, message: MessageRef) -> Job | None:
        """The job that a message shows, if it is one of ours."""
        return await self._store.job_of_message(message)

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        """The message that a job owes or has: None for a job that is not known."""
        return await self._store.delivery_of(job_id)

    async def jobs_of(self, user: UserRef, server: ServerRef, *, limit: int = 10) -> list[Job]:
        """A member's jobs in a server, newest first."""
        return await self._store.jobs_of(user, server, limit=limit)

    async def queue_of(self, server: ServerRef, *, limit: int = 25) -> list[Job]:
        """A server's jobs under way, oldest first."""
        return await self._store.unfinished_in(server, limit=limit)

    def backend_lines(self) -> tuple[str, ...]:
        """A plain sentence for each backend in trouble; none when all is well."""
        return queue_lines(self._breakers.all, self._clock.now())

    async def ahead_of(self, job: Job) -> int:
        """How many waiting jobs are older than this one, counted up to :data:`generation.progress.MOST_AHEAD`."""
        seen = self._ahead.take(job.id)
        return await self._store.ahead_of(job) if seen is None else seen

    async def limits_of(self, server: ServerRef) -> Limits:
        """The limits in force: the server's own, else the operator's defaults."""
        return await self._store.limits_of(server) or self._rules.defaults_for(server)

    async def quota(self, user: UserRef, server: ServerRef) -> Quota:
        """What a member has used and what is allowed."""
        usage = await self._store.usage(server, user, self._clock.now())
        return Quota(await self.limits_of(server), usage)

    async def set_limits(self, server: ServerRef, changes: Mapping[str, object], *, by: UserRef) -> Limits:
        """Change some limits and write down who did it. Raises InvalidRequest naming the limit that is wrong."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.limits_of(server) or self._rules.defaults_for(server)
            after = _changed(before, changes)
            entry = AuditEntry(server, by, self._clock.now(), "limits", *_difference(before, after))
            await tx.set_limits(server, after, entry)
        return after

    async def reset_limits(self, server: ServerRef, *, by: UserRef) -> Limits:
        """Go back to the operator's defaults."""
        defaults = self._rules.defaults_for(server)
        async with self._store.transaction(Urgency.MEMBER) as tx:
            difference = _difference(await tx.limits_of(server) or defaults, defaults)
            await tx.set_limits(server, None, AuditEntry(server, by, self._clock.now(), "limits", *difference))
        return defaults

    async def policy_of(self, server: ServerRef) -> Policy:
        """Who may ask, where, and for what."""
        return await self._store.policy_of(server) or Policy()

    async def set_policy(self, server: ServerRef, policy: Policy, *, by: UserRef) -> Policy:
        """Change a server's rules on channels, members and terms, and write down who did it."""
        async with self._store.transaction(Urgency.MEMBER) as tx:
            before = await tx.policy_of(server) or Policy()
            entry = AuditEntry(server, by, self._clock.now(), "policy", *_difference(before, policy))
            await tx.set_policy(server, policy, entry)
        return policy

    async def audit_of(self, server: ServerRef, *, limit: int = 20) -> list[AuditEntry]:
        """Who changed what, newest first."""
        return await self._store.audit_of(server, limit=limit)

    async def _admit(self, tx: Transaction, request: GenerationRequest, ask: Ask, parent: JobId | None) -> Job:
        now = self._clock.now()
        server = ask.channel.server
        usage = await _usage(tx, server, ask.requested_by, now)
        limits, policy = await tx.rules_of(server)
        (policy or Policy()).check(request, ask.channel, ask.requested_by)
        limits = limits or self._rules.defaults_for(server)
        price = self._rules.prices.least(request, self._rules.backends)
        limits.check(request, usage, price)
        self._rules.check_budget(usage, price)
        job = Job(
            id=new_job_id(now),
            request=request,
            requested_by=ask.requested_by,
            channel=ask.channel,
            origin=ask.origin,
            created_at=now,
            parent=parent,
            reserved=price,
        )
        await tx.append(ledger.reserve(job, now))
        await tx.add_job(job, Delivery(job.id, ask.channel, opened_at=now, answer=ask.answer), ask.lease)
        self._ahead.note(job.id, usage.waiting_jobs)
        return job


class _Ahead:
    """How many jobs were ahead of those that were just taken: whoever is answered next need not count again."""

    def __init__(self) -> None:
        self._seen: OrderedDict[JobId, int] = OrderedDict()

    def note(self, job_id: JobId, ahead: int) -> None:
        self._seen[job_id] = ahead
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def take(self, job_id: JobId) -> int | None:
        """Once: by the next time it may have changed."""
        return self._seen.pop(job_id, None)


async def _usage(tx: Transaction, server: ServerRef, user: UserRef, now: datetime) -> Usage:
    """What is used, or no: without it nothing more is allowed."""
    try:
        return await tx.usage(server, user, now)
    except StoreError as error:
        raise LedgerUnavailable from error


def _changed(before: Limits, changes: Mapping[str, object]) -> Limits:
    try:
        return Limits.model_validate({**before.model_dump(), **changes})
    except ValidationError as error:
        raise InvalidRequest(
            tuple(
                Violation(".".join(map(str, e["loc"])), _allowed(e["type"], e["msg"]), shown(e["input"]))
                for e in error.errors(include_url=False, include_context=False)
            )
        ) from error


def _allowed(kind: str, message: str) -> str:
    """What pydantic complained of, as what is allowed."""
    return "the name of a limit" if kind == "extra_forbidden" else message.removeprefix("Input should be ")


def _difference(before: BaseModel, after: BaseModel) -> tuple[str, str]:
    """The fields that differ, as JSON before and after."""
    names = {name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)}
    return before.model_dump_json(include=names), after.model_dump_json(include=names)
