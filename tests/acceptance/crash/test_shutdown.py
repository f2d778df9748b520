"""Stopping at every moment: in time, without a traceback, without processes that go on."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from kills import POINTS

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{folder / 'data/flipbook.db'}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def remaining_processes(folder: Path) -> list[int]:
    """Processes that still use the folder's data."""
    path = str((folder / "data").absolute())
    found = psutil.process_iter(["cmdline", "status"])
    return [p.pid for p in found if p.info["status"] != "zombie" and path in " ".join(p.info["cmdline"] or [])]


def assert_all_gone(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while remaining_processes(folder):
        assert time.monotonic() < deadline, remaining_processes(folder)
        time.sleep(0.05)


@pytest.mark.parametrize("point", ["before insert", *POINTS[:-1]])
def test_ctrl_c_ends_the_job_wherever_it_is(tmp_path: Path, point: str) -> None:
    command = [sys.executable, str(HERE / "animate_under_test.py"), str(tmp_path), point, "1"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
    [status] = [json.loads(line)["status"] for line in result.stdout.splitlines()]
    clips = 1 if status == "succeeded" else 0
    assert status == ("succeeded" if "SUCCEEDED" in point or "COMPLETED" in point else "cancelled")
    assert rows(tmp_path, "SELECT status, cancel_requested OR status = 'succeeded' FROM jobs") == [(status, 1)]
    assert rows(tmp_path, "SELECT sum(clips), sum(amount) FROM ledger") == [(clips, 0)]
    assert rows(tmp_path, "SELECT status FROM deliveries") == [("sent",)]
    assert (tmp_path / "clip.mp4").exists() is bool(clips)
    assert_all_gone(tmp_path)


@pytest.mark.parametrize("point", ["after insert", "while RUNNING"])
def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path, point: str) -> None:
    command = [sys.executable, str(HERE / "animate_under_test.py"), str(tmp_path), point, "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert (result.returncode, "Traceback" in result.stderr) == (130, False), result.stderr
    assert_all_gone(tmp_path)


def test_a_bot_with_a_thread_that_hangs_and_a_worker_deep_in_a_step_leaves_within_ten_seconds(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "hanging_bot.py"), str(tmp_path)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as bot:
        assert bot.stdout is not None
        assert bot.stdout.readline() == b"stuck\n", (tmp_path / "log").read_text()
        told_at = time.monotonic()
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(30) == 0, (tmp_path / "log").read_text()
        assert time.monotonic() - told_at <= 10
    assert_all_gone(tmp_path)
    assert rows(tmp_path, "SELECT status FROM deliveries ORDER BY rowid") == [("owed",), ("open",)]


def test_a_web_address_that_is_taken_is_a_sentence_and_an_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {"FLIPBOOK_WEB_PORT": port, "FLIPBOOK_DATA_DIR": str(tmp_path / "data"), "PATH": ""}
        command = [sys.executable, "-m", "bot", "run"]
        root = HERE.parents[2]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=environment, cwd=root, check=False
        )
    assert result.returncode == 78
    assert f"127.0.0.1 port {port} cannot be used" in result.stderr
    assert "Traceback" not in result.stderr
    assert_all_gone(tmp_path)
