"""Several relays on one database: each outcome is brought by one of them, and a dead one's are taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from core import Core, a_core
from core_running import pass_time, relaying, standing_still, until
from doubles.clock import ManualClock
from doubles.faulty_store import FaultyStore
from factories import a_message
from generation.delivery import Delivery, DeliveryStatus
from generation.errors import DeliveryDelayed, StoreBusy
from generation.job import Job
from generation.limits import Limits
from generation.places import MessageRef
from generation.ports import Noter, Parcel
from generation.progress import Phase, Progress
from generation.service import HouseRules

PLENTY = HouseRules(
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


async def finished(core: Core, *, origin: str = "o1") -> Job:
    job = await core.submit(origin=origin)
    await core.service.opened(job.id, a_message(f"3{origin}"))
    return await core.carry(job)


async def status(core: Core, job: Job) -> DeliveryStatus:
    found = await core.store.delivery_of(job.id)
    assert found is not None
    return found.status


class Slow:
    """A delivery that lasts until it is let go."""

    def __init__(self, core: Core) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self._deliver = core.messenger.deliver
        core.messenger.deliver = self.deliver  # type: ignore[method-assign]

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        self.begun.set()
        await self.let_go.wait()
        return await self._deliver(parcel, rung, note)


async def test_two_relays_bring_each_outcome_once(tmp_path: Path) -> None:
    async with two_cores(tmp_path, rules=PLENTY) as (one, two):
        jobs = [await finished(one, origin=f"o{n}") for n in range(12)]
        async with relaying(one), relaying(two):
            await until(one, lambda: len(one.messenger.delivered) + len(two.messenger.delivered) >= len(jobs))
            await pass_time(one, 3)
        brought = [job_id for job_id, *_ in one.messenger.delivered + two.messenger.delivered]
        assert sorted(brought) == sorted(job.id for job in jobs)
        assert {await status(one, job) for job in jobs} == {DeliveryStatus.SENT}


async def test_an_outcome_that_takes_minutes_stays_with_who_brings_it(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await finished(one), Slow(one)
        async with relaying(one):
            await until(one, slow.begun.is_set)
            async with relaying(two):
                await pass_time(two, 120)
                assert two.messenger.delivered == []
                slow.let_go.set()
                await until(one, lambda: one.messenger.delivered != [])
        assert (two.messenger.delivered, await status(one, job)) == ([], DeliveryStatus.SENT)


async def test_what_a_dead_relay_held_is_brought_when_its_lease_has_run_out(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await finished(one), Slow(one)
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
        assert await status(two, job) is DeliveryStatus.SENT


async def test_the_next_start_under_the_same_name_goes_on_at_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock) as core:
        job, slow = await finished(core), Slow(core)
        dying = asyncio.create_task(core.relay.run())
        await until(core, slow.begun.is_set)
        dying.cancel()
        await asyncio.wait({dying})
    died_at = clock.now()
    async with a_core(tmp_path, clock=clock) as core:
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
            assert clock.now() - died_at < timedelta(seconds=25)
        assert await status(core, job) is DeliveryStatus.SENT


async def test_a_put_off_outcome_is_free_for_whoever_looks_first_and_not_before_its_time(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        await finished(one)
        one.messenger.troubles = [DeliveryDelayed("busy", retry_after=60)]
        async with relaying(one):
            await until(one, lambda: one.observer.deliveries != [])
        put_off_at = two.clock.now()
        async with relaying(two):
            await until(two, lambda: two.messenger.delivered != [])
        assert timedelta(seconds=59) <= two.clock.now() - put_off_at <= timedelta(seconds=63)


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
            await one.carry(job)
            await standing_still(0.1)
            async with relaying(two):
                await pass_time(two, 5)
                assert one.messenger.delivered == two.messenger.delivered == []
                arriving.set()
                await until(one, lambda: one.messenger.delivered + two.messenger.delivered != [])
        assert len(one.messenger.delivered) == 1


async def test_a_claim_that_cannot_be_saved_is_tried_again(tmp_path: Path) -> None:
    busy = partial(FaultyStore, troubles={"claim delivery": [StoreBusy(), StoreBusy()]})
    async with a_core(tmp_path, clock=ManualClock(), around=busy) as core:
        job = await finished(core)
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.store.refused == ["claim delivery"] * 2
        assert await status(core, job) is DeliveryStatus.SENT


async def test_a_process_that_waits_for_its_own_outcome_waits_while_another_holds_it(tmp_path: Path) -> None:
    async with two_cores(tmp_path) as (one, two):
        job, slow = await finished(one), Slow(one)
        async with relaying(one):
            await until(one, slow.begun.is_set)
            waiting = asyncio.create_task(two.relay.bring(job.id))
            await pass_time(two, 5)
            assert not waiting.done()
            slow.let_go.set()
            await until(two, waiting.done)
        delivery = await waiting
        assert delivery is not None
        assert (delivery.status, two.messenger.delivered) == (DeliveryStatus.SENT, [])
