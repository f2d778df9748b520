"""Makes a tiny AnimateDiff model set with random weights: real topology and key names, 12 MB, seconds, no network.

The folders have the layout that `ModelSet.from_folder` expects of the real ones, in the forms of 2022–23 in which the
real repositories were saved (vocab.json + merges.txt, `text_model.` prefixes, the autoencoder's old attention names),
so that loading the tiny set takes the same paths. Pictures are noise; shapes, schedules, LoRAs and seeds are real.

    python -m doubles.worker.tiny_models FOLDER        (with tests/ on the path)
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, MotionAdapter, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from generation.protocol.request import Motion

CHANNELS = (16, 32, 32, 32)
"""Four levels, two layers each, attention on the first three: Stable Diffusion 1.5's topology, hence its key names."""
NORM_GROUPS = 8
HEADS = 2
TEXT_WIDTH = 32
LORA_RANK = 4
WEIGHTS = "diffusion_pytorch_model.safetensors"
MOTION_TARGETS = [f"{a}.processor.{p}" for a in ("attn1", "attn2") for p in ("to_q", "to_k", "to_v", "to_out")]

BEGIN, END = "<|startoftext|>", "<|endoftext|>"


def make_model_set(root: Path) -> Path:
    """Write the whole set under `root` (base, motion-adapter, animatelcm, motion-lora, taesd) and return `root`."""
    torch.manual_seed(0)
    base = root / "base"
    vocabulary = _write_tokenizer(base / "tokenizer")
    _write_text_encoder(base / "text_encoder", vocabulary)
    unet = _unet()
    unet.save_pretrained(base / "unet")
    _write_vae(base / "vae")
    _write_scheduler(base)
    motion_adapter(1).save_pretrained(root / "motion-adapter")
    motion_adapter(3).save_pretrained(root / "animatelcm")
    save_file(_turbo_lora(unet), root / "animatelcm" / "AnimateLCM_sd15_t2v_lora.safetensors")
    for seed, motion in enumerate(Motion, start=100):
        write_motion_lora(root / "motion-lora" / motion.value, seed=seed)
    _tiny_autoencoder().save_pretrained(root / "taesd")
    return root


def motion_adapter(seed: int, *, mid_block: bool = True, longest: int = 32) -> MotionAdapter:
    """A motion adapter with random weights; real ones of version 3 have no mid block."""
    torch.manual_seed(seed)
    adapter = MotionAdapter(
        block_out_channels=CHANNELS,
        motion_layers_per_block=2,
        motion_num_attention_heads=HEADS,
        motion_norm_num_groups=NORM_GROUPS,
        motion_max_seq_length=longest,
        use_motion_mid_block=mid_block,
    )
    for name, parameter in adapter.named_parameters():
        if "proj_out" in name:  # zero in a fresh adapter: then motion would not matter
            torch.nn.init.normal_(parameter, std=0.05)
    return adapter


def write_motion_lora(folder: Path, *, seed: int, rank: int = LORA_RANK) -> None:
    """A camera-motion LoRA with the key names of guoyww/animatediff-motion-lora-*: 168 matrices, mid block included."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    blocks = [(f"down_blocks.{i}", 2, width) for i, width in enumerate(CHANNELS)]
    blocks += [(f"up_blocks.{i}", 3, width) for i, width in enumerate(reversed(CHANNELS))]
    for block, layers, width in [*blocks, ("mid_block", 1, CHANNELS[-1])]:
        for layer in range(layers):
            for target in MOTION_TARGETS:
                key = f"unet.{block}.motion_modules.{layer}.transformer_blocks.0.{target}_lora"
                tensors[f"{key}.down.weight"] = torch.randn(rank, width, generator=generator) * 0.3
                tensors[f"{key}.up.weight"] = torch.randn(width, rank, generator=generator) * 0.3
    save_file(tensors, folder / WEIGHTS)


def write_safety_checker(folder: Path) -> None:
    """A safety checker with random weights that sees nothing wrong in anything."""
    torch.manual_seed(6)
    tower = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4}
    vision = {**tower, "image_size": 32, "patch_size": 8}
    checker = StableDiffusionSafetyChecker(CLIPConfig(text_config=tower, vision_config=vision, projection_dim=16))
    for weights in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        weights.data.fill_(2.0)  # a cosine never exceeds 1
    checker.save_pretrained(folder)


def tokenizer_vocabulary() -> dict[str, int]:
    """A byte-level vocabulary: 256 bytes, 256 ends of words, a few merged pairs and the two marks."""
    letters = _byte_letters()
    merged = ["th", "the</w>", "an", "in", "qu", "be", "st</w>"]
    return {token: i for i, token in enumerate([*letters, *(c + "</w>" for c in letters), *merged, BEGIN, END])}


def _byte_letters() -> list[str]:
    """GPT-2's table from bytes to printable letters, in the order of CLIP's vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def _write_tokenizer(folder: Path) -> dict[str, int]:
    folder.mkdir(parents=True)
    vocabulary = tokenizer_vocabulary()
    merges = ["t h", "th e</w>", "a n", "i n", "q u", "b e", "s t</w>"]
    _write_json(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{m}\n" for m in merges), encoding="utf-8")
    marks = {"bos_token": BEGIN, "eos_token": END, "pad_token": END, "unk_token": END}
    _write_json(folder / "special_tokens_map.json", marks)
    settings = {"do_lower_case": True, "errors": "replace", "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
    _write_json(folder / "tokenizer_config.json", {**marks, **settings, "add_prefix_space": False})
    CLIPTokenizer.from_pretrained(folder)
    return vocabulary


def _write_text_encoder(folder: Path, vocabulary: dict[str, int]) -> None:
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        hidden_act="quick_gelu",
        bos_token_id=vocabulary[BEGIN],
        eos_token_id=vocabulary[END],
        pad_token_id=1,
        projection_dim=TEXT_WIDTH,
    )
    encoder = CLIPTextModel(config)
    next(p for name, p in encoder.named_parameters() if name.endswith("final_layer_norm.bias")).data.fill_(-0.1)
    encoder.save_pretrained(folder)
    file = folder / "model.safetensors"
    old = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in load_file(file).items()}
    old["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    save_file(old, file, metadata={"format": "pt"})


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=4,
        out_channels=4,
        block_out_channels=CHANNELS,
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=HEADS,
        norm_num_groups=NORM_GROUPS,
    )


def _write_vae(folder: Path) -> None:
    AutoencoderKL(
        block_out_channels=(16, 16, 32, 32),
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=NORM_GROUPS,
        sample_size=512,
        scaling_factor=0.18215,
    ).save_pretrained(folder)
    file = folder / WEIGHTS
    save_file({_old_vae_name(k): v for k, v in load_file(file).items()}, file, metadata={"format": "pt"})


def _old_vae_name(key: str) -> str:
    if "mid_block.attentions" not in key:
        return key
    for new, old in {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}.items():
        key = key.replace(f".{new}.", f".{old}.")
    return key


def _tiny_autoencoder() -> AutoencoderTiny:
    torch.manual_seed(5)
    return AutoencoderTiny(
        encoder_block_out_channels=(16, 16, 16, 16),
        decoder_block_out_channels=(16, 16, 16, 16),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )


def _write_scheduler(base: Path) -> None:
    """What real base repositories carry and the worker must not use: another scheduler with another beta schedule."""
    beta = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
    (base / "scheduler").mkdir()
    kind = {"_class_name": "PNDMScheduler", "skip_prk_steps": True, "steps_offset": 1, "set_alpha_to_one": False}
    _write_json(base / "scheduler" / "scheduler_config.json", {**kind, **beta})
    parts = {
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    unused = {"feature_extractor": [None, None], "safety_checker": [None, None], "requires_safety_checker": False}
    _write_json(base / "model_index.json", {"_class_name": "StableDiffusionPipeline", **parts, **unused})


def _turbo_lora(unet: UNet2DConditionModel) -> dict[str, torch.Tensor]:
    """A LoRA over the spatial attention in kohya's key style, as AnimateLCM_sd15_t2v_lora.safetensors has it."""
    generator = torch.Generator().manual_seed(7)
    tensors: dict[str, torch.Tensor] = {}
    for name, module in unet.named_modules():
        if isinstance(module, torch.nn.Linear) and ("attn1.to_" in name or "attn2.to_" in name):
            key = f"lora_unet_{name.replace('.', '_')}"
            tensors[f"{key}.lora_down.weight"] = torch.randn(LORA_RANK, module.in_features, generator=generator) * 0.05
            tensors[f"{key}.lora_up.weight"] = torch.randn(module.out_features, LORA_RANK, generator=generator) * 0.05
            tensors[f"{key}.alpha"] = torch.tensor(float(LORA_RANK))
    return tensors


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


if __name__ == "__main__":
    print(make_model_set(Path(sys.argv[1])))
