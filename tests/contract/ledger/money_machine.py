"""Random acts of members, admins, backends and time against the real store, many at once; after each the books, the
quotas and the budgets are compared with what they were before."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract.ledger.money_books import (
    CENT,
    CLIPS,
    MONEY,
    OPERATOR,
    PRICES,
    SERVERS,
    TASKS,
    USERS,
    Act,
    Books,
    cancel,
    forget,
    go_on,
    prune,
    set_ceilings,
    set_limits,
    submit,
)
from generation.domain.pricing import Prices
from generation.domain.refs import ServerRef
from generation.protocol.request import Endpoint
from generation.rules.limits import LimitName, Limits, Usage
from generation.rules.operator_rules import OperatorRules
from generation.rules.pause import EVERY_SERVER


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
