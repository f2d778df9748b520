# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""A start without the right files names the very file at fault, and the package itself needs no torch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file

from doubles.worker.rendering import assert_nearly_equal, clip, frames_of, turbo
from generation.protocol.request import Endpoint, Motion
from worker.engine import EngineRefusal, EngineUnavailable
from worker.engines.animatediff import AnimateDiffEngine, ModelSet, available, missing_files
from worker.engines.animatediff.models.files import DOWNLOAD_ADVICE, FileProblem, usable

pytestmark = pytest.mark.engine

UNET = "base/unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def copy(tiny_root: Path, tmp_path: Path) -> Path:
    """A model folder of the test's own."""
    return Path(shutil.copytree(tiny_root, tmp_path / "models"))


def test_a_whole_set_has_no_problems(tiny_root: Path) -> None:
    models = ModelSet.from_folder(tiny_root)
    assert missing_files(models) == []
    assert available(models) is None


@pytest.mark.parametrize(
    "name",
    [
        "base/tokenizer/vocab.json",
        "base/tokenizer/merges.txt",
        "base/text_encoder/config.json",
        "base/text_encoder/model.safetensors",
        UNET,
        "base/vae/diffusion_pytorch_model.safetensors",
    ],
)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    models = ModelSet.from_folder(copy)
    assert missing_files(models) == [FileProblem(copy / name, "is missing")]
    with pytest.raises(EngineUnavailable) as unavailable:
        AnimateDiffEngine(models, device="cpu").load()
    assert str(unavailable.value) == (f"The model file {copy / name} is missing. {DOWNLOAD_ADVICE}")
    assert available(models) == str(unavailable.value)


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("motion-adapter/config.json", Endpoint.STANDARD),
        ("motion-adapter/diffusion_pytorch_model.safetensors", Endpoint.STANDARD),
        ("animatelcm/AnimateLCM_sd15_t2v_lora.safetensors", Endpoint.TURBO),
        ("animatelcm/diffusion_pytorch_model.safetensors", Endpoint.TURBO),
        ("motion-lora/tilt-down/diffusion_pytorch_model.safetensors", Motion.TILT_DOWN),
        ("taesd/config.json", None),
    ],
)
def test_a_file_that_one_model_lacks_leaves_out_that_model_and_not_the_others(
    copy: Path, name: str, left_out: Endpoint | Motion | None
) -> None:
    (copy / name).unlink()
    models = ModelSet.from_folder(copy, fast_decode=True)
    assert available(models) is None
    kept, problems = usable(models)
    assert problems == missing_files(models) == [FileProblem(copy / name, "is missing")]
    assert set(Endpoint) - set(kept.endpoints) == ({left_out} & set(Endpoint))
    assert set(Motion) - set(kept.motion_loras) == ({left_out} & set(Motion))
    assert (kept.taesd is None) is (left_out is None)


def test_a_set_in_which_nothing_moves_cannot_be_used(copy: Path) -> None:
    for folder in ("motion-adapter", "animatelcm"):
        shutil.rmtree(copy / folder)
    reason = available(ModelSet.from_folder(copy))
    assert reason is not None
    assert reason.startswith(f"The model file {copy}/motion-adapter/config.json is missing.")


def test_a_wrong_file_stops_its_model_and_the_worker_says_which(copy: Path, engine_log: list[Any]) -> None:
    wrong = copy / "motion-adapter" / "config.json"
    wrong.write_text(json.dumps({**json.loads(wrong.read_text()), "block_out_channels": [16, 32]}))
    (copy / "motion-lora/zoom-in/diffusion_pytorch_model.safetensors").write_bytes(b"PK\x03\x04 and so on")
    engine = AnimateDiffEngine(ModelSet.from_folder(copy), device="cpu")
    engine.load()
    assert frames_of(engine, turbo(num_inference_steps=1)).shape == (8, 64, 64, 3)
    with pytest.raises(EngineRefusal, match="no model for the standard endpoint"):
        engine.check(clip())
    with pytest.raises(EngineRefusal, match="this worker has no zoom-in"):
        engine.check(turbo(motions=[Motion.ZOOM_IN]))
    why = [event["why"] for event in engine_log if "left out" in event["event"]]
    assert "is a pickle under another name" in why[0]
    assert why[1].startswith(f"What is in {copy}/motion-adapter does not fit")


def test_an_empty_folder_names_the_first_file_and_counts_the_others(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable) as unavailable:
        AnimateDiffEngine(ModelSet.from_folder(tmp_path), device="cpu").load()
    assert str(unavailable.value) == (
        f"The model file {tmp_path}/base/tokenizer/vocab.json is missing. 19 more are missing or damaged. "
        f"{DOWNLOAD_ADVICE}"
    )


def cut_in_the_data(path: Path) -> str:
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-100])
    return f"is cut off: it has {size - 100:,} of {size:,} bytes; download it again"


def cut_in_the_header(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:500])
    return "is cut off within its header: it has 500 bytes; download it again"


def emptied(path: Path) -> str:
    path.write_bytes(b"")
    return "is not a safetensors file"


def replaced_by_a_web_page(path: Path) -> str:
    path.write_text("<!doctype html><title>Sign in</title>" * 3)
    return "is not a safetensors file"


def prolonged(path: Path) -> str:
    with path.open("ab") as file:
        file.write(b"\0" * 64)
    return "has 64 bytes more than its header announces; download it again"


def with_a_header_that_is_no_json(path: Path) -> str:
    path.write_bytes((4).to_bytes(8, "little") + b"nope" + b"\0" * 20)
    return "is not a safetensors file"


def pickled(path: Path) -> str:
    path.unlink()
    path.with_suffix(".bin").write_bytes(b"\x80\x04K\x01.")
    return (
        "is missing; beside it lies only a pickle, which is never opened because a pickle can run code. `python -m "
        "worker.engines.animatediff.models.convert diffusion_pytorch_model.bin` there makes a safetensors file of it, "
        "and reads numbers only"
    )


@pytest.mark.parametrize(
    "damage",
    [
        cut_in_the_data,
        cut_in_the_header,
        emptied,
        replaced_by_a_web_page,
        prolonged,
        with_a_header_that_is_no_json,
        pickled,
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(copy: Path, damage: Callable[[Path], str]) -> None:
    reason = damage(copy / UNET)
    assert missing_files(ModelSet.from_folder(copy)) == [FileProblem(copy / UNET, reason)]


def test_a_config_that_is_no_json_is_named(copy: Path) -> None:
    (copy / "base/vae/config.json").write_text('{"half": ')
    (problem,) = missing_files(ModelSet.from_folder(copy))
    assert problem.sentence == (
        f"The model file {copy}/base/vae/config.json is not JSON; it was damaged or cut off in downloading."
    )


def test_models_of_which_none_fits_the_base_name_the_folder(copy: Path) -> None:
    for folder in ("motion-adapter", "animatelcm"):
        config = copy / folder / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "block_out_channels": [16, 32]}))
    with pytest.raises(EngineUnavailable, match=f"What is in {copy}/motion-adapter does not fit"):
        AnimateDiffEngine(ModelSet.from_folder(copy), device="cpu").load()


def test_a_device_that_is_not_there_is_named(tiny_root: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(EngineUnavailable, match="The device cuda is not there"):
        AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cuda").load()


def test_a_half_precision_file_is_taken_when_only_that_is_there_and_computed_in_full(
    copy: Path, engine: AnimateDiffEngine
) -> None:
    adapter = copy / "motion-adapter" / "diffusion_pytorch_model.safetensors"
    save_file({k: v.half() for k, v in load_file(adapter).items()}, copy / "motion-adapter" / "half.tmp")
    (copy / "motion-adapter" / "half.tmp").rename(adapter.with_suffix(".fp16.safetensors"))
    adapter.unlink()
    half = AnimateDiffEngine(ModelSet.from_folder(copy), device="cpu")
    half.load()
    assert half._parts is not None
    assert half._parts.runner.unets.use(Endpoint.STANDARD).dtype == torch.float32
    assert frames_of(half, clip(num_inference_steps=1)).shape == frames_of(engine, clip()).shape


def test_a_scheduler_that_a_base_ships_changes_nothing(copy: Path, engine: AnimateDiffEngine) -> None:
    strange = {"_class_name": "DEISMultistepScheduler", "use_karras_sigmas": True, "beta_schedule": "scaled_linear"}
    (copy / "base/scheduler/scheduler_config.json").write_text(json.dumps(strange))
    other = AnimateDiffEngine(ModelSet.from_folder(copy), device="cpu")
    other.load()
    for request in (clip(), turbo()):
        assert_nearly_equal(frames_of(other, request), frames_of(engine, request))


def test_a_set_without_turbo_or_motions_refuses_them_and_serves_the_rest(tiny_root: Path) -> None:
    full = ModelSet.from_folder(tiny_root)
    engine = AnimateDiffEngine(ModelSet(full.base, full.motion_adapter), device="cpu")
    engine.load()
    engine.check(clip())
    with pytest.raises(EngineRefusal, match="no model for the turbo endpoint"):
        engine.check(turbo())
    with pytest.raises(EngineRefusal, match="motions: this worker has no zoom-in; it offers none"):
        engine.check(clip(motions=[Motion.ZOOM_IN]))


def test_nothing_is_called_before_loading(tiny_root: Path) -> None:
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    with pytest.raises(EngineUnavailable, match="has not been loaded"):
        engine.begin(clip())


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_the_package_is_imported_and_asked_without_any_of_the_large_libraries(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from worker.engines.animatediff import ModelSet, available, missing_files, sources
print(available(ModelSet.from_folder(Path({str(tmp_path)!r}))))
print(sorted(m for m in ("torch", "diffusers", "transformers", "huggingface_hub", "safetensors") if m in sys.modules))
"""
    done = run_python(code)
    assert done.stderr == ""
    assert done.stdout == (
        f"The model file {tmp_path}/base/tokenizer/vocab.json is missing. 19 more are missing or damaged. "
        f"{DOWNLOAD_ADVICE}\n[]\n"
    )


def test_without_torch_the_reason_says_what_to_install(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
sys.modules["torch"] = sys.modules["peft"] = None
from worker.engines.animatediff import ModelSet, available
print(available(ModelSet.from_folder(Path({str(tmp_path)!r}))))
"""
    done = run_python(code)
    assert done.stderr == ""
    assert done.stdout.startswith("The engine needs torch, peft. Run `make worker` in Flipbook's folder")


def test_an_attribute_that_does_not_exist_says_so() -> None:
    import worker.engines.animatediff as package

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_loading_prints_nothing_and_asks_no_network(tiny_root: Path) -> None:
    code = f"""
import logging, socket
from pathlib import Path
import structlog
from worker.engines.animatediff import AnimateDiffEngine, ModelSet

def refuse(*args, **kwargs):
    raise AssertionError("the network was asked")

socket.getaddrinfo = socket.socket.connect = refuse
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
AnimateDiffEngine(ModelSet.from_folder(Path({str(tiny_root)!r})), device="cpu").load()
"""
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_loaded_model_carries_no_lora_wrapper(engine: AnimateDiffEngine) -> None:
    assert engine._parts is not None
    unet = engine._parts.runner.unets.use(Endpoint.TURBO)
    assert [name for name, _ in unet.named_parameters() if "lora" in name or "base_layer" in name] == []
