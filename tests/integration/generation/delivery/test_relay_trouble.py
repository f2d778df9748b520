"""The relay in bad weather: outages, slow edits, late answers; and what it costs while nothing happens."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import a_core
from core_running import pass_time, relaying, time_stands_still, until
from doubles.clock import ManualClock
from doubles.generation.faulty_store import FaultyStore
from doubles.generation.messenger import RecordingMessenger
from factories import a_message, an_answer
from generation.delivery.timing import RelayTiming
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.refs import MessageRef
from generation.ports import DeliveryPayload, SaveNote
from generation.protocol.errors import DeliveryDelayed, DeliveryStepFailed
from generation.protocol.progress import Phase, Progress, Steps


async def test_an_outage_of_an_hour_delays_an_outcome_and_loses_none(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.finish()
        back_at = core.clock.now() + timedelta(hours=1)
        deliver = core.messenger.deliver

        async def away(payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
            if core.clock.now() < back_at:
                raise DeliveryDelayed("the network is away")
            return await deliver(payload, step, note)

        core.messenger.deliver = away  # type: ignore[method-assign]
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [], step=5)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT
        assert core.clock.now() - back_at <= timedelta(minutes=10)


async def test_an_outcome_that_can_never_be_delivered_is_given_up_after_days(tmp_path: Path) -> None:
    timing = RelayTiming(first_answer=0, give_up_after=900)
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=timing) as core:
        job = await core.finish()
        core.messenger.troubles = [ZeroDivisionError("ours") for _ in range(1000)]
        async with relaying(core):
            await until(core, lambda: DeliveryStatus.ABANDONED in {d.status for d in core.observer.deliveries}, step=60)
        assert (await core.delivery(job)).status is DeliveryStatus.ABANDONED


async def test_an_old_outcome_that_is_wanted_again_is_not_given_up_at_the_first_delay(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.finish()
        async with relaying(core):
            # recorded, not only given to the messenger: what is not known to be sent is not sent again
            await until(core, lambda: DeliveryStatus.SENT in {d.status for d in core.observer.deliveries})
            await core.clock.advance(30 * 24 * 3600)
            core.messenger.troubles = [DeliveryDelayed("busy")]
            answer = an_answer(expires_at=core.clock.now() + timedelta(minutes=14))
            await core.service.deliver_again(job.id, answer, by=job.requested_by, channel=job.channel)
            await until(core, lambda: len(core.messenger.delivered) == 2, step=1)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_an_outcome_is_never_overtaken_by_progress_that_is_on_its_way(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        seen: list[str] = []
        arriving = asyncio.Event()

        async def slow(job: Job, delivery: Delivery, progress: Progress) -> None:
            seen.append("progress begins")
            await arriving.wait()
            seen.append("progress arrives")

        core.messenger.show = slow  # type: ignore[method-assign]
        job = await core.submit()
        await core.service.opened(job.id, a_message())
        async with relaying(core):
            core.relay.progress(job, Progress(Phase.RENDERING))
            await until(core, lambda: seen != [])
            await core.run(job)
            await time_stands_still(0.05)
            assert core.messenger.delivered == []
            arriving.set()
            await until(core, lambda: core.messenger.delivered != [])
        assert seen == ["progress begins", "progress arrives"]


async def test_progress_that_never_arrives_does_not_hold_back_the_outcome(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:

        async def never(job: Job, delivery: Delivery, progress: Progress) -> None:
            await asyncio.Event().wait()

        core.messenger.show = never  # type: ignore[method-assign]
        job = await core.submit()
        await core.service.opened(job.id, a_message())
        async with relaying(core):
            core.relay.progress(job, Progress(Phase.RENDERING))
            await core.clock.advance(1)
            await core.run(job)
            await until(core, lambda: core.messenger.delivered != [], step=1)


class Turns(RecordingMessenger):
    """Lets one message change only after a while."""

    def __init__(self, wait: float | None) -> None:
        super().__init__()
        self.wait, self.asked = wait, 0

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        self.asked += 1
        if self.asked == 1:
            raise DeliveryDelayed("not its turn", retry_after=self.wait)
        await super().show(job, delivery, progress)


@pytest.mark.parametrize(
    ("wait", "troubles", "asked", "said"),
    [
        pytest.param(3.0, 1, 2, 1, id="its turn comes soon"),
        pytest.param(60.0, 1, 1, 0, id="not worth the wait"),
        pytest.param(60.0, 2, 2, 1, id="the next try says it"),
        pytest.param(None, 3, 2, 1, id="once is enough"),
    ],
)
async def test_a_clip_that_waits_says_so_once_its_message_may_change(
    tmp_path: Path, wait: float | None, troubles: int, asked: int, said: int
) -> None:
    chat = Turns(wait)
    async with a_core(tmp_path, clock=ManualClock(), messengers={chat.platform: chat}) as core:
        await core.finish()
        chat.troubles = [DeliveryDelayed("the upload fails", nothing_sent=True) for _ in range(troubles)]
        async with relaying(core):
            await until(core, lambda: chat.delivered != [])
    assert chat.asked == asked
    assert [progress.phase for _, progress in chat.shown] == [Phase.UPLOADING] * said


class Counting(FaultyStore):
    """Counts how often it is asked for due deliveries."""

    queries = 0

    async def owed_deliveries(self, *args: Any, **keywords: Any) -> Any:
        self.queries += 1
        return await self.store.owed_deliveries(*args, **keywords)


async def test_progress_costs_no_look_for_outcomes(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=Counting) as core:
        job = await core.submit()
        async with relaying(core):
            await core.clock.advance(0.5)
            before = core.store.queries
            for done in range(200):
                core.relay.progress(replace(job, id=f"job-{done % 20}"), Progress(Phase.RENDERING, steps=Steps(1, 2)))
                await time_stands_still(0.001)
            assert core.store.queries - before <= 1


async def test_a_slow_edit_with_newer_progress_behind_it_is_waited_for_in_peace(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=Counting) as core:

        async def never(job: Job, delivery: Delivery, progress: Progress) -> None:
            await asyncio.Event().wait()

        core.messenger.show = never  # type: ignore[method-assign]
        job = await core.submit()
        async with relaying(core):
            core.relay.progress(job, Progress(Phase.QUEUED))
            await core.clock.advance(4)
            core.relay.progress(job, Progress(Phase.RENDERING))
            before, sleeps = core.store.queries, core.clock._count
            await core.clock.advance(2)
            assert core.store.queries - before <= 4
            assert core.clock._count - sleeps <= 20


async def test_nothing_is_kept_of_delivered_jobs(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        delayed = asyncio.Event()

        async def late(job: Job, delivery: Delivery, progress: Progress) -> None:
            await delayed.wait()
            raise DeliveryDelayed("rate limited")

        core.messenger.show = late  # type: ignore[method-assign]
        job = await core.submit()
        await core.service.opened(job.id, a_message())
        async with relaying(core):
            core.relay.progress(job, Progress(Phase.RENDERING))
            await core.clock.advance(1)
            await core.run(job)
            delayed.set()
            await until(core, lambda: core.messenger.delivered != [])
            core.relay.progress(job, Progress(Phase.RENDERING))
            await core.clock.advance(30)
        assert core.relay._updater._newest == {}
        assert core.relay._updater._editing == set()
        assert core.relay._delivering == {}
        assert core.relay._delayed_since == {}


async def test_a_first_answer_that_comes_after_the_outcome_does_not_take_its_place(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await core.run(await core.submit())
        async with relaying(core):
            await until(core, lambda: core.messenger.delivered != [])
        shown = (await core.delivery(job)).message
        await core.service.opened(job.id, a_message("late"))
        assert (await core.delivery(job)).message == shown


async def test_an_outcome_without_a_way_gets_one_with_a_late_first_answer(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        core.messenger.troubles = [DeliveryStepFailed("no permission"), DeliveryStepFailed("no permission")]
        job = await core.run(await core.submit())
        async with relaying(core):
            await until(core, lambda: core.observer.deliveries[-1:] != [] and core.messenger.troubles == [])
            await until(core, lambda: core.observer.deliveries[-1].status is DeliveryStatus.ABANDONED)
            await core.service.opened(job.id, a_message("late"))
            await until(core, lambda: core.messenger.delivered != [])
        assert (await core.delivery(job)).status is DeliveryStatus.SENT


async def test_the_wait_for_the_first_answer_is_one_write_and_ends_with_it(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=RelayTiming(first_answer=10)) as core:
        job = await core.run(await core.submit())
        async with relaying(core):
            await pass_time(core, 5)
            assert len(core.observer.deliveries) == 1
            await core.service.opened(job.id, a_message("42"))
            opened_at = core.clock.now()
            await until(core, lambda: core.messenger.delivered != [], step=0.001)
            assert [status for _, status, _, _ in core.messenger.delivered] == [JobStatus.SUCCEEDED]
            assert core.clock.now() < opened_at + timedelta(seconds=4)  # a second before the wait would have ended


async def test_of_many_owed_outcomes_no_more_are_on_their_way_than_allowed(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), relay_timing=RelayTiming(first_answer=0, at_once=2)) as core:
        under_way, most = 0, 0
        go = asyncio.Event()
        deliver = core.messenger.deliver

        async def counted(payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
            nonlocal under_way, most
            under_way, most = under_way + 1, max(most, under_way + 1)
            await go.wait()
            under_way -= 1
            return await deliver(payload, step, note)

        core.messenger.deliver = counted  # type: ignore[method-assign]
        for number in range(6):
            job = await core.submit(origin=str(number), user=str(number))
            await core.run(job)
        async with relaying(core):
            for _ in range(10):
                core.relay.wake()
                await core.clock.advance(1)
                await time_stands_still(0.01)
            go.set()
            await until(core, lambda: len(core.messenger.delivered) == 6)
        assert most == 2
