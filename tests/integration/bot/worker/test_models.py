"""``flipbook worker models`` without network and without torch: what is there, what is not, what was chosen."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from doubles.http.hub import SAFETENSORS
from generation.protocol.request import Endpoint, Motion
from worker.engines.animatediff.models.catalogue import OTHER_LICENCE, ModelSource, selected_sources, sources
from worker.engines.animatediff.models.inventory import verify
from worker.engines.animatediff.models.model_set import ModelSet
from worker.engines.animatediff.models.provenance import Provenance, record_provenance
from worker.engines.animatediff.models.selection import ModelSelection
from worker.settings import WorkerSettings

runner = CliRunner()


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The models folder; it is not there yet."""
    monkeypatch.chdir(tmp_path)
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(f"FLIPBOOK_WORKER_{field.upper()}", raising=False)
    monkeypatch.delenv("FLIPBOOK_DATA_DIR", raising=False)
    monkeypatch.delenv("FLIPBOOK_MODELS", raising=False)
    return tmp_path / "data" / "worker" / "models"


def models(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of ``flipbook worker models`` with these arguments."""
    result = runner.invoke(app, ["worker", "models", *arguments])
    return result.exit_code, result.stdout, result.stderr


def put(root: Path, listed: tuple[ModelSource, ...]) -> None:
    """A fit file for each that those models have."""
    for source in listed:
        for name in source.files:
            path = root / source.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(SAFETENSORS if path.suffix == ".safetensors" else b"{}")


def states() -> dict[str, str]:
    """Each model's state, as the list for programs has it."""
    code, printed, _ = models("list", "--json")
    assert code == 0
    return {model["name"]: model["state"] for model in json.loads(printed)["models"]}


def test_the_list_names_each_model_with_its_size_licence_and_page(root: Path) -> None:
    code, listed, errors = models()
    assert (code, errors) == (0, "")
    # the disk is everybody's: how much of it is free may change between the two
    free = re.compile(r"[\d.]+ GB are free")
    assert free.sub("", listed) == free.sub("", models("list")[1])
    assert listed.startswith(f"Models of the AnimateDiff engine, in {root}\n")
    lines = listed.splitlines()
    for source in sources():
        at = next(number for number, line in enumerate(lines) if line.startswith(f"  {source.name} "))
        assert source.purpose in lines[at]
        assert lines[at + 1].split("  ")[-2:] == [source.page, f"licence: {source.licence}"]
    assert "0 MB of 4.27 GB" in listed
    assert not root.exists()


def test_a_list_of_a_whole_folder_has_nothing_to_advise(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    _, listed, _ = models()
    assert "missing" not in listed
    assert "Everything that was chosen is there." in listed
    assert {name for name, state in states().items() if state == "there"} == {
        s.name for s in selected_sources(ModelSelection())
    }


def test_a_damaged_and_a_missing_file_are_named_with_their_paths(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    unet = root / "base/unet/diffusion_pytorch_model.safetensors"
    unet.write_bytes(SAFETENSORS[:-1])
    (root / "animatelcm/config.json").unlink()
    _, listed, _ = models()
    assert f"! {unet} is cut off: " in listed
    assert f"! {root / 'animatelcm/config.json'} is missing" in listed
    assert (states()["base"], states()["animatelcm"]) == ("damaged", "missing")


def test_what_is_missing_can_be_brought_by_hand(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    (root / "motion-adapter/config.json").unlink()
    code, printed, _ = models("list", "--by-hand")
    address = "https://huggingface.co/guoyww/animatediff-motion-adapter-v1-5-2/resolve/main/config.json"
    assert (code, printed) == (0, f"{address}\n  → {root / 'motion-adapter/config.json'}\n")
    put(root, selected_sources(ModelSelection()))
    assert models("list", "--by-hand")[1] == "No file that was chosen is missing.\n"


def test_weights_brought_in_half_precision_count(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    unet = root / "base/unet/diffusion_pytorch_model.safetensors"
    unet.rename(unet.with_name("diffusion_pytorch_model.fp16.safetensors"))
    (root / "base/tokenizer/special_tokens_map.json").unlink()
    assert states()["base"] == "there"


def test_verify_ends_with_1_and_names_every_file_at_fault(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    code, printed, _ = models("verify")
    assert (code, printed) == (0, f"All 9 models in {root} are intact.\n")
    (root / "animatelcm/config.json").write_text("{")
    code, printed, errors = models("verify")
    assert (code, printed) == (1, "")
    assert f"The model file {root / 'animatelcm/config.json'} is not JSON" in errors


def test_verify_notices_another_content_of_the_same_length(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    path = root / "motion-adapter/diffusion_pytorch_model.safetensors"
    record_provenance(root, path, Provenance("guoyww/animatediff-motion-adapter-v1-5-2", "0" * 64))
    (problem,) = verify(root, selected_sources(ModelSelection()))
    assert (problem.path, problem.reason[:34]) == (path, "is not what was downloaded (its SH")


def test_files_of_another_checkpoint_do_not_count_for_the_chosen_one(root: Path) -> None:
    put(root, selected_sources(ModelSelection()))
    record_provenance(root, root / "base/unet/config.json", Provenance("emilianJR/epiCRealism", "c" * 40))
    assert states()["base"] == "there"
    ModelSelection(base="owner/other").save(root)
    (model, *_) = json.loads(models("list", "--json")[1])["models"]
    assert (model["state"], model["licence"]) == ("damaged", OTHER_LICENCE)
    assert "belongs to emilianJR/epiCRealism, not to owner/other" in model["problems"][0]


def test_what_is_left_out_is_neither_missing_nor_offered(root: Path) -> None:
    chosen = ModelSelection(without=frozenset({"animatelcm", "motion-zoom-in"}), extras=frozenset({"taesd"}))
    chosen.save(root)
    assert ModelSelection.load(root) == chosen
    assert {s.name for s in sources()} - {s.name for s in selected_sources(chosen)} == {
        "animatelcm",
        "motion-zoom-in",
        "safety-checker",
        "sd-vae-ft-mse",
    }
    found = ModelSet.from_folder(root)
    assert found.endpoints == (Endpoint.STANDARD,)
    assert set(found.motion_loras) == set(Motion) - {Motion.ZOOM_IN}
    assert models()[1].count("not chosen") == 4


@pytest.mark.parametrize("written", ["", "[]", "{}", '{"base": 1, "without": 2, "extras": 3}'])
def test_a_choice_that_cannot_be_read_leaves_nothing_out(root: Path, written: str) -> None:
    root.mkdir(parents=True)
    (root / "chosen.json").write_text(written)
    (root / "brought.json").write_text(written)
    assert ModelSelection.load(root) == ModelSelection()
    assert states()["base"] == "missing"


def test_what_a_setting_needs_is_among_what_is_wanted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_SAFETY_CHECKER", "true")
    listed = json.loads(models("list", "--json")[1])["models"]
    assert {model["name"] for model in listed if not model["chosen"]} == {"sd-vae-ft-mse", "taesd"}
    monkeypatch.setenv("FLIPBOOK_WORKER_ANIMATEDIFF", '{"vae": "sd-vae-ft-mse"}')
    listed = json.loads(models("list", "--json")[1])["models"]
    assert {model["name"] for model in listed if not model["chosen"]} == {"taesd"}


@pytest.mark.parametrize(
    ("variable", "value", "folder"),
    [
        ("FLIPBOOK_DATA_DIR", "bot", "bot/worker/models"),
        ("FLIPBOOK_MODELS", "shelf", "shelf"),
        ("FLIPBOOK_WORKER_DATA_DIR", "shed", "shed/models"),
        ("FLIPBOOK_WORKER_MODELS_DIR", "box", "box"),
    ],
)
def test_the_folder_is_the_one_that_the_worker_will_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, folder: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert models()[1].startswith(f"Models of the AnimateDiff engine, in {tmp_path / folder}\n")
    assert models("list", "--models", "here")[1].startswith(
        f"Models of the AnimateDiff engine, in {tmp_path / 'here'}\n"
    )


@pytest.mark.engine
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--with", "base"), "--with takes safety-checker, sd-vae-ft-mse, taesd; not 'base'.\n"),
        (("--without", "motion-adapter"), "not 'motion-adapter'.\n"),
        (("--with", "motions"), "not 'motions'.\n"),
    ],
)
def test_a_model_that_cannot_be_chosen_so_is_named(arguments: tuple[str, ...], sentence: str) -> None:
    code, printed, errors = models("download", *arguments)
    assert (code, printed) == (2, "")
    assert errors.endswith(sentence)


@pytest.mark.engine
def test_a_folder_that_cannot_be_used_is_one_sentence(root: Path) -> None:
    root.parent.mkdir(parents=True)
    root.write_text("in the way")
    code, printed, errors = models("download", "--accept-licences")
    assert (code, printed) == (1, "")
    assert errors.startswith(f"The models folder {root} cannot be used: ")
