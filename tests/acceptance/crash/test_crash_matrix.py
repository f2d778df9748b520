"""``kill -9`` at eight points of a job's life, of the bot, of its worker, of both: one clip, bought once, paid once."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from generation import mp4

pytestmark = pytest.mark.slow

POINTS = (
    "after insert",
    "after SUBMITTING",
    "after POST, before save",
    "while QUEUED",
    "while RUNNING",
    "after COMPLETED, before download",
    "after SUCCEEDED, before delivery",
    "after delivery, before SENT",
)
VICTIMS = ("bot", "worker", "both")
BOT = Path(__file__).with_name("bot_under_test.py")
PATIENCE_SECONDS = 60


@contextmanager
def started(folder: Path, point: str, victim: str, *origin: str) -> Iterator[subprocess.Popen[bytes]]:
    """A bot, ended at the end if it still runs."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(BOT), str(folder), point, victim, *origin], stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(15)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def is_delivered(folder: Path) -> bool:
    try:
        return rows(folder / "data/flipbook.db", "SELECT status FROM deliveries") == [("sent",)]
    except sqlite3.OperationalError:
        return False


def wait_until_delivered(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_delivered(folder):
        assert time.monotonic() < deadline, (folder / "log").read_text()
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)


def workers_of(folder: Path) -> list[int]:
    """The processes that run an engine on this folder's data."""
    place = str((folder / "data/worker").absolute())
    return [p.pid for p in psutil.process_iter(["cmdline"]) if place in (p.info["cmdline"] or [])]


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Collects a line per cell and prints them all at the end."""
    lines: list[str] = []
    yield lines
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\n| killed at | victim | clips | submissions | ledger | engines |\n|---|---|---|---|---|---|")
        print("\n".join(lines))


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_exactly_one_clip_arrives(tmp_path: Path, point: str, victim: str, table: list[str]) -> None:
    origin = "one"
    if victim == "worker":
        with started(tmp_path, point, victim, origin) as bot:
            wait_until_delivered(tmp_path, bot)
            engines = wait_for_engines(tmp_path)
    else:
        with started(tmp_path, point, victim, origin) as bot:
            assert bot.wait(PATIENCE_SECONDS) == -signal.SIGKILL, (tmp_path / "log").read_text()
        with started(tmp_path, point, victim) as bot:
            wait_until_delivered(tmp_path, bot)
            engines = wait_for_engines(tmp_path)
    assert (tmp_path / "killed").exists()

    clips = [path.read_bytes() for path in (tmp_path / "channel").iterdir()]
    assert [mp4.probe(clip).frames for clip in clips] == [4]
    requests = rows(tmp_path / "data/worker/worker.db", "SELECT count(*) FROM requests")
    ledger = rows(tmp_path / "data/flipbook.db", "SELECT kind, clips, amount FROM ledger ORDER BY rowid")
    totals = rows(tmp_path / "data/flipbook.db", "SELECT scope, clips, amount FROM ledger_totals ORDER BY scope")
    assert rows(tmp_path / "data/flipbook.db", "SELECT status FROM jobs") == [("succeeded",)]
    assert requests == [(1,)]
    assert ledger == [("reserve", 1, 0), ("settle", 0, 0)]
    assert totals == [("all", 1, 0), ("discord:1", 1, 0), ("discord:1/3", 1, 0)]
    assert len(engines) == 1
    table.append(f"| {point} | {victim} | {len(clips)} | {requests[0][0]} | exact | {len(engines)} |")
    wait_until_gone(engines)


def wait_for_engines(folder: Path) -> list[int]:
    """The engines, once there are any: a killed worker is started again, whether there is work or not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (engines := workers_of(folder)):
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
    return engines


def wait_until_gone(engines: list[int]) -> None:
    """A worker leaves when its bot does."""
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in engines):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_data_folder_is_left_without_locks_or_leftovers(tmp_path: Path) -> None:
    with started(tmp_path, "while RUNNING", "bot", "one") as bot:
        bot.wait(PATIENCE_SECONDS)
    with started(tmp_path, "while RUNNING", "bot") as bot:
        wait_until_delivered(tmp_path, bot)
    assert list((tmp_path / "data/staging").iterdir()) == []
