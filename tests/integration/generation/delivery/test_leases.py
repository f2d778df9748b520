"""Several relays on one database: each outcome is delivered by one of them, and a dead one's are taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from core import Core, a_core
from core_running import pass_time, relaying, time_stands_still, until
from doubles.clock import ManualClock
from doubles.generation.faulty_store import FaultyStore
from factories import a_message
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job
from generation.domain.refs import MessageRef
from generation.ports import DeliveryPayload, SaveNote
from generation.protocol.errors import DeliveryDelayed, StoreBusy
from generation.protocol.progress import Phase, Progress
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules

PLENTY = OperatorRules(
    backends=("fal",), default_limits=Limits(user_active_jobs=100, user_clips_per_day=None, server_active_jobs=100)
)


@asynccontextmanager
async def two_cores(folder: Path, **options: object) -> AsyncIterator[tuple[Core, Core]]:
    """Two processes on one database and one clock."""
    clock = ManualClock()
    async with (
        a_core(folder, clock=clock, owner="one", **options) as one,  # type: ignore[arg-type]
        a_core(folder, clock=clock, owner="two", **options) as two,  # type: ignore[arg-type]
    ):
        yield one, two


class Slow:
    """A delivery that lasts until it is let go."""

    def __init__(self, core: Core) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self._deliver = core.messenger.deliver
        core.messenger.deliver = self.deliver  # type: ignore[method-assign]

    async def deliver(self, payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
        self.begun.set()
        await self.let_go.wait()
        return await self._deliver(payload, step, note)


async def test_two_relays_deliver_each_outcome_once(tmp_path: Path) -> None:
    async with two_cores(tmp_path, rules=PLENTY) as (one, two):
        jobs = [await one.finish(origin=f"o{n}") for n in range(12)]
        async with relaying(one), relaying(two):
            await until(one, lambda: len(one.messenger.delivered) + len(two.messenger.delivered) >= len(jobs))
            await pass_time(one, 3)
        delivered = [job_id for job_id, *_ in one.messenger.delivered + two.messenger.delivered]
        assert sorted(delivered) == sorted(job.id for job in jobs)
        assert {(await one.delivery(job)).status for job in jobs} == {DeliveryStatus.SENT}


async def test_an_outcome_that_takes_minutes_stays_with_the_relay_that_delivers_it(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await one.finish(), Slow(one)
        async with relaying(one):
            await until(one, slow.begun.is_set)
            async with relaying(two):
                await pass_time(two, 120)
                assert two.messenger.delivered == []
                slow.let_go.set()
                await until(one, lambda: one.messenger.delivered != [])
        assert (two.messenger.delivered, (await one.delivery(job)).status) == ([], DeliveryStatus.SENT)


async def test_what_a_dead_relay_held_is_delivered_when_its_lease_has_run_out(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await one.finish(), Slow(one)
        dying = asyncio.create_task(one.relay.run())
        await until(one, slow.begun.is_set)
        dying.cancel()
        await asyncio.wait({dying})
        died_at = one.clock.now()
        async with relaying(two):
            await pass_time(two, 25)
            assert two.messenger.delivered == []
            await until(two, lambda: two.messenger.delivered != [])
        assert two.clock.now() - died_at <= timedelta(seconds=35)
        assert (await two.delivery(job)).status is DeliveryStatus.SENT


async def test_the_next_start_under_the_same_name_goes_on_at_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock) as core:
        job, slow = await core.finish(), Slow(core)
        dying = asyncio.create_task(core.relay.run())
        await until(core, slow.begun.is_set)
        dying.cancel()
        await asyncio.wait({dying})
    died_at = clock.now()
    async with a_core(tmp_path, clock=clock) as core:
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
            assert clock.now() - died_at < timedelta(seconds=25)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_put_off_outcome_is_free_for_the_first_relay_and_not_before_its_time(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        await one.finish()
        one.messenger.troubles = [DeliveryDelayed("busy", retry_after=60)]
        async with relaying(one):
            await until(one, lambda: one.observer.deliveries != [])
        put_off_at = two.clock.now()
        async with relaying(two):
            await until(two, lambda: two.messenger.delivered != [])
        # the clock goes on with each look of the relay, also while a slow disk keeps the claim waiting
        assert timedelta(seconds=59) <= two.clock.now() - put_off_at <= timedelta(seconds=75)


async def test_an_outcome_waits_for_its_own_processs_edit_in_other_processes_too(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        arriving, seen = asyncio.Event(), asyncio.Event()

        async def slow(job: Job, delivery: Delivery, progress: Progress) -> None:
            seen.set()
            await arriving.wait()

        one.messenger.show = slow  # type: ignore[method-assign]
        job = await one.submit()
        await one.service.opened(job.id, a_message())
        async with relaying(one):
            one.relay.progress(job, Progress(Phase.RENDERING))
            await until(one, seen.is_set)
            await one.run(job)
            await time_stands_still(0.1)
            async with relaying(two):
                await pass_time(two, 5)
                assert one.messenger.delivered == two.messenger.delivered == []
                arriving.set()
                await until(one, lambda: one.messenger.delivered + two.messenger.delivered != [])
        assert len(one.messenger.delivered) == 1


async def test_a_claim_that_cannot_be_saved_is_tried_again(tmp_path: Path) -> None:
    busy = partial(FaultyStore, troubles={"claim delivery": [StoreBusy(), StoreBusy()]})
    async with a_core(tmp_path, clock=ManualClock(), around=busy) as core:
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.store.refused == ["claim delivery"] * 2
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_process_that_waits_for_its_own_outcome_waits_while_another_holds_it(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await one.finish(), Slow(one)
        async with relaying(one):
            await until(one, slow.begun.is_set)
            waiting = asyncio.create_task(two.relay.deliver(job.id))
            await pass_time(two, 5)
            assert not waiting.done()
            slow.let_go.set()
            await until(two, waiting.done)
        delivery = await waiting
        assert delivery is not None
        assert (delivery.status, two.messenger.delivered) == (DeliveryStatus.SENT, [])
