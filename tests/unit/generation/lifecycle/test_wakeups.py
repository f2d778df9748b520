"""A job's wait ends with its time, or with news of the job."""

import asyncio

from doubles.clock import ManualClock, settle
from generation.domain.job import JobId
from generation.lifecycle.wakeups import Wakeups

JOB, OTHER = JobId("a" * 24), JobId("b" * 24)


async def test_a_wait_lasts_its_time() -> None:
    clock = ManualClock()
    wakeups = Wakeups(clock)
    with wakeups.running(JOB):
        waiting = asyncio.create_task(wakeups.wait(JOB, 10))
        await clock.advance(9)
        assert not waiting.done()
        await clock.advance(1)
        assert waiting.done()


async def test_news_ends_this_wait_or_else_the_next_one_and_no_other() -> None:
    wakeups = Wakeups(ManualClock())
    with wakeups.running(JOB), wakeups.running(OTHER):
        other = asyncio.create_task(wakeups.wait(OTHER, 10))
        wakeups.wake(JOB)
        await wakeups.wait(JOB, 10)
        again = asyncio.create_task(wakeups.wait(JOB, 10))
        await settle()
        assert not again.done()
        wakeups.wake(JOB)
        await again
        assert not other.done()
        other.cancel()


async def test_a_job_that_is_not_being_run_is_not_woken() -> None:
    wakeups = Wakeups(ManualClock())
    wakeups.wake(JOB)
    assert JOB not in wakeups
    with wakeups.running(JOB):
        assert JOB in wakeups
    assert JOB not in wakeups
