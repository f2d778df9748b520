"""The names and shapes by which files of other programs are known."""

import pytest

from worker.engines.animatediff.models.checkpoints import (
    FIRST_LAYER,
    adapter_config,
    diffusers_name,
    motion_weight_name,
    why_not_sd15,
)

MODULE = "down_blocks.1.motion_modules.0"
OURS = f"{MODULE}.transformer_blocks.0.attn2.to_out.0.weight"


@pytest.mark.parametrize(
    "name",
    [
        f"unet.{MODULE}.transformer_blocks.0.attn2.processor.to_out_lora.up.weight",
        f"{MODULE}.temporal_transformer.transformer_blocks.0.attention_blocks.1.processor.to_out_lora.up.weight",
        "lora_unet_down_blocks_1_motion_modules_0_transformer_blocks_0_attn2_to_out_0.lora_up.weight",
        "lora_unet_down_blocks_1_motion_modules_0_temporal_transformer_transformer_blocks_0_attention_blocks_1_to_out.lora_up.weight",
    ],
)
def test_a_loras_weight_is_found_in_every_layout(name: str) -> None:
    assert motion_weight_name(name) == OURS


def test_the_mid_blocks_weight_is_found_too() -> None:
    name = "lora_unet_mid_block_motion_modules_0_transformer_blocks_0_attn1_to_q.lora_up.weight"
    assert motion_weight_name(name) == "mid_block.motion_modules.0.transformer_blocks.0.attn1.to_q.weight"


def test_a_name_that_is_diffusers_already_stays() -> None:
    assert diffusers_name(OURS) == OURS


@pytest.mark.parametrize(("positions", "has_mid_block"), [(24, False), (32, True)])
def test_an_adapter_without_a_configuration_is_known_by_its_shapes(positions: int, has_mid_block: bool) -> None:
    inner = "temporal_transformer"
    shapes: dict[str, tuple[int, ...]] = {
        f"down_blocks.{i}.motion_modules.0.{inner}.norm.weight": (width,)
        for i, width in enumerate((320, 640, 1280, 1280))
    }
    attention = f"{inner}.transformer_blocks.0.attention_blocks.0"
    shapes[f"down_blocks.0.motion_modules.0.{attention}.pos_encoder.pe"] = (1, positions, 320)
    if has_mid_block:
        shapes[f"mid_block.motion_modules.0.{inner}.norm.weight"] = (1280,)
    assert adapter_config(shapes) == {
        "block_out_channels": (320, 640, 1280, 1280),
        "motion_max_seq_length": positions,
        "use_motion_mid_block": has_mid_block,
    }


def test_shapes_of_any_length_are_judged_and_raise_nothing() -> None:
    attention = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    reason = why_not_sd15({FIRST_LAYER: (320,), attention: ()}, needs_decoder=True)
    assert reason == "is made for inpainting; take the plain checkpoint of the same name"
    norm, table = "down_blocks.0.motion_modules.0.norm.weight", "down_blocks.0.motion_modules.0.pos_encoder.pe"
    assert adapter_config({norm: (), table: (7,)})["block_out_channels"] == ()
