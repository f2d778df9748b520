"""`flipbook privacy` and `flipbook prune`; a restored backup forgets again who was forgotten since it was made."""

import asyncio
import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.backup.archive import DATABASE
from bot.composition import Role, open_app
from bot.forgotten_members import FORGOTTEN
from bot.settings import Settings
from db.encryption import FernetCipher
from db.store import SqlStore
from generation.domain.privacy import Forgetting
from generation.domain.refs import UserRef

EARLIER = Path(__file__).parents[3] / "fixtures" / "version_0_1_0" / "data"
runner = CliRunner()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of an earlier version, with clips of members of both chats."""
    for name in ("FAL_KEY", "FLIPBOOK_DATABASE_URL", "FLIPBOOK_ARTIFACTS_URL", "FLIPBOOK_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    shutil.copytree(EARLIER, folder)
    rows(folder, "UPDATE jobs SET created_at = '2026-01-01 12:00:00'")
    rows(folder, "UPDATE jobs SET request = json_set(request, '$.prompt', 'lighthouse ' || user)")
    return folder


def flipbook(*arguments: str | Path) -> Result:
    return runner.invoke(app, [str(each) for each in arguments])


def rows(folder: Path, sql: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(folder / DATABASE) as database:
        return database.execute(sql).fetchall()


def member_of(folder: Path) -> tuple[str, str]:
    """A member, and a prompt that nobody else has."""
    ((user, request),) = rows(folder, "SELECT user, request FROM jobs ORDER BY number LIMIT 1")
    return user, json.loads(request)["prompt"]


def mine(folder: Path, user: str) -> list[str]:
    return [row[0] for row in rows(folder, f"SELECT id FROM jobs WHERE user = '{user}'")]


async def forget_now(folder: Path, user: str) -> None:
    """As a bot does whose chats have been away since yesterday."""
    async with open_app(Settings(data_dir=folder), Role("run")) as opened:
        store = opened.ports.store
        async with store.transaction() as tx:
            await tx.ask_to_forget(Forgetting(UserRef.parse(user), datetime.now(UTC) - timedelta(days=1)))
        for _ in range(3):
            await opened.keeping.parts.forgetter.go_on()
            unfinished = [job for job in await jobs_of(store, user) if not job.status.is_final]
            async with store.transaction() as tx:
                for job in unfinished:
                    await tx._connection.exec_driver_sql(
                        f"UPDATE jobs SET status = 'cancelled', finished_at = created_at WHERE id = '{job.id}'"
                    )
        assert await store.forgettings() == []
        await store.remove_traces()


async def jobs_of(store: SqlStore, user: str):
    return await store.all_jobs_of(UserRef.parse(user), until=datetime.now(UTC), after=None, limit=100)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_copy_holds_every_job_of_the_member_and_of_nobody_else(data: Path, tmp_path: Path) -> None:
    user, _ = member_of(data)
    result = flipbook("privacy", "export", user, "-o", tmp_path / "copy.json", "--data-dir", data)
    assert result.exit_code == 0, result.output
    copy = json.loads((tmp_path / "copy.json").read_text())
    assert sorted(job["id"] for job in copy["jobs"]) == sorted(mine(data, user))
    assert (tmp_path / "copy.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(flipbook("privacy", "export", user, "--data-dir", data).stdout)["jobs"] == copy["jobs"]


def test_forgetting_is_asked_first_and_noted_for_the_bot(data: Path) -> None:
    user, _ = member_of(data)
    refused = runner.invoke(app, ["privacy", "forget", user, "--data-dir", str(data)], input="n\n")
    assert (refused.exit_code, rows(data, "SELECT * FROM forgettings")) == (1, [])
    done = flipbook("privacy", "forget", user, "--yes", "--data-dir", data)
    assert done.stdout.endswith("Noted. No bot runs here: `flipbook run` does it when it starts.\n")
    assert [row[0] for row in rows(data, "SELECT user FROM forgettings")] == [user]


def test_a_restored_backup_forgets_again_who_was_forgotten_since(data: Path, tmp_path: Path) -> None:
    user, prompt = member_of(data)
    assert flipbook("backup", tmp_path / "before.tar", "--data-dir", data).exit_code == 0
    asyncio.run(forget_now(data, user))
    listed = (tmp_path / FORGOTTEN).read_text()
    assert listed == (data / FORGOTTEN).read_text()
    assert user.partition(":")[2] not in listed
    result = flipbook("restore", tmp_path / "before.tar", "--data-dir", tmp_path / "fresh")
    assert result.exit_code == 0, result.output
    assert mine(tmp_path / "fresh", user) == []
    kept = everything(tmp_path / "fresh")
    for gone in (prompt, user.partition(":")[2]):
        assert gone.encode() not in kept
    # the next backup there knows it too, and holds nothing of them
    assert flipbook("backup", tmp_path / "after.tar", "--data-dir", tmp_path / "fresh").exit_code == 0
    assert prompt.encode() not in (tmp_path / "after.tar").read_bytes()
    store_is_sound(tmp_path / "fresh")


def store_is_sound(folder: Path) -> None:
    async def discrepancies() -> object:
        cipher = FernetCipher((folder / "secret.key").read_text())
        store = await SqlStore.open(f"sqlite:///{folder / DATABASE}", cipher)
        found = await store.ledger_discrepancies()
        await store.close()
        return found

    assert asyncio.run(discrepancies()) == []


def test_a_list_that_is_damaged_stops_a_restore_instead_of_bringing_anybody_back(data: Path, tmp_path: Path) -> None:
    assert flipbook("backup", tmp_path / "saved.tar", "--data-dir", data).exit_code == 0
    (tmp_path / FORGOTTEN).write_text('{"member": "discord:~0", "until": "2026-11-20T12:00:00+00:00"}\n{"mem')
    result = flipbook("restore", tmp_path / "saved.tar", "--data-dir", tmp_path / "fresh")
    assert result.exit_code != 0
    assert "is damaged in line 2" in result.stderr
    assert not (tmp_path / "fresh" / DATABASE).exists()


def test_a_list_is_replayed_by_hand_where_other_tools_restored(data: Path, tmp_path: Path) -> None:
    user, _ = member_of(data)
    shutil.copytree(data, tmp_path / "old")
    asyncio.run(forget_now(data, user))
    result = flipbook("privacy", "replay", data / FORGOTTEN, "--data-dir", tmp_path / "old")
    assert result.exit_code == 0, result.output
    store_is_sound(tmp_path / "old")
    left = rows(tmp_path / "old", f"SELECT status FROM jobs WHERE user = '{user}'")
    # what is unfinished is left to the bot that runs next
    assert all(status in {"pending", "submitting", "queued", "running"} for (status,) in left)


def test_pruning_is_said_before_and_after(data: Path) -> None:
    rows(data, "UPDATE jobs SET finished_at = '2020-01-01 00:00:00' WHERE finished_at IS NOT NULL")
    rows(data, "UPDATE deliveries SET status = 'sent' WHERE status = 'owed'")
    before = flipbook("prune", "--dry-run", "--data-dir", data)
    assert before.exit_code == 0, before.output
    assert before.stdout.splitlines()[0].split() == ["server", "clips", "size", "kept", "prompts", "kept"]
    assert "would be free again" in before.stdout
    clips = len(list((data / "clips").iterdir()))
    assert flipbook("prune", "--data-dir", data).stdout.startswith("Removed: 2 clips (")
    assert len(list((data / "clips").iterdir())) == clips - 2
    assert flipbook("prune", "--dry-run", "--data-dir", data).stdout == "Nothing is older than its server keeps it.\n"


@pytest.mark.parametrize("user", ["7", "matrix:7", "discord:", ""])
def test_what_is_no_member_is_said(data: Path, user: str) -> None:
    result = flipbook("privacy", "export", user, "--data-dir", data)
    assert result.exit_code == 2
    assert "Name the member as platform:id" in result.stderr


@pytest.mark.parametrize("damage", [b'{"member": "discord:~1"}\n', b"\xff\xfe not a list\n"])
async def test_a_damaged_list_keeps_a_member_and_nothing_else(data: Path, damage: bytes) -> None:
    user, _ = member_of(data)
    (data / FORGOTTEN).write_bytes(damage)
    async with open_app(Settings(data_dir=data), Role("run")) as opened:
        async with opened.ports.store.transaction() as tx:
            await tx.ask_to_forget(Forgetting(UserRef.parse(user), datetime.now(UTC) - timedelta(days=1)))
        # two rounds: jobs that wait are ended first
        assert [await opened.keeping.round() for _ in range(2)] == [1, 1]
        assert any("is damaged in line 1" in str(trouble) for trouble in opened.troubles.latest)
        assert await jobs_of(opened.ports.store, user) != []
    assert (data / FORGOTTEN).read_bytes() == damage


async def test_a_disk_of_clips_that_is_away_is_trouble_and_not_the_end(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise OSError(116, "Stale file handle")

    async with open_app(Settings(data_dir=data), Role("run")) as opened:
        monkeypatch.setattr(shutil, "disk_usage", away)
        assert await opened.keeping.round() == 0
        assert any("Stale file handle" in str(trouble) for trouble in opened.troubles.latest)
