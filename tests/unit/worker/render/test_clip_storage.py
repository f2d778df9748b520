"""Finished clips on disk: bounded, unguessable, whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from generation.protocol.errors import StorageFull
from worker.render.clip_storage import ClipStorage


@pytest.fixture
def storage(tmp_path: Path) -> ClipStorage:
    opened = ClipStorage(tmp_path / "clips", 100)
    opened.open(())
    return opened


def saved(storage: ClipStorage, clip: bytes) -> str:
    """The name of a clip that was prepared and saved."""
    name = storage.prepare()
    storage.save(name, clip)
    return name


def test_a_clip_is_found_by_its_name_until_it_is_removed(storage: ClipStorage) -> None:
    name = saved(storage, b"clip")
    path = storage.find(name)
    assert path is not None
    assert (path.read_bytes(), storage.used_bytes) == (b"clip", 4)
    storage.remove([name, name, "nothing"])
    assert (storage.find(name), storage.used_bytes) == (None, 0)


def test_equal_clips_have_names_that_tell_nothing_of_each_other(storage: ClipStorage) -> None:
    assert len({saved(storage, b"clip") for _ in range(10)}) == 10


def test_beyond_the_limit_nothing_is_kept(storage: ClipStorage, tmp_path: Path) -> None:
    saved(storage, b"x" * 60)
    with pytest.raises(StorageFull):
        saved(storage, b"x" * 41)
    assert (storage.used_bytes, len(list((tmp_path / "clips").iterdir()))) == (60, 1)
    saved(storage, b"x" * 40)


@pytest.mark.parametrize(("min_free_bytes", "has_room"), [(0, True), (2**80, False)])
def test_a_file_system_without_room_takes_nothing_more(tmp_path: Path, min_free_bytes: int, has_room: bool) -> None:
    storage = ClipStorage(tmp_path / "clips", 100, min_free_bytes=min_free_bytes)
    storage.open(known=[])
    assert storage.has_room_for(1) is has_room


def test_a_disk_that_fills_up_while_writing_leaves_nothing_behind(
    storage: ClipStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    prepared = storage.prepare()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        storage.save(prepared, b"clip")
    with pytest.raises(StorageFull):
        storage.prepare()
    assert (storage.used_bytes, list((tmp_path / "clips").iterdir())) == (0, [])


def test_opening_counts_what_is_known_and_sweeps_the_rest(storage: ClipStorage, tmp_path: Path) -> None:
    kept, unknown = saved(storage, b"kept"), saved(storage, b"unknown")
    (tmp_path / "clips" / "half.mp4.part").write_bytes(b"half")
    again = ClipStorage(tmp_path / "clips", 100)
    again.open({kept})
    assert (again.used_bytes, again.find(unknown), again.find(kept) is not None) == (4, None, True)


@pytest.mark.parametrize("name", ["", "..", "../clips", "a/b.mp4", "x" * 32 + ".mp4\n", "\0" * 32 + ".mp4"])
def test_names_that_are_none_find_nothing(storage: ClipStorage, name: str) -> None:
    assert storage.find(name) is None
