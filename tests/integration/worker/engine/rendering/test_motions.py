# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""Camera motions are merged into the weights as PEFT would apply them, and leave no trace."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file

from doubles.worker.rendering import (
    assert_nearly_equal,
    clip,
    frames_of,
    run,
    stock_frames,
    stock_pipeline,
    turbo,
    unet_of,
)
from doubles.worker.tiny_models import write_motion_lora
from generation.protocol.request import Endpoint, Motion
from worker.engine import EngineRefusal
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ModelSet
from worker.engines.animatediff.denoise.motions import MotionLora, MotionMerger

pytestmark = pytest.mark.engine

PLAIN = "bad quality"


def weights_of(unet: Any) -> dict[str, Any]:
    return {name: parameter.detach().clone() for name, parameter in unet.named_parameters()}


def changed(unet: Any, before: dict[str, Any]) -> int:
    return sum(not torch.equal(parameter, before[name]) for name, parameter in unet.named_parameters())


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")
@pytest.mark.parametrize(
    "motions",
    [[Motion.ZOOM_IN], [Motion.PAN_LEFT, Motion.TILT_UP], list(Motion)],
    ids=["one", "two at once", "all six"],
)
def test_motions_equal_the_same_loras_in_the_stock_pipeline(
    engine: AnimateDiffEngine, tiny_root: Path, motions: list[Motion]
) -> None:
    stock = stock_pipeline(tiny_root)
    for motion in motions:
        stock.load_lora_weights(
            tiny_root / "motion-lora" / motion,
            weight_name="diffusion_pytorch_model.safetensors",
            adapter_name=motion.value,
        )
    stock.set_adapters([motion.value for motion in motions], [1.0] * len(motions))
    request = clip(motions=motions, negative_prompt=PLAIN, num_inference_steps=2)
    assert_nearly_equal(frames_of(engine, request), stock_frames(stock, request), bytes_differing=0.01)


def test_motions_leave_every_weight_as_it_was_bit_for_bit(engine: AnimateDiffEngine) -> None:
    frames_of(engine, clip(num_inference_steps=1))
    unet = unet_of(engine)
    before, plain = weights_of(unet), frames_of(engine, clip())
    zoomed = frames_of(engine, clip(motions=[Motion.ZOOM_IN]))
    assert changed(unet, before) == 168
    assert np.array_equal(frames_of(engine, clip()), plain)
    assert changed(unet, before) == 0
    assert not np.array_equal(zoomed, plain)


def test_the_order_and_the_repetition_of_motions_do_not_matter(engine: AnimateDiffEngine) -> None:
    one = frames_of(engine, clip(motions=["zoom-in", "pan-left"]))
    other = frames_of(engine, clip(motions=["pan-left", "zoom-in", "pan-left"]))
    assert np.array_equal(one, other)


def test_turbo_takes_motions_too(engine: AnimateDiffEngine) -> None:
    plain, tilted = run(engine, turbo(), turbo(motions=[Motion.TILT_DOWN])).frames
    assert plain is not None
    assert tilted is not None
    assert not np.array_equal(plain, tilted)


def test_a_motion_at_half_strength_adds_half(tiny_root: Path, engine: AnimateDiffEngine) -> None:
    halved = AnimateDiffEngine(
        ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions(motion_strength=0.5)
    )
    halved.load()
    name = "mid_block.motion_modules.0.transformer_blocks.0.attn1.to_q.weight"
    deltas = []
    for each in (engine, halved):
        unet = unet_of(each)
        frames_of(each, clip(num_inference_steps=1))
        plain = unet.get_parameter(name).clone()
        frames_of(each, clip(num_inference_steps=1, motions=[Motion.ZOOM_OUT]))
        deltas.append(unet.get_parameter(name) - plain)
    assert torch.allclose(deltas[0], 2 * deltas[1], atol=1e-6)


def test_a_change_of_motions_that_broke_off_is_made_good_by_the_next(tiny_root: Path) -> None:
    layer = torch.nn.Linear(4, 4, bias=False).requires_grad_(False)
    other = torch.nn.Linear(4, 4, bias=False).requires_grad_(False)
    unet = torch.nn.ModuleDict({"a": layer, "b": other})
    tensors = {f"unet.{name}_lora.{half}.weight": torch.ones(4, 4) for name in "ab" for half in ("up", "down")}
    file = tiny_root.parent / "pair.safetensors"
    save_file(tensors, file)
    merger = MotionMerger(unet, {Motion.ZOOM_IN: MotionLora.load(file)})
    before = weights_of(unet)
    shape = merger._originals.pop("b.weight")
    with pytest.raises(KeyError):
        merger.set([Motion.ZOOM_IN])
    merger._originals["b.weight"] = shape
    assert merger.merged is None
    merger.set([])
    assert changed(unet, before) == 0


def test_an_adapter_without_a_mid_block_takes_the_same_loras(tiny_root: Path, tmp_path: Path) -> None:
    from doubles.worker.tiny_models import motion_adapter

    motion_adapter(4, mid_block=False).save_pretrained(tmp_path / "v3")
    full = ModelSet.from_folder(tiny_root)
    models = ModelSet(base=full.base, motion_adapter=tmp_path / "v3", motion_loras=full.motion_loras)
    engine = AnimateDiffEngine(models, device="cpu")
    engine.load()
    assert frames_of(engine, clip(motions=[Motion.ZOOM_IN])).shape == (8, 64, 64, 3)
    assert len(engine._parts.runner.unets.motions(Endpoint.STANDARD)._originals) == 160


def test_a_lora_whose_halves_have_other_ranks_is_left_out_with_its_name(
    tiny_root: Path, tmp_path: Path, engine_log: list[Any]
) -> None:
    write_motion_lora(tmp_path / "zoom-in", seed=1)
    file = tmp_path / "zoom-in" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    first = next(name for name in tensors if name.endswith("down.weight"))
    tensors[first] = torch.zeros(7, tensors[first].shape[1])
    save_file(tensors, file)
    models = ModelSet.from_folder(tiny_root)
    engine = AnimateDiffEngine(
        ModelSet(models.base, models.motion_adapter, motion_loras={Motion.ZOOM_IN: tmp_path / "zoom-in"})
    )
    engine.load()
    (why,) = [event["why"] for event in engine_log if "left out" in event["event"]]
    assert f"{file} is a LoRA whose ranks disagree at " in why
    with pytest.raises(EngineRefusal, match="offers none"):
        engine.check(clip(motions=[Motion.ZOOM_IN]))


def test_a_lora_made_for_another_model_is_left_out_with_its_motion(
    tiny_root: Path, tmp_path: Path, engine_log: list[Any]
) -> None:
    write_motion_lora(tmp_path / "wide", seed=1)
    file = tmp_path / "wide" / "diffusion_pytorch_model.safetensors"
    save_file(
        {k: torch.zeros(v.shape[0] * 2, v.shape[1]) if ".up." in k else v for k, v in load_file(file).items()}, file
    )
    models = ModelSet.from_folder(tiny_root)
    engine = AnimateDiffEngine(
        ModelSet(models.base, models.motion_adapter, motion_loras={Motion.PAN_LEFT: tmp_path / "wide"})
    )
    engine.load()
    (why,) = [event["why"] for event in engine_log if "left out" in event["event"]]
    assert "camera motion pan-left is made for another model: it is 32 × 16" in why
    with pytest.raises(EngineRefusal, match="offers none"):
        engine.check(clip(motions=[Motion.PAN_LEFT]))


def test_a_lora_of_any_rank_is_welcome(tiny_root: Path, tmp_path: Path) -> None:
    write_motion_lora(tmp_path / "thick", seed=1, rank=9)
    models = ModelSet.from_folder(tiny_root)
    engine = AnimateDiffEngine(
        ModelSet(models.base, models.motion_adapter, motion_loras={Motion.ZOOM_IN: tmp_path / "thick"})
    )
    engine.load()
    assert frames_of(engine, clip(motions=[Motion.ZOOM_IN], num_inference_steps=1)).shape == (8, 64, 64, 3)


def test_the_base_of_the_tiny_set_is_the_form_of_2022(tiny_root: Path) -> None:
    names = load_file(tiny_root / "base" / "text_encoder" / "model.safetensors")
    assert all(name.startswith("text_model.") for name in names)
    assert json.loads((tiny_root / "base" / "tokenizer" / "vocab.json").read_text())["th"] == 512
