"""Files as people share them: single-file checkpoints, and motion modules and LoRAs in the layouts
of other programs. Judged and renamed by their tensors' names and shapes alone; needs no torch."""

import re
from collections.abc import Mapping
from typing import Final

Shape = tuple[int, ...]

FIRST_LAYER: Final = "model.diffusion_model.input_blocks.0.0.weight"
_FIRST_ATTENTION: Final = (
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
)
TEXT_ENCODER: Final = "cond_stage_model.transformer."
"""How the text encoder's tensors begin in a single file."""
_DECODER: Final = "first_stage_model."
_LATENT_CHANNELS: Final = 4
_SD2_WIDTH: Final = 1024

_RENAMED: Final = (
    (".temporal_transformer", ""),
    (".attention_blocks.0", ".attn1"),
    (".attention_blocks.1", ".attn2"),
    (".norms.0", ".norm1"),
    (".norms.1", ".norm2"),
    (".ff_norm", ".norm3"),
)
POSITIONS: Final = "pos_encoder.pe"
"""The end of a motion module's table of positions, which diffusers computes instead."""
_KOHYA: Final = re.compile(
    r"lora_unet_(?P<block>(?:down|up)_blocks_\d+|mid_block)_motion_modules_(?P<module>\d+)_"
    r"(?:temporal_transformer_)?transformer_blocks_(?P<layer>\d+)_"
    r"(?:attn(?P<attn>[12])|attention_blocks_(?P<index>[01]))_(?:processor_)?"
    r"to_(?P<part>q|k|v|out)(?:_0)?"
)


def why_not_sd15(shapes: Mapping[str, Shape], *, needs_decoder: bool) -> str | None:
    """Why a single file cannot be the base; completes "The model file … ". None where it can.

    needs_decoder: whether its own decoder is used.
    """
    family = _other_family(shapes)
    if family is not None:
        return f"is {family}; the motion models belong to Stable Diffusion 1.5"
    if FIRST_LAYER not in shapes:
        return f"is no Stable Diffusion checkpoint{_perhaps(shapes)}"
    # slices: a stranger's file may state shapes of any length
    if shapes[FIRST_LAYER][1:2] != (_LATENT_CHANNELS,):
        return "is made for inpainting; take the plain checkpoint of the same name"
    if not any(name.startswith(TEXT_ENCODER) for name in shapes):
        return "holds no text encoder; take the full checkpoint"
    if needs_decoder and not any(name.startswith(_DECODER) for name in shapes):
        return "holds no decoder; name one with the option vae"
    return None


def _other_family(shapes: Mapping[str, Shape]) -> str | None:
    if any(name.startswith("conditioner.embedders.") for name in shapes):
        return "an SDXL checkpoint"
    # the width of the text encoder's output
    width = shapes.get(_FIRST_ATTENTION, ())[1:2]
    return "a Stable Diffusion 2 checkpoint" if width == (_SD2_WIDTH,) else None


def _perhaps(shapes: Mapping[str, Shape]) -> str:
    if any("lora" in name for name in shapes):
        return "; it is a LoRA"
    if any("motion_modules" in name for name in shapes):
        return "; it is a motion model, which belongs into motion-adapter/"
    return ""


def diffusers_name(name: str) -> str:
    """The name that diffusers gives a tensor of a motion module or of its LoRA, from AnimateDiff's
    own name; a name that is diffusers' already stays."""
    for theirs, ours in _RENAMED:
        name = name.replace(theirs, ours)
    return name


def motion_weight_name(up_name: str) -> str:
    """The name of the UNet's weight that a LoRA pair changes: of the pair's up half in diffusers',
    AnimateDiff's or kohya's naming."""
    kohya = _KOHYA.match(up_name)
    if kohya is not None:
        block = re.sub(r"_(\d+)$", r".\1", kohya["block"])
        attention = kohya["attn"] or int(kohya["index"]) + 1
        module = f"{block}.motion_modules.{kohya['module']}.transformer_blocks.{kohya['layer']}"
        layer = f"{module}.attn{attention}.to_{kohya['part']}"
    else:
        plain = diffusers_name(up_name.removeprefix("unet.")).replace("processor.", "")
        layer = plain.removesuffix("_lora.up.weight")
    # to_out is a list of a linear layer and dropout, and the LoRA files leave the index out
    return f"{layer}.0.weight" if layer.endswith("to_out") else f"{layer}.weight"


def adapter_config(shapes: Mapping[str, Shape]) -> dict[str, object]:
    """The configuration of a motion adapter that comes without one, from its tensors' shapes."""
    named = {diffusers_name(name): shape for name, shape in shapes.items()}
    widths = [
        shape[0]
        for index in range(len(named))
        if (shape := named.get(f"down_blocks.{index}.motion_modules.0.norm.weight"))
    ]
    tables = (shape for name, shape in named.items() if name.endswith(POSITIONS))
    positions = next((shape[1] for shape in tables if len(shape) > 1), 32)
    return {
        "block_out_channels": tuple(widths),
        "motion_max_seq_length": positions,
        "use_motion_mid_block": any(name.startswith("mid_block.") for name in named),
    }
