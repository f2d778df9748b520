"""``flipbook worker models download`` against a hub: licences, progress, only what is missing, another checkpoint."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from filelock import FileLock
from typer.testing import CliRunner

from bot.cli import app
from doubles.http.hub import SAFETENSORS, Hub, serving
from worker.engines.animatediff.models.catalogue import selected_sources, sources
from worker.engines.animatediff.models.inventory import inventory
from worker.engines.animatediff.models.selection import ModelSelection
from worker.settings import WorkerSettings

pytestmark = pytest.mark.engine

runner = CliRunner()
OTHER_WEIGHTS = SAFETENSORS[:-4] + b"else"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Serves the whole catalogue, and a second checkpoint whose files are of the same lengths."""
    with serving() as hub:
        for source in [*sources(), *sources("owner/other")[:1]]:
            weights = OTHER_WEIGHTS if source.repo_id == "owner/other" else SAFETENSORS
            for name in source.files:
                if name.endswith(".safetensors"):
                    hub.add(source.repo_id, name, weights)
                else:
                    hub.add_small(source.repo_id, name, b"{}")
        yield hub


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(f"FLIPBOOK_WORKER_{field.upper()}", raising=False)
    return tmp_path / "models"


def download(hub: Hub, root: Path, *arguments: str, answer: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors."""
    line = ["worker", "models", "download", "--models", str(root), "--hub", hub.url, *arguments]
    result = runner.invoke(app, line, input=answer)
    return result.exit_code, result.stdout, result.stderr


def test_everything_that_is_selected_arrives_whole(hub: Hub, root: Path) -> None:
    code, printed, errors = download(hub, root, "--accept-licences")
    assert (code, printed) == (
        0,
        f"All 9 models are in {root}. `flipbook worker` and `flipbook run` use them from now on.\n",
    )
    assert all(files.is_complete for files in inventory(root, selected_sources(ModelSelection())))
    assert "emilianJR/epiCRealism" in errors
    assert "100% motion-tilt-down: diffusion_pytorch_model.safetensors" in errors


def test_a_second_download_fetches_nothing_and_asks_for_no_licence(hub: Hub, root: Path) -> None:
    download(hub, root, "--accept-licences")
    hub.gets.clear()
    code, _, errors = download(hub, root)
    assert (code, hub.gets) == (0, [])
    assert "licence" not in errors


@pytest.mark.parametrize("answer", ["", "n\n"])
def test_without_consent_nothing_is_downloaded(hub: Hub, root: Path, answer: str) -> None:
    code, _, errors = download(hub, root, answer=answer)
    assert (code, hub.gets) == (3, [])
    assert "creativeml-openrail-m" in errors
    assert errors.endswith("Nothing was downloaded. --accept-licences accepts the licences without a question.\n")


def test_a_yes_at_the_question_is_consent(hub: Hub, root: Path) -> None:
    assert download(hub, root, answer="y\n")[0] == 0


def test_what_is_excluded_is_not_downloaded_and_stays_excluded(hub: Hub, root: Path) -> None:
    code, printed, _ = download(hub, root, "--accept-licences", "--without", "animatelcm", "--without", "motions")
    assert (code, printed[:16]) == (0, "All 2 models are")
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["base", "motion-adapter"]
    assert download(hub, root)[1][:16] == "All 2 models are"
    assert download(hub, root, "--without", "motions", "--with", "taesd", "--accept-licences")[1][:9] == "All 4 mod"


def test_another_checkpoint_replaces_files_of_the_same_length(hub: Hub, root: Path) -> None:
    download(hub, root, "--accept-licences")
    unet = root / "base/unet/diffusion_pytorch_model.safetensors"
    hub.gets.clear()
    code, _, errors = download(hub, root, "--base", "owner/other", "--accept-licences")
    assert (code, unet.read_bytes()) == (0, OTHER_WEIGHTS)
    assert "the one that its page states" in errors
    assert {path.split("/resolve")[0] for path, _ in hub.gets} == {"/owner/other"}
    assert sum(path.endswith(".safetensors") for path, _ in hub.gets) == 3


def test_a_file_placed_by_hand_is_recognised_by_its_content(hub: Hub, root: Path) -> None:
    for name, content in (("config.json", b"{}"), ("diffusion_pytorch_model.safetensors", OTHER_WEIGHTS)):
        (root / "motion-adapter").mkdir(parents=True, exist_ok=True)
        (root / "motion-adapter" / name).write_bytes(content)
    download(hub, root, "--accept-licences")
    downloaded = [path for path, _ in hub.gets if "motion-adapter" in path]
    assert [path.rsplit("/", 1)[1] for path in downloaded] == ["diffusion_pytorch_model.safetensors"]


def test_a_damaged_file_of_the_right_length_is_downloaded_again(hub: Hub, root: Path) -> None:
    download(hub, root, "--accept-licences")
    config = root / "motion-adapter/config.json"
    config.write_text("{ ")
    assert download(hub, root)[0] == 0
    assert config.read_text() == "{}"


def test_a_hub_that_lacks_a_file_is_one_sentence_and_the_selection_stays(hub: Hub, root: Path) -> None:
    code, printed, errors = download(hub, root, "--base", "owner/nowhere", "--accept-licences")
    assert (code, printed) == (1, "")
    assert "did not answer for tokenizer/vocab.json of owner/nowhere" in errors
    assert ModelSelection.load(root) == ModelSelection()


def test_two_downloads_never_work_in_one_folder(hub: Hub, root: Path) -> None:
    root.mkdir()
    with FileLock(root / ".download.lock"):
        code, _, errors = download(hub, root, "--accept-licences")
    assert (code, errors) == (75, f"Another download is working in {root}. Wait for it, or stop it.\n")
