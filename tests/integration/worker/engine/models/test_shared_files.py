# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Files as people share them: single checkpoints, other programs' layouts, other decoders, and pickles."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file

from doubles.worker.rendering import clip, frames_of, turbo
from doubles.worker.single_file import to_kohya_lora, to_original_adapter, to_original_lora, write_single_file
from generation.protocol.request import Motion
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSelection, ModelSet, available
from worker.engines.animatediff.models.catalogue import selected_sources
from worker.engines.animatediff.models.convert import convert, main

pytestmark = pytest.mark.engine

UNET = "model.diffusion_model.input_blocks.0.0.weight"
ATTENTION = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"


@pytest.fixture
def copy(tiny_root: Path, tmp_path: Path) -> Path:
    """A model folder of the test's own."""
    return Path(shutil.copytree(tiny_root, tmp_path / "models"))


@pytest.fixture
def single(copy: Path) -> Path:
    """A model folder whose base is one file, and nothing else of a base is there."""
    write_single_file(copy, copy / "bases" / "mine.safetensors")
    ModelSelection(base="mine.safetensors").save(copy)
    for source in selected_sources(ModelSelection.load(copy)):
        for name in source.files if source.name == "base" else ():
            (copy / "single-file" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(copy / "base" / name, copy / "single-file" / name)
    shutil.rmtree(copy / "base")
    return copy


def engine_of(root: Path, **options: Any) -> AnimateDiffEngine:
    models = ModelSet.from_folder(root, vae=options.get("vae"))
    engine = AnimateDiffEngine(models, device="cpu", options=EngineOptions(**options))
    engine.load()
    return engine


def test_a_checkpoint_of_one_file_draws_what_its_folder_draws(single: Path, engine: AnimateDiffEngine) -> None:
    ours = engine_of(single)
    for request in (clip(), turbo(), clip(motions=[Motion.ZOOM_IN])):
        assert np.array_equal(frames_of(ours, request), frames_of(engine, request))


def with_inpainting_channels(tensors: dict[str, Any]) -> str:
    tensors[UNET] = torch.zeros(16, 9, 3, 3)
    return "is made for inpainting"


def of_version_2(tensors: dict[str, Any]) -> str:
    tensors[ATTENTION] = torch.zeros(16, 1024)
    return "is a Stable Diffusion 2 checkpoint"


def of_sdxl(tensors: dict[str, Any]) -> str:
    tensors["conditioner.embedders.0.transformer.x"] = torch.zeros(1)
    return "is an SDXL checkpoint"


def a_lora(tensors: dict[str, Any]) -> str:
    tensors.clear()
    tensors["lora_unet_x.lora_up.weight"], tensors["lora_unet_x.lora_down.weight"] = (
        torch.zeros(2, 1),
        torch.zeros(1, 2),
    )
    return "is no Stable Diffusion checkpoint; it is a LoRA"


def without_a_decoder(tensors: dict[str, Any]) -> str:
    for name in [n for n in tensors if n.startswith("first_stage_model.")]:
        del tensors[name]
    return "holds no decoder; name one with the option vae"


@pytest.mark.parametrize("changed", [with_inpainting_channels, of_version_2, of_sdxl, a_lora, without_a_decoder])
def test_a_file_of_another_kind_is_named_with_what_it_is(single: Path, changed: Callable[[Any], str]) -> None:
    file = single / "bases" / "mine.safetensors"
    tensors = load_file(file)
    expected = changed(tensors)
    save_file(tensors, file)
    reason = available(ModelSet.from_folder(single))
    assert reason is not None
    assert f"{file} {expected}" in reason


def test_another_decoder_replaces_the_bases_own(copy: Path, tiny_root: Path, engine: AnimateDiffEngine) -> None:
    other = copy / "vae" / "sharp"
    shutil.copytree(copy / "base" / "vae", other)
    weights = other / "diffusion_pytorch_model.safetensors"
    changed = {name: 1.5 * t if name == "decoder.conv_out.weight" else t for name, t in load_file(weights).items()}
    save_file(changed, weights)
    assert not np.array_equal(frames_of(engine_of(copy, vae="sharp"), clip()), frames_of(engine, clip()))
    reason = available(ModelSet.from_folder(copy, vae="blunt"))
    assert reason is not None
    assert f"{copy}/vae/blunt/config.json is missing" in reason


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".hidden"])
def test_a_decoder_is_a_name_in_one_folder_and_never_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="vae is the name of a file or folder"):
        EngineOptions(vae=name)


def test_a_motion_adapter_in_its_authors_layout_draws_the_same(copy: Path, engine: AnimateDiffEngine) -> None:
    # real adapters have the library's own number of heads and need no configuration; the tiny one has fewer
    to_original_adapter(copy / "motion-adapter", "mm_sd15_v2.safetensors")
    assert np.array_equal(frames_of(engine_of(copy), clip()), frames_of(engine, clip()))


def test_another_kind_of_file_among_the_motion_adapters_stops_only_the_standard_endpoint(
    copy: Path, engine_log: list[Any]
) -> None:
    shutil.rmtree(copy / "motion-adapter")
    (copy / "motion-adapter").mkdir()
    file = copy / "motion-adapter" / "odd.safetensors"
    save_file({"of another program": torch.zeros(1)}, file)
    engine = engine_of(copy)
    engine.check(turbo())
    with pytest.raises(EngineRefusal, match="no model for the standard endpoint"):
        engine.check(clip())
    (why,) = [event["why"] for event in engine_log if "left out" in event["event"]]
    assert why.startswith(f"What is in {file} does not fit the other models")


@pytest.mark.parametrize("rename", [to_original_lora, to_kohya_lora])
def test_a_motion_lora_in_another_layout_moves_the_same_way(
    copy: Path, engine: AnimateDiffEngine, rename: Callable[[Path, str], None]
) -> None:
    rename(copy / "motion-lora" / "zoom-in", "v2_lora_ZoomIn.safetensors")
    request = clip(motions=[Motion.ZOOM_IN])
    assert np.array_equal(frames_of(engine_of(copy), request), frames_of(engine, request))


def test_a_motion_lora_that_cannot_be_read_is_left_out(copy: Path, engine_log: list[Any]) -> None:
    to_kohya_lora(copy / "motion-lora" / "zoom-in", "odd.safetensors")
    file = copy / "motion-lora" / "zoom-in" / "odd.safetensors"
    tensors = load_file(file)
    up = next(name for name in tensors if name.endswith(".lora_up.weight"))
    save_file({**tensors, up.replace(".lora_up.weight", ".alpha"): torch.ones(2)}, file)
    engine_of(copy).check(clip(motions=[Motion.ZOOM_OUT]))
    (why,) = [event["why"] for event in engine_log if "left out" in event["event"]]
    assert why.startswith(f"What is in {file} is no motion LoRA (")


def test_clip_skip_reads_an_earlier_layer_of_the_text_encoder(copy: Path, engine: AnimateDiffEngine) -> None:
    skipping = engine_of(copy, clip_skip=2)
    assert skipping._parts is not None
    assert engine._parts is not None
    ours, plain = (e._parts.runner.embedder for e in (skipping, engine))
    assert torch.equal(plain._read(torch.tensor([[1, 2]])), plain._encoder(torch.tensor([[1, 2]])).last_hidden_state)
    expected = plain._encoder(torch.tensor([[1, 2]]), output_hidden_states=True).hidden_states[-2]
    layers = getattr(plain._encoder, "text_model", plain._encoder)
    assert torch.equal(ours._read(torch.tensor([[1, 2]])), layers.final_layer_norm(expected))
    with pytest.raises(ValueError, match="clip_skip is between 1 and 12"):
        EngineOptions(clip_skip=0)


class Harm:
    """What a pickle may hold: something that runs while it is read."""

    def __reduce__(self) -> Any:
        return print, ("harm",)


def test_a_pickle_of_tensors_is_converted_and_one_with_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"module.a": torch.ones(2), "b": torch.zeros(3)[1:]}
    torch.save({"state_dict": weights, "epoch": 3}, tmp_path / "mm.ckpt")
    assert sorted(load_file(convert(tmp_path / "mm.ckpt"))) == ["a", "b"]
    torch.save({"state_dict": Harm()}, tmp_path / "bad.ckpt")
    monkeypatch.setattr("sys.argv", ["convert", str(tmp_path / "bad.ckpt")])
    assert main() == 1
    assert "harm" not in capsys.readouterr().out
    assert not (tmp_path / "bad.safetensors").exists()
