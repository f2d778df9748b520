"""Models are downloaded completely: licences, disk space, resuming broken files, checking them at the end."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("huggingface_hub")

import torch
from safetensors.torch import save

from doubles.http.hub import Hub, serving
from generation.protocol.request import Motion
from worker.engines.animatediff import (
    ModelSelection,
    ModelSet,
    ModelSource,
    accept,
    fetch,
    plan,
    selected_sources,
    sources,
    unaccepted,
    verify,
)
from worker.engines.animatediff.models.download import (
    DownloadProgress,
    LicenceNotAccepted,
    ModelDownloadError,
    NotEnoughDisk,
    bytes_missing,
)
from worker.engines.animatediff.models.files import required_files
from worker.engines.animatediff.models.revisions import read_revisions

pytestmark = pytest.mark.engine

WEIGHTS = save({"a": torch.arange(60_000, dtype=torch.float32)})
CONFIG = b'{"a": 1}'
SOURCE = ModelSource("adapter", "owner/adapter", "adapter", ("config.json", "w.safetensors"), 1, "MIT", "for tests")
RESOLVE = f"/owner/adapter/resolve/{'0' * 40}"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as hub:
        hub.add("owner/adapter", "config.json", CONFIG, tag="c" * 40)
        hub.add("owner/adapter", "w.safetensors", WEIGHTS)
        yield hub


def test_files_arrive_whole_with_progress_by_file_and_in_all(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    files = plan(tmp_path, [SOURCE], endpoint=hub.url)
    assert bytes_missing(files) == len(WEIGHTS) + len(CONFIG)
    seen: list[DownloadProgress] = []
    fetch(tmp_path, files, progress=seen.append)
    assert (tmp_path / "adapter/w.safetensors").read_bytes() == WEIGHTS
    assert (tmp_path / "adapter/config.json").read_bytes() == CONFIG
    assert verify(tmp_path, [SOURCE]) == []
    assert bytes_missing(files) == 0
    steps = [progress.all_bytes for progress in seen]
    assert steps == sorted(steps)
    assert (seen[-1].all_bytes, seen[-1].all_total) == (len(WEIGHTS) + len(CONFIG),) * 2
    assert sorted(p.name for p in (tmp_path / "adapter").iterdir()) == ["config.json", "w.safetensors"]


def test_what_is_complete_is_not_downloaded_again(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    hub.gets.clear()
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    assert hub.gets == []


def test_later_downloads_take_the_commit_of_the_first_unless_the_newest_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    assert read_revisions(tmp_path) == {"owner/adapter": "0" * 40}
    hub.newest = "1" * 40
    hub.add("owner/adapter", "config.json", b'{"a": 2}', tag="d" * 40)
    hub.add("owner/adapter", "w.safetensors", WEIGHTS)
    (tmp_path / "adapter/config.json").unlink()
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    assert (tmp_path / "adapter/config.json").read_bytes() == CONFIG
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url, newest=True))
    assert (tmp_path / "adapter/config.json").read_bytes() == b'{"a": 2}'
    assert read_revisions(tmp_path) == {"owner/adapter": "1" * 40}


def test_what_the_catalogue_pins_wins_and_a_damaged_record_pins_nothing(hub: Hub, tmp_path: Path) -> None:
    hub.newest = "1" * 40
    hub.add("owner/adapter", "config.json", b"{}", tag="d" * 40)
    hub.add("owner/adapter", "w.safetensors", WEIGHTS)
    (tmp_path / "revisions.lock.json").write_text('{"owner/adapter": "main", "a/b": 3}')
    assert {file.commit for file in plan(tmp_path, [SOURCE], endpoint=hub.url)} == {"1" * 40}
    pinned = replace(SOURCE, revision="0" * 40)
    assert {file.commit for file in plan(tmp_path, [pinned], endpoint=hub.url)} == {"0" * 40}
    assert "/resolve/" + "0" * 40 in pinned.url_of("config.json", recorded={"owner/adapter": "1" * 40})


def test_a_file_that_broke_off_is_resumed_by_a_later_process(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    files = plan(tmp_path, [SOURCE], endpoint=hub.url)
    files[1].part.parent.mkdir(parents=True)
    files[1].part.write_bytes(WEIGHTS[:100_000])
    assert bytes_missing(files) == len(CONFIG) + len(WEIGHTS) - 100_000
    fetch(tmp_path, files)
    assert (f"{RESOLVE}/w.safetensors", "bytes=100000-") in hub.gets
    assert (tmp_path / "adapter/w.safetensors").read_bytes() == WEIGHTS


def test_a_connection_that_breaks_is_resumed_within_the_same_call(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    hub.break_after[f"{RESOLVE}/w.safetensors"] = 70_000
    fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    assert next(asked for path, asked in hub.gets if path.endswith("w.safetensors")) is None
    assert len([path for path, _ in hub.gets if path.endswith("w.safetensors")]) == 2
    assert (tmp_path / "adapter/w.safetensors").read_bytes() == WEIGHTS


def test_content_that_is_not_what_the_hub_announced_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    hub.tags[f"{RESOLVE}/w.safetensors"] = "f" * 64
    with pytest.raises(ModelDownloadError, match=r"w\.safetensors of owner/adapter arrived damaged"):
        fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))
    assert [p.name for p in (tmp_path / "adapter").iterdir()] == ["config.json"]


def test_a_file_that_the_hub_itself_has_damaged_is_named(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    hub.add("owner/adapter", "w.safetensors", WEIGHTS[:-7])
    with pytest.raises(ModelDownloadError, match=r"w\.safetensors is cut off"):
        fetch(tmp_path, plan(tmp_path, [SOURCE], endpoint=hub.url))


def test_nothing_is_downloaded_before_its_licence_is_accepted(hub: Hub, tmp_path: Path) -> None:
    files = plan(tmp_path, [SOURCE], endpoint=hub.url)
    assert unaccepted(tmp_path, [SOURCE]) == [SOURCE]
    with pytest.raises(LicenceNotAccepted, match=r"owner/adapter \(MIT\)"):
        fetch(tmp_path, files)
    assert hub.gets == []
    accept(tmp_path, [SOURCE])
    assert unaccepted(tmp_path, [SOURCE]) == []


def test_a_licence_that_changed_has_to_be_accepted_again(tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    changed = ModelSource("adapter", "owner/adapter", "adapter", (), 1, "a new one", "for tests")
    assert unaccepted(tmp_path, [changed]) == [changed]


@pytest.mark.parametrize("written", ["", "[]", "{"])
def test_an_unreadable_record_of_licences_accepts_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / "accepted-licences.json").write_text(written)
    assert unaccepted(tmp_path, [SOURCE]) == [SOURCE]


def test_models_that_do_not_fit_the_disk_are_not_begun(hub: Hub, tmp_path: Path) -> None:
    accept(tmp_path, [SOURCE])
    (small, large) = plan(tmp_path, [SOURCE], endpoint=hub.url)
    too_large = type(large)(
        large.source, large.name, large.url, large.tag, shutil.disk_usage(tmp_path).free * 2, large.destination
    )
    with pytest.raises(NotEnoughDisk, match=r"The models need [\d.]+ GB in"):
        fetch(tmp_path, [small, too_large])
    assert hub.gets == []


def test_a_repository_that_does_not_exist_is_named(hub: Hub, tmp_path: Path) -> None:
    nowhere = ModelSource("x", "owner/nowhere", "x", ("config.json",), 1, "MIT", "for tests")
    with pytest.raises(ModelDownloadError, match=r"did not answer for config\.json of owner/nowhere"):
        plan(tmp_path, [nowhere], endpoint=hub.url)


def test_a_name_that_is_no_repository_is_refused(hub: Hub, tmp_path: Path) -> None:
    strange = ModelSource("x", "../..//x", "x", ("config.json",), 1, "MIT", "for tests")
    with pytest.raises(ModelDownloadError):
        plan(tmp_path, [strange], endpoint=hub.url)


def test_a_hub_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelDownloadError, match="Check the name and the network"):
        plan(tmp_path, [SOURCE], endpoint="http://127.0.0.1:9")


def test_the_catalogue_has_exactly_the_files_that_loading_opens(tmp_path: Path) -> None:
    listed = {tmp_path / s.folder / name for s in sources() for name in s.files}
    for path in listed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    wanted = set(required_files(ModelSet.from_folder(tmp_path, fast_decode=True, safety_checker=True)))
    assert wanted <= listed
    assert {p.name for p in listed - wanted if p.parent.name != "sd-vae-ft-mse"} == {"special_tokens_map.json"}
    with_vae = set(required_files(ModelSet.from_folder(tmp_path, vae="sd-vae-ft-mse")))
    assert {p for p in listed if p.parent.name == "sd-vae-ft-mse"} <= with_vae


def test_the_catalogue_has_what_a_single_file_lacks(tmp_path: Path) -> None:
    chosen = ModelSelection(base="mine.safetensors")
    chosen.save(tmp_path)
    listed = {tmp_path / s.folder / name for s in selected_sources(chosen) for name in s.files}
    for path in listed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    wanted = set(required_files(ModelSet.from_folder(tmp_path)))
    assert wanted - listed == {tmp_path / "bases" / "mine.safetensors"}
    assert {p.name for p in listed - wanted} == {"special_tokens_map.json"}


def test_the_catalogue_states_a_licence_and_a_page_for_every_model() -> None:
    listed = sources("owner/base")
    assert len(listed) == 3 + len(Motion) + 3
    assert listed[0].repo_id == "owner/base"
    assert all(source.licence and source.purpose and source.megabytes > 0 for source in listed)
    assert all(source.page == f"https://huggingface.co/{source.repo_id}" for source in listed)
    assert sorted(s.name for s in listed if s.optional) == ["safety-checker", "sd-vae-ft-mse", "taesd"]


def test_the_record_of_licences_keeps_what_was_accepted_before(tmp_path: Path) -> None:
    accept(tmp_path, sources()[:1])
    accept(tmp_path, [SOURCE])
    record = json.loads((tmp_path / "accepted-licences.json").read_text())
    assert record == {"emilianJR/epiCRealism": "creativeml-openrail-m", "owner/adapter": "MIT"}
