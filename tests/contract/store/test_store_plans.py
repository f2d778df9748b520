"""SQLite's query plans: the cost of a call must not grow with the number of finished jobs."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from databases import a_cipher
from db.engine import close, open_engine
from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, a_message, a_server, a_user, an_entry, later
from generation.domain.gallery import GalleryQuery
from generation.domain.refs import Platform
from generation.rules.ledger import EVERYWHERE

WHOLE_TABLE = re.compile(
    r"SCAN (jobs|deliveries|notices|ledger|ledger_totals|audit)\b"
    r"(?! USING (COVERING )?INDEX ix_(jobs_(in_turn|unf|und|lea|left)|notices_(owed|held)|deliveries_owed))"
)


class Recorded:
    """The executed statements and SQLite's plans for them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.statements: list[tuple[str, tuple[object, ...]]] = []

    def __call__(self, _connection, _cursor, statement, parameters, _context, is_repeated) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements.append((statement, parameters[0] if is_repeated else parameters))

    def plans(self) -> list[str]:
        """One line per table that is read."""
        connection = sqlite3.connect(self._path)
        lines = [
            line[3]
            for statement, parameters in self.statements
            for line in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
        connection.close()
        return lines


@pytest.fixture
async def recorded(sqlite_files, tmp_path) -> Iterator[tuple[SqlStore, Recorded]]:
    """A store and its recorded statements."""
    url = sqlite_files.fresh(tmp_path)
    engine = open_engine(url)
    record = Recorded(url.removeprefix("sqlite:///"))
    event.listen(engine.sync_engine, "before_cursor_execute", record)
    yield SqlStore(engine, a_cipher()), record
    await close(engine)


async def test_no_read_scans_a_whole_table(recorded):
    store, record = recorded
    job = a_job()
    await store.job(job.id)
    await store.delivery_of(job.id)
    await store.job_of_message(a_message())
    await store.jobs_of(a_user(), a_server(), limit=10)
    await store.job_numbered(a_server(), 1)
    await store.unfinished_in(a_server(), limit=10)
    await store.claimable(NOW, limit=10)
    await store.stalled_jobs("me", NOW, limit=10)
    await store.abandoned_requests(limit=10)
    await store.waiting_ids(NOW, limit=10)
    await store.jobs([job.id])
    await store.cancellations("me")
    await store.recent_clips(limit=10)
    await store.owed_deliveries(NOW, owner="me", platforms=frozenset(Platform), limit=10)
    await store.owed_notices(NOW, owner="me", platforms=frozenset(Platform), limit=10)
    await store.retry_notices(a_server(), NOW)
    async with store.transaction() as tx:
        await tx.take_held_notices(a_server(), limit=10)
    await store.standing(a_server(), a_user(), NOW)
    await store.totals(EVERYWHERE, NOW)
    await store.audit_of(a_server(), limit=10)
    await store.ledger_of(job.id)
    await store.status_counts()
    plans = record.plans()
    assert len(plans) > 14
    assert [line for line in plans if WHOLE_TABLE.search(line)] == []


@pytest.mark.parametrize("words", ["", "fox"])
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "ix_jobs_made"),
        ({"since": NOW, "until": NOW}, "ix_jobs_made"),
        ({"server": a_server()}, "ix_jobs_with_clip"),
        ({"server": a_server(), "since": NOW}, "ix_jobs_with_clip"),
        ({"hidden": True}, "ix_jobs_hidden"),
        ({"hidden": False}, "ix_jobs_made"),
    ],
)
async def test_a_page_of_the_gallery_is_read_from_an_index_in_its_order(recorded, asked, index, words):
    store, record = recorded
    for before in (None, 5):
        query = GalleryQuery(before=before, words=words, **asked)
        await store.gallery(query, limit=25)
        await store.searched_until(query)
    plans = record.plans()
    assert [line for line in plans if f"INDEX {index}" in line]
    assert [line for line in plans if WHOLE_TABLE.search(line) and f"INDEX {index}" not in line] == []
    # at most the lines that are found are sorted by number, of one moment each, or those that were looked at for words
    allowed = {"USE TEMP B-TREE FOR LAST TERM OF ORDER BY"} | ({"USE TEMP B-TREE FOR ORDER BY"} if words else set())
    assert {line for line in plans if "TEMP B-TREE" in line} <= allowed


async def test_other_pages_of_the_dashboard_read_from_indexes(recorded):
    store, record = recorded
    await store.made_from(a_job().id, limit=9)
    await store.ancestors(a_job().id, limit=9)
    await store.deliveries_owed()
    await store.audit_log(server=None, before=5, limit=9)
    await store.audit_log(server=a_server(), before=5, limit=9)
    await store.open_reports(limit=9)
    await store.daily_totals([EVERYWHERE], NOW.date(), NOW.date())
    await store.gallery(GalleryQuery(server=a_server(), member="7"), limit=9)
    await store.known_servers(limit=9)
    plans = record.plans()
    assert "SEARCH jobs USING INDEX ix_jobs_of_parent (parent=?)" in plans
    assert [line for line in plans if WHOLE_TABLE.search(line)] == []


async def test_no_write_scans_a_whole_table(recorded):
    store, record = recorded
    job = a_job()
    await store.renew_leases(a_lease())
    await store.renew_delivery_leases(a_lease())
    async with store.transaction() as tx:
        await tx.job_of_origin(job.origin)
        await tx.standing(a_server(), a_user(), NOW)
        await tx.append(an_entry(job))
        await tx.next_number(a_server())
        await tx.add_job(job, a_delivery(job), a_lease())
        await tx.claim(job.id, a_lease(), NOW)
        await tx.request_cancel(job.id)
        await tx.save_job(job.submitting("fal", NOW), was=job)
        await tx.save_delivery(a_delivery(job).owed(later(seconds=1)))
        await tx.release(job.id, "me")
        await tx.claim_delivery(job.id, a_lease(), NOW)
        await tx.release_delivery(job.id, "me")
    assert [line for line in record.plans() if WHOLE_TABLE.search(line)] == []


async def test_active_jobs_are_counted_from_the_index_of_unfinished_jobs_alone(recorded):
    store, record = recorded
    await store.standing(a_server(), a_user(), NOW)
    assert "SEARCH jobs USING COVERING INDEX ix_jobs_under_way (server=?)" in record.plans()


async def test_claimable_jobs_are_read_in_order_without_sorting(recorded):
    store, record = recorded
    await store.claimable(NOW, limit=10)
    jobs, *pauses = record.plans()
    assert jobs == "SEARCH jobs USING INDEX ix_jobs_unfinished (status=?)"
    # of one job at most two pauses
    assert pauses == ["CORRELATED SCALAR SUBQUERY 1", "SEARCH pauses USING INDEX sqlite_autoindex_pauses_1 (server=?)"]


async def test_the_next_jobs_of_all_members_are_found_without_sorting_those_of_each(recorded):
    store, record = recorded
    await store.waiting_ids(NOW, limit=10)
    plans = record.plans()
    assert "SCAN jobs USING INDEX ix_jobs_in_turn" in plans
    assert [line for line in plans if line.startswith("USE TEMP B-TREE")] == ["USE TEMP B-TREE FOR ORDER BY"]
