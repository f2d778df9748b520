"""Outcomes reach their channels: once seen, at least once tried, by the best step that is left."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core import a_core
from core_running import pass_time, relaying, until
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from factories import a_message
from generation.delivery.timing import RelayTiming
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.protocol.errors import DeliveryDelayed, DeliveryStepFailed, GenerationFailed
from generation.protocol.progress import Phase, Progress, Steps


async def test_a_finished_clip_is_delivered_by_the_first_step_and_recorded(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.messenger.delivered == [(job.id, JobStatus.SUCCEEDED, "edit", tiny_mp4())]
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_a_failure_is_delivered_without_a_video(tmp_path: Path) -> None:
    backend = ScriptedBackend(troubles={"result": [GenerationFailed("worker")]})
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.messenger.delivered == [(job.id, JobStatus.FAILED, "edit", None)]


async def test_a_delivery_owed_at_a_kill_is_made_by_the_next_start(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock) as core:
        job = await core.finish()
    async with a_core(tmp_path, clock=clock) as restarted:
        async with relaying(restarted):
            await until(restarted, lambda: restarted.messenger.delivered != [])
        assert (await restarted.delivery(job)).status is DeliveryStatus.SENT


async def test_a_delayed_delivery_is_tried_again_by_the_same_step(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.troubles = [DeliveryDelayed("rate limited", retry_after=30)]
        job = await core.finish()
        asked_at = core.clock.now()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.messenger.delivered == [(job.id, JobStatus.SUCCEEDED, "edit", tiny_mp4())]
        assert core.clock.now() - asked_at >= timedelta(seconds=30)


async def test_a_step_that_fails_for_good_is_followed_by_the_next_and_told(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.troubles = [DeliveryStepFailed("the message is gone")]
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert [step for _, _, step, _ in core.messenger.delivered] == ["reply"]
        delivery = await core.store.delivery_of(job.id)
        assert delivery is not None
        assert delivery.told == ("the message is gone",)


async def test_a_step_that_is_delayed_too_often_is_given_up(tmp_path: Path) -> None:
    timing = RelayTiming(first_answer=0, tries_per_step=2)
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=timing) as core:
        core.messenger.troubles = [DeliveryDelayed("busy"), DeliveryDelayed("busy")]
        await core.finish()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert [step for _, _, step, _ in core.messenger.delivered] == ["reply"]


async def test_when_no_way_is_left_the_clip_stays(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.troubles = [DeliveryStepFailed("gone"), DeliveryStepFailed("no permission")]
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: len(core.observer.deliveries) == 2)
        delivery = await core.store.delivery_of(job.id)
        assert delivery is not None
        assert (delivery.status, delivery.told) == (DeliveryStatus.ABANDONED, ("gone", "no permission"))
        assert job.artifact is not None
        async with core.artifacts.checkout(job.artifact) as path:
            assert path.read_bytes() == tiny_mp4()


async def test_the_relay_waits_for_the_first_answer_before_it_looks_for_another_way(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=RelayTiming(first_answer=10)) as core:
        job = await core.run(await core.submit())
        async with relaying(core):
            await pass_time(core, 5)
            assert core.messenger.delivered == []
            await core.service.opened(job.id, a_message("42"))
            await until(core, lambda: core.messenger.delivered != [])
        delivery = await core.store.delivery_of(job.id)
        assert delivery is not None
        assert delivery.message == a_message("42")


async def test_without_a_first_answer_it_is_delivered_after_ten_seconds(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=RelayTiming(first_answer=10)) as core:
        await core.run(await core.submit())
        asked_at = core.clock.now()
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        assert core.clock.now() - asked_at >= timedelta(seconds=10)


async def test_a_messengers_note_survives_a_failed_try(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.notes = ("F123",)
        core.messenger.troubles = [DeliveryDelayed("not ready")]
        job = await core.finish()
        async with relaying(core):
            await until(core, lambda: core.observer.deliveries != [])
        delivery = await core.store.delivery_of(job.id)
        assert delivery is not None
        assert delivery.note == "F123"


async def test_a_mistake_in_a_messenger_delays_its_own_delivery_only(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.troubles = [ZeroDivisionError("ours")]
        await core.finish(origin="a")
        await core.finish(origin="b")
        async with relaying(core):
            await until(core, lambda: len(core.messenger.delivered) == 2)


async def test_of_progress_only_the_newest_state_is_shown_and_no_faster_than_allowed(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.submit()
        first, *others = [Progress(Phase.RENDERING, steps=Steps(n, 50)) for n in range(50)]
        shown_at = []
        async with relaying(core):
            core.relay.progress(job, first)
            await until(core, lambda: len(core.messenger.shown) == 1)
            shown_at.append(core.clock.now())
            for state in others:
                core.relay.progress(job, state)
            await until(core, lambda: len(core.messenger.shown) == 2)
            shown_at.append(core.clock.now())
        assert core.messenger.shown == [(job.id, first), (job.id, others[-1])]
        assert shown_at[1] - shown_at[0] >= timedelta(seconds=2.5)


async def test_nothing_is_shown_of_a_job_whose_outcome_is_owed(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.finish()
        core.relay.progress(replace(job, status=JobStatus.RUNNING), Progress(Phase.RENDERING))
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
            await pass_time(core, 5)
        assert core.messenger.shown == []


async def test_one_outcome_can_be_delivered_without_the_loop(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        core.messenger.troubles = [DeliveryDelayed("busy")]
        job = await core.finish()
        delivery = await core.relay.deliver(job.id)
        assert delivery is not None
        assert delivery.status is DeliveryStatus.SENT
