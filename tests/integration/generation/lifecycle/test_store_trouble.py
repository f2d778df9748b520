"""A locked database and a full disk, at every write: nothing bought is forgotten, nothing is repeated in a hot loop."""

import asyncio
from pathlib import Path

import pytest

from core import a_core
from core_running import dispatching, pass_time, reached, relaying, time_stands_still, until
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from doubles.generation.faulty_store import FaultyStore
from generation.delivery.timing import RelayTiming
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.protocol.errors import ArtifactError, DeliveryDelayed, StorageFull, StoreBusy

FULL = StorageFull("database or disk is full")
BUSY = StoreBusy("database is locked")


@pytest.mark.parametrize("trouble", [BUSY, FULL])
async def test_a_paid_request_is_remembered_however_often_it_cannot_be_saved(
    tmp_path: Path, trouble: Exception
) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False)

    def around(store: object) -> FaultyStore:
        return FaultyStore(store, {"job queued": [trouble] * 5})

    async with a_core(tmp_path, backend=backend, around=around) as core:
        job = await core.run(await core.submit())
        assert (job.status, len(backend.submissions)) == (JobStatus.SUCCEEDED, 1)


@pytest.mark.parametrize("step", ["job submitting", "job running", "job succeeded"])
@pytest.mark.parametrize("trouble", [BUSY, FULL])
async def test_a_job_whose_step_cannot_be_saved_goes_on_when_it_can_and_is_not_repeated_meanwhile(
    tmp_path: Path, step: str, trouble: Exception
) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=FaultyStore) as core:
        job = await core.submit()
        core.store.always = {step: trouble, "job failed": trouble}
        async with dispatching(core):
            await until(core, lambda: step in core.store.refused)
            await time_stands_still()
            assert len(core.store.refused) <= 2
            core.store.always = {}
            await until(core, reached(core, JobStatus.SUCCEEDED), step=1)
        assert (await core.reload(job)).status is JobStatus.SUCCEEDED
        assert len(core.backend.submissions) == 1


@pytest.mark.parametrize("trouble", [BUSY, FULL])
async def test_an_outcome_that_has_arrived_is_not_sent_again_because_that_could_not_be_saved(
    tmp_path: Path, trouble: Exception
) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=FaultyStore) as core:
        job = await core.finish()
        core.store.troubles = {"delivery sent": [trouble] * 6}
        async with relaying(core):
            await until(core, lambda: core.observer.deliveries != [], step=1)
        assert len(core.messenger.delivered) == 1
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_delivery_that_cannot_even_be_put_off_is_not_repeated_in_a_hot_loop(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=FaultyStore) as core:
        job = await core.finish()
        core.store.always = {"delivery owed": FULL}
        core.messenger.troubles = [DeliveryDelayed("busy") for _ in range(1000)]
        async with relaying(core):
            await until(core, lambda: core.store.refused != [])
            await time_stands_still()
            assert len(core.store.refused) <= 2
            core.store.always, core.messenger.troubles = {}, []
            await until(core, lambda: core.messenger.delivered != [], step=1)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_mistake_in_a_messenger_while_the_database_is_locked_does_not_end_the_relay(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=FaultyStore) as core:
        job = await core.finish()
        core.store.troubles = {"delivery owed": [BUSY]}
        core.messenger.troubles = [ZeroDivisionError("ours")]
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [], step=1)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_clip_that_cannot_be_read_now_is_delivered_when_it_can(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        unreadable = [ArtifactError("input/output error"), StorageFull("no room for the copy")]
        checkout = core.artifacts.checkout

        class Moody:
            def checkout(self, artifact: object) -> object:
                if unreadable:
                    raise unreadable.pop()
                return checkout(artifact)  # type: ignore[arg-type]

        core.relay._artifacts = Moody()  # type: ignore[assignment]
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [], step=1)
        [(_, _, _, video)] = core.messenger.delivered
        assert video is not None
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_one_outcome_delivered_without_the_loop_waits_for_a_locked_database(tmp_path: Path) -> None:
    async with a_core(tmp_path, around=FaultyStore) as core:
        job = await core.finish()
        core.store.troubles = {"delivery sent": [BUSY, FULL]}
        delivery = await core.relay.deliver(job.id)
        assert delivery is not None
        assert delivery.status is DeliveryStatus.SENT
        assert len(core.messenger.delivered) == 1


async def test_leases_that_cannot_be_renewed_do_not_end_the_dispatcher(tmp_path: Path) -> None:
    class Full(FaultyStore):
        async def renew_leases(self, lease: object) -> None:
            raise FULL

    async with a_core(tmp_path, clock=ManualClock(), around=Full) as core:
        async with dispatching(core):
            await core.submit()
            await until(core, reached(core, JobStatus.SUCCEEDED))
        assert FULL in [error for _, error in core.observer.troubles]


async def test_a_stop_does_not_wait_for_what_cannot_be_saved(tmp_path: Path) -> None:
    async with a_core(
        tmp_path, clock=ManualClock(), relay_timing=RelayTiming(first_answer=0, settle=1), around=FaultyStore
    ) as core:
        await core.finish()
        core.store.always = {"delivery sent": FULL}
        async with asyncio.timeout(40), relaying(core):
            await until(core, lambda: core.store.refused != [])
            core.relay.stop()
            await pass_time(core, 20)  # the query under way ends first


async def test_nothing_is_bought_that_there_is_no_room_to_keep(tmp_path: Path) -> None:
    async with a_core(tmp_path, min_free_bytes=10**18) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.attempt, job.waiting_for) == (JobStatus.PENDING, 0, "room on the bot's disk")
        assert core.backend.submissions == []
    async with a_core(tmp_path) as restarted:
        assert (await restarted.run(await restarted.reload(job))).status is JobStatus.SUCCEEDED
