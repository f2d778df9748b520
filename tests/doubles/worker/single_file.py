"""Writes the tiny base as one file in the names of 2022, and motion files in other programs' layouts."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def write_single_file(root: Path, file: Path) -> Path:
    """The base of a tiny model set as one file, with its small files in ``single-file``; returns the file."""
    unet = UNet2DConditionModel.from_pretrained(root / "base/unet").state_dict()
    vae = AutoencoderKL.from_pretrained(root / "base/vae").state_dict()
    text = load_file(root / "base/text_encoder/model.safetensors")
    tensors = {f"model.diffusion_model.{_unet_name(n)}": t for n, t in unet.items()}
    tensors |= {f"first_stage_model.{n}": t for n, t in _old_vae(vae)}
    tensors |= {f"cond_stage_model.transformer.{n}": t for n, t in text.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, file)
    return file


def _unet_name(name: str) -> str:
    for ours, theirs in _ENDS.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    block, rest = _old_block(name)
    if "resnets" in name:
        for ours, theirs in _RESNET.items():
            rest = rest.replace(ours, theirs)
    return f"{block}.{rest}"


def _old_block(name: str) -> tuple[str, str]:
    """The old name of the block that a weight is in, and the rest of its name."""
    if mid := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name):
        return f"middle_block.{2 * int(mid[2]) if mid[1] == 'resnets' else 1}", mid[3]
    side, block, kind, layer, rest = re.match(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.*)", name).groups()  # type: ignore[union-attr]  # every other name has this form
    level, place = int(block), int(layer)
    if kind == "downsamplers":
        return f"input_blocks.{3 * (level + 1)}.0", rest.replace("conv", "op")
    if kind == "upsamplers":
        return f"output_blocks.{3 * level + 2}.{1 if level == 0 else 2}", rest
    number = 3 * level + place + (1 if side == "down" else 0)
    return f"{'input' if side == 'down' else 'output'}_blocks.{number}.{0 if kind == 'resnets' else 1}", rest


def _old_vae(tensors: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, tensor in tensors.items():
        old = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{3 - int(m[1])}", name)
        old = re.sub(r"down_blocks\.(\d)", r"down.\1", old).replace(".resnets.", ".block.")
        old = re.sub(r"mid_block\.block\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", old)
        old = old.replace("mid_block.attentions.0", "mid.attn_1").replace("conv_shortcut", "nin_shortcut")
        old = re.sub(r"(down|up)samplers\.0", r"\1sample", old).replace("conv_norm_out", "norm_out")
        in_attention = ".attn_1." in old
        for ours, theirs in {
            "group_norm": "norm",
            "to_q": "q",
            "to_k": "k",
            "to_v": "v",
            "to_out.0": "proj_out",
        }.items():
            old = old.replace(f".{ours}.", f".{theirs}.") if in_attention else old
        # attention was written as convolutions of one pixel
        yield old, tensor[..., None, None] if in_attention and tensor.dim() == 2 else tensor


def original_name(name: str) -> str:
    """AnimateDiff's own name of a tensor of a motion module, from diffusers'."""
    for ours, theirs in {
        ".transformer_blocks.": ".temporal_transformer.transformer_blocks.",
        ".proj_": ".temporal_transformer.proj_",
        ".attn1": ".attention_blocks.0",
        ".attn2": ".attention_blocks.1",
        ".norm1": ".norms.0",
        ".norm2": ".norms.1",
        ".norm3": ".ff_norm",
    }.items():
        name = name.replace(ours, theirs)
    return re.sub(r"(motion_modules\.\d)\.norm\.", r"\1.temporal_transformer.norm.", name)


def to_original_adapter(folder: Path, name: str) -> None:
    """Replace a motion adapter's weights by a file in AnimateDiff's own layout."""
    weights = folder / "diffusion_pytorch_model.safetensors"
    tensors = {original_name(n): t for n, t in load_file(weights).items()}
    for key in [n for n in tensors if n.endswith("attention_blocks.0.to_q.weight")]:
        width = tensors[key].shape[0]
        table = key.replace("to_q.weight", "pos_encoder.pe")
        tensors[table] = torch.zeros(1, 32, width)
    save_file(tensors, folder / name)
    weights.unlink()


def to_original_lora(folder: Path, name: str) -> None:
    """Rename a motion LoRA's tensors to AnimateDiff's own names."""
    weights = folder / "diffusion_pytorch_model.safetensors"
    save_file({original_name(n).removeprefix("unet."): t for n, t in load_file(weights).items()}, folder / name)
    weights.unlink()


def to_kohya_lora(folder: Path, name: str) -> None:
    """Rename a motion LoRA's tensors to kohya's names; the product is halved by alpha and doubled in a matrix."""
    weights = folder / "diffusion_pytorch_model.safetensors"
    found = load_file(weights)
    tensors: dict[str, torch.Tensor] = {}
    for full, tensor in found.items():
        layer, half = full.removeprefix("unet.").replace(".processor.", ".").split("_lora.")
        key = "lora_unet_" + layer.replace(".", "_") + ("_0" if layer.endswith("to_out") else "")
        is_up = half.startswith("up")
        tensors[f"{key}.lora_{half}"] = 2 * tensor if is_up else tensor
        if not is_up:
            tensors[f"{key}.alpha"] = torch.tensor(tensor.shape[0] / 2)
    save_file(tensors, folder / name)
    weights.unlink()
