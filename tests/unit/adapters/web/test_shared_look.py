"""What is dear is found out once for all who ask, and remembered."""

import asyncio
from datetime import timedelta

import pytest

from adapters.web.dashboard.shared_look import SharedLook
from doubles.clock import AutoClock

MINUTE = timedelta(minutes=1)


class Looks:
    """Counts; each waits to be let go on."""

    def __init__(self) -> None:
        self.count = 0
        self.free = asyncio.Event()

    async def __call__(self) -> int:
        self.count += 1
        await self.free.wait()
        return self.count


async def test_those_who_ask_at_once_get_one_look() -> None:
    looks = Looks()
    shared = SharedLook(looks, AutoClock())
    asked = [asyncio.create_task(shared.again()) for _ in range(5)]
    await asyncio.sleep(0)
    assert shared.is_under_way
    asked[0].cancel()  # it goes on for the others
    looks.free.set()
    found = [(await each).found for each in asked[1:]]
    assert (found, looks.count, shared.is_under_way) == ([1] * 4, 1, False)


async def test_what_is_young_is_not_looked_for_again() -> None:
    clock, looks = AutoClock(), Looks()
    looks.free.set()
    shared = SharedLook(looks, clock)
    for passed, found in ((0.0, 1), (59.0, 1), (1.0, 2), (-120.0, 3)):
        clock.advance(passed)
        seen = await shared.recent(age=MINUTE, patience=60)
        assert seen is not None
        assert seen.found == found


async def test_a_look_that_takes_long_goes_on_and_the_last_one_is_told() -> None:
    looks = Looks()
    shared = SharedLook(looks, AutoClock())
    assert await shared.recent(age=MINUTE, patience=0) is None
    looks.free.set()
    assert (await shared.again()).found == 1


async def test_a_look_that_fails_is_told_and_the_next_one_looks_anew() -> None:
    answers = iter([ValueError("no"), "yes"])

    async def look() -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return str(answer)

    shared = SharedLook(look, AutoClock())
    with pytest.raises(ValueError, match="no"):
        await shared.again()
    assert (await shared.again()).found == "yes"


async def test_a_look_under_way_ends_with_the_process() -> None:
    shared = SharedLook(Looks(), AutoClock())
    asked = asyncio.create_task(shared.again())
    await asyncio.sleep(0)
    shared.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
