"""Random acts of members, admins, backends and time against the real store, many at once; after each the books, the
quotas and the budgets are compared with what they were before."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core import Seeds
from databases import a_cipher
from db.store import SqlStore
from doubles.clock import START, ManualClock
from doubles.generation.observer import RecordingObserver
from factories import a_channel, a_request, a_server, a_user
from generation.artifacts import ObjectArtifacts
from generation.domain.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.domain.pricing import Price, Prices
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.lifecycle.completion import JobWriter
from generation.privacy.forgetting import Forgetter
from generation.privacy.retention import Retention
from generation.protocol.errors import IllegalTransition, JobError, LimitExceeded, Refused, StaleJob
from generation.protocol.request import Endpoint
from generation.rules.limits import LimitName, Limits, Usage
from generation.rules.operator_rules import OperatorRules
from generation.rules.pause import EVERY_SERVER
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
    await service.set_limits(server, changes, by=a_user("admin"))


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


def _some_limits(most_names: int) -> st.SearchStrategy[dict[str, object]]:
    """A few limits, of which some are tight and most have room for several clips."""
    values = {
        **{name.value: st.none() | st.integers(0, 40) for name in CLIPS if "active" not in name},
        LimitName.USER_ACTIVE_JOBS.value: st.integers(1, 12),
        LimitName.SERVER_ACTIVE_JOBS.value: st.integers(1, 30),
        **{name.value: st.none() | st.integers(0, 70).map(CENT.__mul__) for name in MONEY},
    }
    names = st.lists(st.sampled_from(sorted(values)), max_size=most_names, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: values[name] for name in chosen}))


LIMITS = _some_limits(3)
NUMBERS = st.integers(0, 999)
SUBMITS = st.builds(
    partial,
    st.just(submit),
    number=NUMBERS,
    user=st.sampled_from(USERS),
    server=st.sampled_from(SERVERS),
    fields=st.sampled_from([{}, {}, {"num_frames": 32}, {"endpoint": Endpoint.TURBO}]),
    again=st.integers(0, 19).map((19).__eq__),
)
STEPS = st.builds(
    partial,
    st.just(go_on),
    number=NUMBERS,
    backend=st.sampled_from(["worker", "fal", "fal"]),
    seconds=st.sampled_from([0.0, 5.0, 30.0, 400.0]),
    ends=st.sampled_from([*["succeed"] * 8, "fail", "cancel", "unsent", "leave"]),
)
CANCELS = st.builds(partial, st.just(cancel), number=NUMBERS)
CLEANING = st.builds(
    partial, st.just(forget), number=NUMBERS, user=st.sampled_from(USERS), server=st.sampled_from(SERVERS)
) | st.builds(partial, st.just(prune), number=NUMBERS)
CHANGES = st.builds(
    partial, st.just(set_limits), number=NUMBERS, server=st.sampled_from(SERVERS), changes=LIMITS
) | st.builds(
    partial,
    st.just(set_ceilings),
    number=NUMBERS,
    server=st.sampled_from([EVERY_SERVER, *SERVERS]),
    changes=LIMITS,
)
ACTS = st.sampled_from([*"ssssggggggggc"]).flatmap({"s": SUBMITS, "g": STEPS, "c": CANCELS}.__getitem__)


class MoneyMachine(RuleBasedStateMachine):
    """``fresh`` makes the URL of an empty database; ``acts`` counts what was done in all runs."""

    fresh: Callable[[], AbstractContextManager[str]]
    acts = 0

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._database = type(self).fresh()
        self._url = self._database.__enter__()
        self._files = TemporaryDirectory()
        self.books: Books

    @initialize(
        daily=st.none() | st.integers(5, 150).map(CENT.__mul__),
        monthly=st.none() | st.integers(5, 400).map(CENT.__mul__),
        ceilings=_some_limits(1),
        order=st.sampled_from([("worker", "fal"), ("fal", "worker"), ("fal",)]),
    )
    def begin(self, daily, monthly, ceilings, order) -> None:
        rules = OperatorRules(
            backends=order,
            default_limits=Limits(user_active_jobs=12),
            daily_budget=daily,
            monthly_budget=monthly,
            ceilings=ceilings,
            prices=Prices(PRICES),
        )
        self.books = self._runner.run(Books.open(self._url, Path(self._files.name), rules))

    @rule(acts=st.lists(ACTS, min_size=1, max_size=TASKS))
    def all_at_once(self, acts) -> None:
        self._runner.run(self._compared(acts))

    @rule(change=CHANGES, acts=st.lists(ACTS, max_size=TASKS - 1))
    def an_admin_changes_limits_meanwhile(self, change, acts) -> None:
        self._runner.run(self._compared([change, *acts]))

    @rule(cleaning=CLEANING, acts=st.lists(ACTS, max_size=TASKS - 1))
    def members_are_forgotten_and_old_things_removed_meanwhile(self, cleaning, acts) -> None:
        self._runner.run(self._compared([cleaning, *acts]))

    @rule(server=st.sampled_from([EVERY_SERVER, *SERVERS]), acts=st.lists(ACTS, min_size=1, max_size=TASKS))
    def the_operator_pauses_and_resumes(self, server, acts) -> None:
        self._runner.run(self._paused(server, acts))

    @rule(hours=st.sampled_from([0.3, 1, 5, 24, 24 * 9, 24 * 40, -2, -30]))
    def time_passes_or_is_set_back(self, hours) -> None:
        self.books.clock.moment += timedelta(hours=hours)

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "books"):
            self._runner.run(self._balanced())

    def teardown(self) -> None:
        if hasattr(self, "books"):
            type(self).acts += self.books.acts
            self._runner.run(self.books.close())
        self._runner.close()
        self._database.__exit__(None, None, None)
        self._files.cleanup()

    async def _balanced(self) -> None:
        store = self.books.stores[0]
        # every job's lines add up to its state: nothing is given back twice, or too little
        assert [found async for found in store.misbooked()] == []
        assert list(await store.ledger_discrepancies()) == []
        assert await store.lines_without_job() == 0

    async def _paused(self, server: ServerRef, acts: Sequence[Act]) -> None:
        """Nothing new is taken while it is paused; what is under way goes on."""
        service, before = self.books.services[0], len(self.books.jobs)
        await service.pause(server, "back at 18:00", by=OPERATOR)
        await self._compared(acts)
        for job_id in self.books.jobs[before:]:
            owner, _ = self.books.owners[job_id]
            assert server not in {EVERY_SERVER, owner}
        await self.books.services[1].resume(server, by=OPERATOR)

    async def _compared(self, acts: Sequence[Act]) -> None:
        before = await self.books.usage()
        await self.books.all_at_once(acts)
        after, overshot = await self.books.usage(), await self._overshot()
        for key, (limits, usage) in after.items():
            old_limits, old = before[key]
            for name, used in CLIPS.items():
                _is_within(name, used, (old_limits, old), (limits, usage))
            for name, used in MONEY.items():
                whose = key if name.startswith("user_") else key[0]
                _is_within(name, used, (old_limits, old), (limits, usage), overshot.get(whose, 0))
            self._operator_is_within(old, usage, sum(n for whose, n in overshot.items() if isinstance(whose, tuple)))
            await self._no_ceiling_is_passed(key[0], limits)

    def _operator_is_within(self, before: Usage, after: Usage, overshot: int) -> None:
        rules = self.books.rules
        for most, used in (
            (rules.daily_budget, "all_spent_today"),
            (rules.monthly_budget, "all_spent_this_month"),
        ):
            assert most is None or getattr(after, used) <= max(getattr(before, used), most) + overshot

    async def _no_ceiling_is_passed(self, server: ServerRef, limits: Limits) -> None:
        ceiling = (await self.books.services[1].rules_of(server)).ceiling
        for name in (*CLIPS, *MONEY):
            most, allowed = getattr(ceiling, name.value), getattr(limits, name.value)
            assert most is None or (allowed is not None and allowed <= most)

    async def _overshot(self) -> dict[Any, int]:
        """What settlements have taken beyond what was reserved since the last time, by server and by member."""
        found: dict[Any, int] = {}
        for job_id in self.books.jobs:
            job = await self.books.stores[0].job(job_id)
            if job is None or not job.status.is_final or job_id in self.books.ended:
                continue
            self.books.ended.add(job_id)
            beyond = max(0, (job.cost or 0) - job.reserved)
            server, user = self.books.owners[job_id]
            for whose in (server, (server, user)):
                found[whose] = found.get(whose, 0) + beyond
        return found


def _is_within(
    name: LimitName, used: str, before: tuple[Limits, Usage], after: tuple[Limits, Usage], overshot: int = 0
) -> None:
    """Whether no more is used than was allowed at some moment, or had been used already."""
    allowed = [getattr(limits, name.value) for limits, _ in (before, after)]
    if None in allowed:
        return
    earlier, now = (getattr(usage, used) for _, usage in (before, after))
    assert now <= max(earlier, *allowed) + overshot, f"{name}: {now} after {earlier}, of {allowed}"
