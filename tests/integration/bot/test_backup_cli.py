"""`flipbook backup`, `verify` and `restore`: whole or refused, and nothing is made or delivered twice."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.backup.archive import DATABASE
from bot.commands.backup.note import last_backup
from db.encryption import FernetCipher
from db.store import SqlStore
from doubles.small_disk import files_of_at_most
from factories import a_delivery, a_job, a_notice
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import FailureKind, Job, JobStatus
from generation.domain.notice import NoticeStatus
from generation.rules import ledger
from integration.bot.backup_harm import (
    a_foreign_manifest,
    a_link,
    cut,
    flipped,
    not_a_tar,
    with_a_way_out,
    without_manifest,
)

EARLIER = Path(__file__).parents[2] / "fixtures" / "version_0_1_0" / "data"
runner = CliRunner()

UNFINISHED = a_job(id="unfinished", origin="u")
WAITING = a_job(id="waiting", origin="w")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with four finished clips' jobs, one that is made, one that waits, and an outcome that is due."""
    for name in ("FAL_KEY", "FLIPBOOK_DATABASE_URL", "FLIPBOOK_ARTIFACTS_URL", "FLIPBOOK_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    shutil.copytree(EARLIER, folder)
    asyncio.run(add_unfinished(folder))
    asyncio.run(add_notice(folder))
    with sqlite3.connect(folder / DATABASE) as database:
        database.execute("UPDATE deliveries SET status = 'owed', next_attempt_at = opened_at WHERE status = 'sent'")
    return folder


async def add_unfinished(folder: Path) -> None:
    store = await open_store(folder)
    for job in (UNFINISHED, WAITING):
        async with store.transaction() as tx:
            await tx.add_job(job, a_delivery(job), None)
            await tx.append(ledger.reserve(job, job.created_at))
    submitted = UNFINISHED.submitting("fal", UNFINISHED.created_at)
    async with store.transaction() as tx:
        await tx.save_job(submitted, was=UNFINISHED)
    await store.close()


async def add_notice(folder: Path) -> None:
    store = await open_store(folder)
    async with store.transaction() as tx:
        await tx.add_notice(a_notice())
    await store.close()


async def open_store(folder: Path) -> SqlStore:
    return await SqlStore.open(f"sqlite:///{folder / DATABASE}", FernetCipher((folder / "secret.key").read_text()))


def flipbook(*arguments: str | Path) -> Result:
    return runner.invoke(app, [str(each) for each in arguments])


@pytest.fixture
def saved(data: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    result = flipbook("backup", tmp_path / "saved.tar", "--data-dir", data)
    assert result.exit_code == 0, result.output
    return tmp_path / "saved.tar"


async def jobs_in(folder: Path) -> dict[str, Job]:
    with sqlite3.connect(folder / DATABASE) as database:
        ids = [row[0] for row in database.execute("SELECT id FROM jobs")]
    store = await open_store(folder)
    found = {id_: job for id_ in ids if (job := await store.job(id_)) is not None}
    assert not await store.ledger_discrepancies()
    await store.close()
    return found


def statuses(folder: Path, table: str) -> set[str]:
    with sqlite3.connect(folder / DATABASE) as database:
        return {row[0] for row in database.execute(f"SELECT DISTINCT status FROM {table}")}


def content(folder: Path) -> dict[str, bytes]:
    kept = [folder / "secret.key", folder / "worker.key", *sorted((folder / "clips").iterdir())]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def test_a_backup_is_one_private_file_that_verifies(saved: Path, tmp_path: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    result = flipbook("verify", saved, "--data-dir", tmp_path / "nobody's")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{saved} is sound: 2 clips, ")
    assert sorted(path.name for path in saved.parent.iterdir()) == ["data", "saved.tar"]


def test_the_data_folder_knows_its_last_backup_and_whether_it_was_verified(saved: Path, data: Path) -> None:
    made = last_backup(data)
    assert made is not None
    assert (made.file, made.bytes, made.verified_at) == (str(saved), saved.stat().st_size, None)
    assert flipbook("verify", saved, "--data-dir", data).exit_code == 0
    known = last_backup(data)
    assert known is not None
    assert (known.verified_at is not None, known) == (True, replace(made, verified_at=known.verified_at))


def test_an_older_backup_that_is_verified_says_nothing_of_the_last_one(saved: Path, data: Path, tmp_path: Path) -> None:
    assert flipbook("backup", tmp_path / "newer.tar", "--data-dir", data).exit_code == 0
    assert flipbook("verify", saved, "--data-dir", data).exit_code == 0
    known = last_backup(data)
    assert known is not None
    assert (known.file, known.verified_at) == (str(tmp_path / "newer.tar"), None)


def test_a_backup_can_be_read_again_at_once(data: Path, tmp_path: Path) -> None:
    result = flipbook("backup", "--verify", tmp_path / "saved.tar", "--data-dir", data)
    assert (result.exit_code, "it is sound" in result.output) == (0, True)
    known = last_backup(data)
    assert known is not None
    assert known.verified_at is not None


def last_numbers(folder: Path) -> list[int]:
    """The last number of a clip in each server."""
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        return [last for (last,) in database.execute("SELECT last FROM clip_numbers ORDER BY server")]


def test_restored_jobs_are_over_and_nothing_is_delivered_again(saved: Path, data: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    result = flipbook("restore", saved, "--data-dir", fresh)
    assert result.exit_code == 0, result.output
    assert content(fresh) == content(data)
    assert statuses(fresh, "notices") == {NoticeStatus.TOLD}
    jobs = asyncio.run(jobs_in(fresh))
    for job_id in (UNFINISHED.id, WAITING.id):
        failure = jobs[job_id].failure
        assert failure is not None
        assert (jobs[job_id].status, failure.kind) == (JobStatus.FAILED, FailureKind.RESTORED)
    assert statuses(fresh, "jobs") == {JobStatus.SUCCEEDED, JobStatus.FAILED}
    assert statuses(fresh, "deliveries") == {DeliveryStatus.ABANDONED}
    assert fresh.stat().st_mode & 0o777 == 0o700
    assert (fresh / DATABASE).stat().st_mode & 0o777 == 0o600
    # others were given since, and chats still show them
    assert "New clips get numbers from a higher thousand on" in result.output
    assert last_numbers(fresh) == [(last // 1000 + 2) * 1000 for last in last_numbers(data)] != []


def test_a_bot_that_moves_goes_on_where_it_was(saved: Path, data: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    assert flipbook("restore", saved, "--data-dir", fresh, "--resume").exit_code == 0
    assert asyncio.run(jobs_in(fresh)) == asyncio.run(jobs_in(data))
    assert last_numbers(fresh) == last_numbers(data)
    assert statuses(fresh, "deliveries") == statuses(data, "deliveries")


def test_a_clip_that_is_gone_is_said_and_does_not_stop_the_rest(data: Path, tmp_path: Path) -> None:
    next((data / "clips").iterdir()).unlink()
    result = flipbook("backup", tmp_path / "saved.tar", "--data-dir", data)
    assert (result.exit_code, "they are gone: 1 clips" in result.stdout) == (0, True)
    assert flipbook("verify", tmp_path / "saved.tar").exit_code == 0


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (flipped, "is damaged: clips/1a22df1a3b"),
        (cut, "cut off"),
        (without_manifest, "cut off"),
        (with_a_way_out, "was not made by Flipbook: '../out'"),
        (not_a_tar, "is no backup"),
        (a_link, "was not made by Flipbook"),
        (a_foreign_manifest, "manifest"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "restore"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing_behind(
    saved: Path, tmp_path: Path, harm: Callable[[Path], None], words: str, command: str
) -> None:
    harm(saved)
    fresh = tmp_path / "fresh"
    more: list[str | Path] = ["--data-dir", fresh] if command == "restore" else []
    result = flipbook(command, saved, *more)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not fresh.exists() or {path.name for path in fresh.iterdir()} <= {"run.lock"}


def test_a_damaged_database_is_found_before_it_is_trusted(saved: Path, data: Path, tmp_path: Path) -> None:
    database = data / DATABASE
    text = bytearray(database.read_bytes())
    text[3 * 4096 + 50 : 3 * 4096 + 4000] = bytes(3950)
    database.write_bytes(text)
    result = flipbook("backup", tmp_path / "second.tar", "--data-dir", data)
    if result.exit_code == 0:  # the copy may still be made; then verifying finds it
        result = flipbook("verify", tmp_path / "second.tar")
    assert result.exit_code == 1
    assert result.stdout == ""


@pytest.mark.parametrize("part", ["the copy of the database", "the last bytes"])
def test_a_disk_that_fills_up_is_one_sentence_and_leaves_nothing_behind(
    saved: Path, data: Path, tmp_path: Path, part: str
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (data / "backup.json").unlink()
    with files_of_at_most(20_000 if part == "the copy of the database" else saved.stat().st_size - 1):
        result = flipbook("backup", folder / "saved.tar", "--data-dir", data)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1), result.output
    assert list(folder.iterdir()) == []
    assert not (data / "backup.json").exists()
    assert flipbook("backup", folder / "saved.tar", "--data-dir", data).exit_code == 0


def test_a_backup_during_a_migration_holds_what_was_there_before(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as migrating:
        migrating.execute("BEGIN IMMEDIATE")
        migrating.execute("ALTER TABLE jobs ADD COLUMN half_done TEXT")
        migrating.execute("DELETE FROM deliveries")
        result = flipbook("backup", "--verify", tmp_path / "saved.tar", "--data-dir", data)
        migrating.execute("ROLLBACK")
    assert result.exit_code == 0, result.output
    assert flipbook("restore", tmp_path / "saved.tar", "--data-dir", tmp_path / "fresh", "--resume").exit_code == 0
    assert asyncio.run(jobs_in(tmp_path / "fresh")) == asyncio.run(jobs_in(data))


def test_a_restore_never_overwrites(saved: Path, data: Path) -> None:
    before = content(data)
    result = flipbook("restore", saved, "--data-dir", data)
    assert result.exit_code == 2
    assert "is not empty" in result.stderr
    assert content(data) == before


def test_a_restore_beside_a_running_bot_is_refused(saved: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with FileLock(fresh / "run.lock"):
        result = flipbook("restore", saved, "--data-dir", fresh)
    assert result.exit_code == 75
    assert "Stop it first" in result.stderr


def test_a_backup_never_overwrites_another(saved: Path, data: Path) -> None:
    before = saved.read_bytes()
    result = flipbook("backup", saved, "--data-dir", data)
    assert (result.exit_code, "exists already" in result.stderr) == (1, True)
    assert saved.read_bytes() == before


def test_a_folder_that_is_not_there_is_one_sentence(data: Path, tmp_path: Path) -> None:
    result = flipbook("backup", tmp_path / "nowhere" / "saved.tar", "--data-dir", data)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_postgresql_is_told_what_to_run(tmp_path: Path, data: Path) -> None:
    result = runner.invoke(
        app,
        ["backup", str(tmp_path / "saved.tar"), "--data-dir", str(data)],
        env={"FLIPBOOK_DATABASE_URL": "postgresql://bot:secret@db/flipbook"},
    )
    assert result.exit_code == 2
    assert "pg_dump" in result.stderr
    assert "secret" not in result.stderr


# In a folder ---------------------------------------------------------------------------------------


def test_backups_in_a_folder_are_named_by_the_time_and_the_oldest_go(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [f"flipbook-2026010{day}T033000Z.tar" for day in range(1, 5)]
    others = ["flipbook-2025.tar", "before-the-move.tar"]
    for name in (*old, *others):
        (folder / name).write_bytes(b"tar")
    result = flipbook("backup", "--keep", "3", folder, "--data-dir", data)
    assert result.exit_code == 0, result.output
    left = sorted(path.name for path in folder.iterdir())
    (made,) = set(left) - {*old, *others}
    assert left == sorted([*others, *old[2:], made])
    assert flipbook("verify", folder / made).exit_code == 0
    assert f"Removed: {folder / old[0]}" in result.output


def test_a_backup_that_fails_costs_no_older_one(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = folder / "flipbook-20260101T033000Z.tar"
    old.write_bytes(b"tar")
    (data / DATABASE).write_bytes(b"no database" * 1000)
    assert flipbook("backup", "--keep", "1", folder, "--data-dir", data).exit_code != 0
    assert [path.name for path in folder.iterdir()] == [old.name]


def test_how_many_to_keep_needs_a_folder(data: Path, tmp_path: Path) -> None:
    result = flipbook("backup", "--keep", "3", tmp_path / "one.tar", "--data-dir", data)
    assert result.exit_code == 2
    assert "--keep needs a folder" in result.output
