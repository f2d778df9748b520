"""A row that cannot be read: the others keep moving, and somebody is told, on every database."""

import pytest

from databases import a_cipher
from db.engine import begin_write, open_engine
from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, a_server, a_user, moved
from generation.errors import StoreError
from generation.job import Job, JobStatus
from generation.places import Platform

DISCORD = frozenset({Platform.DISCORD})


class Told:
    """What somebody was told."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.words: list[str] = []

    def __call__(self, job_id: str, error: StoreError) -> None:
        self.ids.append(job_id)
        self.words.append(str(error))


@pytest.fixture
def told() -> Told:
    """Hears of what cannot be read."""
    return Told()


@pytest.fixture
async def telling_store(url, told):
    """A store that tells."""
    store = await SqlStore.open(url, a_cipher(), tell=told)
    yield store
    await store.close()


async def add(store: SqlStore, *jobs: Job) -> None:
    async with store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job).owed(NOW), None)


async def break_request(execute, job: Job) -> None:
    await execute(f"""UPDATE jobs SET request = '{{"prompt": "a secret boat", "fps": "fast"}}' WHERE id = '{job.id}'""")


async def owed(store: SqlStore) -> list[Job]:
    return [job for job, _ in await store.owed_deliveries(NOW, owner="me", platforms=DISCORD, limit=2)]


async def test_the_other_jobs_are_still_claimable_and_the_bad_one_is_told_of_once(telling_store, told, execute):
    bad, *good = a_job(), a_job(), a_job()
    await add(telling_store, bad, *good)
    await break_request(execute, bad)
    assert [await telling_store.claimable(NOW, limit=10) for _ in range(3)] == [good] * 3
    assert (told.ids, told.words) == ([bad.id], [f"the stored job {bad.id} cannot be read"])


async def test_the_other_outcomes_are_still_owed_and_the_bad_one_is_told_of_once(telling_store, told, execute):
    bad, *good = (moved(a_job(), JobStatus.SUCCEEDED) for _ in range(3))
    await add(telling_store, bad, *good)
    await execute(f"UPDATE deliveries SET told = 'a secret boat' WHERE job_id = '{bad.id}'")
    assert len(await owed(telling_store)) == 1  # the bad one took a place in the first look
    assert [await owed(telling_store) for _ in range(2)] == [good] * 2
    assert (told.ids, told.words) == ([bad.id], [f"the stored delivery of job {bad.id} cannot be read"])


async def test_an_outcome_of_an_unreadable_job_does_not_hold_back_others(telling_store, told, execute):
    bad, good = moved(a_job(), JobStatus.SUCCEEDED), moved(a_job(), JobStatus.SUCCEEDED)
    await add(telling_store, bad, good)
    await break_request(execute, bad)
    assert await owed(telling_store) == [good]
    assert told.ids == [bad.id]


async def test_bad_jobs_at_the_head_of_the_queue_do_not_fill_every_look(telling_store, told, execute):
    bad, good = [a_job() for _ in range(4)], a_job()
    await add(telling_store, *bad, good)
    for job in bad:
        await break_request(execute, job)
    assert [await telling_store.claimable(NOW, limit=2) for _ in range(3)] == [[], [], [good]]
    assert told.ids == [job.id for job in bad]


async def test_the_same_holds_for_what_a_restart_and_members_look_for(telling_store, told, execute):
    bad, good = (moved(a_job(), JobStatus.RUNNING) for _ in range(2))
    await add(telling_store, bad, good)
    await break_request(execute, bad)
    assert [await telling_store.orphans("me", NOW, limit=1) for _ in range(2)] == [[], [good]]
    assert await telling_store.jobs_of(a_user(), a_server(), limit=10) == [good]
    assert await telling_store.unfinished_in(a_server(), limit=10) == [good]
    assert told.ids == [bad.id]


async def test_asked_for_by_itself_a_bad_job_is_an_error_that_names_it(telling_store, execute):
    bad = a_job()
    await add(telling_store, bad)
    await break_request(execute, bad)
    with pytest.raises(StoreError, match=bad.id):
        await telling_store.job(bad.id)


async def test_a_mended_row_is_read_after_the_next_start(telling_store, url, fetch, execute):
    job = a_job()
    await add(telling_store, job)
    [(request,)] = await fetch(f"SELECT request FROM jobs WHERE id = '{job.id}'")
    await break_request(execute, job)
    assert await telling_store.claimable(NOW, limit=10) == []
    await execute(f"UPDATE jobs SET request = '{request}' WHERE id = '{job.id}'")
    next_start = await SqlStore.open(url, a_cipher())
    assert await next_start.claimable(NOW, limit=10) == [job]
    await next_start.close()


async def test_sqlite_keeps_times_that_are_none_and_the_others_keep_moving(sqlite_files, tmp_path, told):
    url = sqlite_files.fresh(tmp_path)
    store, engine = await SqlStore.open(url, a_cipher(), tell=told), open_engine(url)
    bad, good = a_job(), a_job()
    await add(store, bad, good)
    async with begin_write(engine) as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET submitted_at = 'yesterday' WHERE id = '{bad.id}'")
    assert await store.claimable(NOW, limit=10) == [good]
    with pytest.raises(StoreError):
        await store.job(bad.id)
    assert told.ids == [bad.id]
    async with store.transaction() as tx:
        assert await tx.claim(good.id, a_lease(), NOW)
    await engine.dispose()
    await store.close()
