"""Finished clips are kept whole or not at all, under names that only we make."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from obstore.store import S3Store

from doubles.clock import ManualClock
from doubles.small_disk import files_of_at_most
from generation.artifacts import ObjectArtifacts, _store_errors
from generation.domain.job import Artifact, JobId
from generation.ports import ArtifactStore
from generation.protocol.errors import ArtifactError, ArtifactMissing, StorageFull

JOB = JobId("0123456789abcdef01234567")
CLIP = Artifact(f"{JOB}.mp4", 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "the clips"


@pytest.fixture(params=["folder", "text", "file URL", "memory"])
def store(request: pytest.FixtureRequest, folder: Path) -> ObjectArtifacts:
    where = {"folder": folder, "text": str(folder), "file URL": folder.as_uri(), "memory": "memory:///"}
    return ObjectArtifacts(where[request.param])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "staged.mp4"
    path.write_bytes(b"movie")
    return path


async def content(store: ArtifactStore, artifact: Artifact) -> bytes:
    async with store.checkout(artifact) as path:
        return path.read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_was_saved_can_be_checked_out(store, source):
    artifact = await store.save(JOB, source)
    assert artifact == CLIP
    assert await content(store, artifact) == b"movie"
    assert source.read_bytes() == b"movie"


async def test_saving_twice_keeps_one(store, source, folder):
    await store.save(JOB, source)
    source.write_bytes(b"movie, again")
    artifact = await store.save(JOB, source)
    assert artifact == Artifact(CLIP.key, 12)
    assert await content(store, artifact) == b"movie, again"
    assert not folder.exists() or names(folder) == [CLIP.key]


async def test_a_clip_larger_than_one_part_is_kept_whole(store, source):
    data = os.urandom(6 * 1024 * 1024 + 1)
    source.write_bytes(data)
    artifact = await store.save(JOB, source)
    assert artifact.size_bytes == len(data)
    assert await content(store, artifact) == data


async def test_what_is_not_there_is_missing(store):
    with pytest.raises(ArtifactMissing, match=CLIP.key):
        await content(store, CLIP)


async def test_deleting_what_is_gone_is_fine(store, source):
    artifact = await store.save(JOB, source)
    await store.delete(artifact)
    await store.delete(artifact)
    with pytest.raises(ArtifactMissing):
        await content(store, artifact)


async def test_in_a_folder_the_kept_file_itself_is_handed_out(folder, source):
    store = ObjectArtifacts(folder)
    async with store.checkout(await store.save(JOB, source)) as path:
        assert path == folder / CLIP.key
    assert path.exists()


async def test_a_copy_from_elsewhere_lives_as_long_as_it_is_needed(source):
    store = ObjectArtifacts("memory:///")
    async with store.checkout(await store.save(JOB, source)) as path:
        assert path.read_bytes() == b"movie"
    assert not path.parent.exists()


async def test_clips_survive_a_restart(folder, source):
    artifact = await ObjectArtifacts(folder).save(JOB, source)
    assert await content(ObjectArtifacts(str(folder)), artifact) == b"movie"


@pytest.mark.parametrize(
    "key",
    ["../secret.mp4", "/etc/passwd", "a/b.mp4", "..", "", ".mp4", "a.mp4/../../x", "a.txt", "a\0.mp4", "a.mp4\n"],
)
async def test_no_key_leads_out_of_the_store(store, key, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    with pytest.raises(ArtifactMissing):
        await content(store, Artifact(key, 6))
    await store.delete(Artifact(key, 6))
    assert (tmp_path / "secret.mp4").exists()


@pytest.mark.parametrize("job_id", ["../x", "", "a/b", "a" * 65, "ä"])
async def test_no_job_id_leads_out_of_the_store(store, source, job_id):
    with pytest.raises(ArtifactError):
        await store.save(JobId(job_id), source)


async def test_a_source_that_is_gone_is_an_error_of_ours(store, tmp_path):
    with pytest.raises(ArtifactError):
        await store.save(JOB, tmp_path / "gone.mp4")


async def test_a_full_disk_is_named_and_leaves_nothing_behind(folder, source):
    store = ObjectArtifacts(folder)
    source.write_bytes(bytes(100_000))
    with files_of_at_most(50_000), pytest.raises(StorageFull):
        await store.save(JOB, source)
    assert names(folder) == []


async def test_no_room_for_a_copy_is_named(source):
    store = ObjectArtifacts("memory:///")
    source.write_bytes(bytes(100_000))
    artifact = await store.save(JOB, source)
    with files_of_at_most(50_000), pytest.raises(StorageFull):
        await content(store, artifact)


@pytest.mark.parametrize("number", [28, 122, 27])
def test_every_way_to_have_no_room_is_known(number):
    with pytest.raises(StorageFull), _store_errors():
        raise GenericError(f"Generic LocalFileSystem error: Unable to copy data to file (os error {number})\n\nDebug…")


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(source):
    with pytest.raises(ArtifactError):
        ObjectArtifacts(source / "below a file")


def test_an_address_that_no_store_knows_is_an_error_of_ours():
    with pytest.raises(ArtifactError):
        ObjectArtifacts("gopher://bucket/path")


def test_leftovers_of_killed_writers_are_swept_at_start(folder):
    folder.mkdir()
    for name in ("a.mp4#1", "b.mp4#12", "a.mp4", "notes#1", "c.mp4#x"):
        (folder / name).touch()
        os.utime(folder / name, (10_000, 10_000))
    (folder / "young.mp4#1").touch()
    os.utime(folder / "young.mp4#1", (13_000, 13_000))
    ObjectArtifacts(folder, clock=ManualClock(datetime.fromtimestamp(10_000 + 3601, UTC)))
    assert names(folder) == ["a.mp4", "c.mp4#x", "notes#1", "young.mp4#1"]


def test_an_s3_address_opens_an_s3_store(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    store = ObjectArtifacts("s3://bucket/clips")
    assert isinstance(store._store, S3Store)
