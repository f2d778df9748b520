"""Files with secrets: readable by their owner only from their first byte on, and whole or not there."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest

from generation.protocol.disk import in_thread, write_private


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_readable_by_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "secret.key", b"secret")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "secret.key") == 0o600
    assert (tmp_path / "secret.key").read_bytes() == b"secret"


def test_a_private_file_replaces_an_older_one_that_others_could_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"a longer text than the new one")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (mode_of(path), path.read_bytes()) == (0o600, b"new")


def test_what_a_killed_process_left_is_never_written_into(tmp_path: Path) -> None:
    left = tmp_path / "secret.key.part"
    left.write_bytes(b"half")
    left.chmod(0o666)
    with left.open("rb") as held_open_by_another:
        write_private(tmp_path / "secret.key", b"secret")
        assert held_open_by_another.read() == b"half"
    assert mode_of(tmp_path / "secret.key") == 0o600
    assert not left.exists()


def test_a_folder_that_is_missing_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "missing" / "secret.key", b"secret")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_work_on_the_disk_ends_before_its_cancellation_is_seen(times: int) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    task = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_work_that_fails_raises_what_it_raised() -> None:
    with pytest.raises(FileNotFoundError):
        await in_thread(Path("/nowhere/at/all").read_bytes)
