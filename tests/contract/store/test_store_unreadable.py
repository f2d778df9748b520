"""A row that cannot be read is reported once and does not stop the others, on every database."""

import pytest
from structlog.testing import capture_logs

from databases import a_cipher
from db.engine import begin_write, close, open_engine
from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, a_server, a_user, moved
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from generation.protocol.errors import StoreError

DISCORD = frozenset({Platform.DISCORD})


class Reports:
    """The reported rows."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.errors: list[str] = []

    def __call__(self, job_id: str, error: StoreError) -> None:
        self.ids.append(job_id)
        self.errors.append(str(error))


@pytest.fixture
def reports() -> Reports:
    """Called for every row that cannot be read."""
    return Reports()


@pytest.fixture
async def store(url, reports):
    """A store that reports."""
    store = await SqlStore.open(url, a_cipher(), on_unreadable=reports)
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


async def test_the_other_jobs_are_still_claimable_and_the_bad_one_is_reported_once(store, reports, execute):
    bad, *good = a_job(), a_job(), a_job()
    await add(store, bad, *good)
    await break_request(execute, bad)
    assert [await store.claimable(NOW, limit=10) for _ in range(3)] == [good] * 3
    assert (reports.ids, reports.errors) == ([bad.id], [f"the stored job {bad.id} cannot be read"])


async def test_without_a_callback_the_bad_row_is_logged_by_id_and_without_its_content(store, other_store, execute):
    bad = a_job()
    await add(store, bad)
    await break_request(execute, bad)
    with capture_logs() as lines:
        assert await other_store.claimable(NOW, limit=10) == []
    assert [(line["log_level"], line["job"]) for line in lines] == [("warning", bad.id)]
    assert "secret" not in str(lines)


async def test_the_other_deliveries_are_still_owed_and_the_bad_one_is_reported_once(store, reports, execute):
    bad, *good = (moved(a_job(), JobStatus.SUCCEEDED) for _ in range(3))
    await add(store, bad, *good)
    await execute(f"UPDATE deliveries SET told = 'a secret boat' WHERE job_id = '{bad.id}'")
    assert len(await owed(store)) == 1  # the bad row filled a place of the first LIMIT
    assert [await owed(store) for _ in range(2)] == [good] * 2
    assert (reports.ids, reports.errors) == ([bad.id], [f"the stored delivery of job {bad.id} cannot be read"])


async def test_a_delivery_of_an_unreadable_job_does_not_stop_the_others(store, reports, execute):
    bad, good = moved(a_job(), JobStatus.SUCCEEDED), moved(a_job(), JobStatus.SUCCEEDED)
    await add(store, bad, good)
    await break_request(execute, bad)
    assert await owed(store) == [good]
    assert reports.ids == [bad.id]


async def test_bad_jobs_at_the_head_of_the_queue_do_not_fill_every_read(store, reports, execute):
    bad, good = [a_job() for _ in range(4)], a_job()
    await add(store, *bad, good)
    for job in bad:
        await break_request(execute, job)
    assert [await store.claimable(NOW, limit=2) for _ in range(3)] == [[], [], [good]]
    assert reports.ids == [job.id for job in bad]


async def test_stalled_jobs_and_members_lists_leave_bad_jobs_out_too(store, reports, execute):
    bad, good = (moved(a_job(), JobStatus.RUNNING) for _ in range(2))
    await add(store, bad, good)
    await break_request(execute, bad)
    assert [await store.stalled_jobs("me", NOW, limit=1) for _ in range(2)] == [[], [good]]
    assert await store.jobs_of(a_user(), a_server(), limit=10) == [good]
    assert await store.unfinished_in(a_server(), limit=10) == [good]
    assert reports.ids == [bad.id]


async def test_a_bad_job_read_by_its_id_is_an_error_that_names_it(store, execute):
    bad = a_job()
    await add(store, bad)
    await break_request(execute, bad)
    with pytest.raises(StoreError, match=bad.id):
        await store.job(bad.id)


async def test_a_repaired_row_is_read_after_the_next_start(store, url, fetch, execute):
    job = a_job()
    await add(store, job)
    [(request,)] = await fetch(f"SELECT request FROM jobs WHERE id = '{job.id}'")
    await break_request(execute, job)
    assert await store.claimable(NOW, limit=10) == []
    await execute(f"UPDATE jobs SET request = '{request}' WHERE id = '{job.id}'")
    next_start = await SqlStore.open(url, a_cipher())
    assert await next_start.claimable(NOW, limit=10) == [job]
    await next_start.close()


async def test_a_stored_time_that_sqlite_cannot_parse_does_not_stop_the_others(sqlite_files, tmp_path, reports):
    url = sqlite_files.fresh(tmp_path)
    store, engine = await SqlStore.open(url, a_cipher(), on_unreadable=reports), open_engine(url)
    bad, good = a_job(), a_job()
    await add(store, bad, good)
    async with begin_write(engine) as connection:
        await connection.exec_driver_sql(f"UPDATE jobs SET submitted_at = 'yesterday' WHERE id = '{bad.id}'")
    assert await store.claimable(NOW, limit=10) == [good]
    with pytest.raises(StoreError):
        await store.job(bad.id)
    assert reports.ids == [bad.id]
    async with store.transaction() as tx:
        assert await tx.claim(good.id, a_lease(), NOW)
    await close(engine)
    await store.close()
