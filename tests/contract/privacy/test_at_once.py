"""Two processes do the same for one member at the same moment: one copy, one forgetting, every number counted once."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from db.store import SqlStore
from doubles.clock import ManualClock
from doubles.generation.observer import RecordingObserver
from factories import NOW, a_delivery, a_job, a_message, a_server, a_user, later, moved
from generation.artifacts import ObjectArtifacts
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.privacy import Forgetting
from generation.privacy.forgetting import Forgetter
from generation.rules.pseudonyms import Pseudonym

ROUNDS = 5


class NobodyElse:
    """The list of the forgotten, which is not looked at here."""

    async def add(self, members: list[Pseudonym], until: object) -> None:
        """Keep nothing."""


@pytest.mark.parametrize("apart", [0, 1, 59 * 60], ids=["at once", "a second apart", "within the hour"])
async def test_of_two_copies_asked_for_at_once_one_is_made(store: SqlStore, other_store: SqlStore, apart: int) -> None:
    async def ask(by: SqlStore, member: str, seconds: int) -> bool:
        at = later(seconds=seconds)
        async with by.transaction() as tx:
            return await tx.note_export(a_user(member), at, since=later(seconds=seconds - 3600))

    for round_ in range(ROUNDS):
        member = f"70{round_}"
        if apart:
            assert await ask(store, member, 0)
            taken = [False, *await asyncio.gather(*(ask(each, member, apart) for each in (store, other_store)))]
            assert taken == [False] * 3
        else:
            taken = await asyncio.gather(*(ask(each, member, 0) for each in (store, other_store) * 3))
            assert sorted(taken) == [False] * 5 + [True]
        # the next hour is open to both, and again one gets it
        later_on = await asyncio.gather(*(ask(each, member, apart + 3601) for each in (store, other_store)))
        assert sorted(later_on) == [False, True]


def forgetter(store: SqlStore, folder: Path, observer: RecordingObserver) -> Forgetter:
    return Forgetter(
        store,
        ObjectArtifacts(folder),
        NobodyElse(),
        clock=ManualClock(NOW),
        observer=observer,
        cancelled=lambda: None,
        removed=lambda: None,
        noticed=lambda: None,
    )


async def test_two_processes_that_forget_one_member_count_what_is_left_once(
    store: SqlStore, other_store: SqlStore, tmp_path: Path
) -> None:
    made = [replace(moved(a_job(), JobStatus.SUCCEEDED, later(days=-1)), artifact=None) for _ in range(12)]
    jobs = [*(removed(job) for job in made[:6]), *made[6:]]
    async with store.transaction() as tx:
        for job in jobs:
            status = DeliveryStatus.ABANDONED if job.deleted_at else DeliveryStatus.SENT
            await tx.add_job(job, a_delivery(job, status=status, message=a_message(f"3{job.id}")), None)
        await tx.ask_to_forget(Forgetting(a_user(), NOW, a_server()))
    observer = RecordingObserver()
    both = [forgetter(each, tmp_path / "clips", observer) for each in (store, other_store)]
    await asyncio.gather(*(each.go_on() for each in both))
    asked = await store.forgetting_of(a_user())
    assert asked is not None
    assert asked.left == 6
    assert observer.troubles == []
    rest = await store.all_jobs_of(a_user(), until=later(days=1), after=None, limit=99)
    assert {job.id for job in rest} == {job.id for job in made[6:]}
    assert all(job.deleted_at is not None for job in rest)


def removed(job: Job) -> Job:
    return job.deleted(NOW)
