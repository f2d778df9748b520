"""AnimateDiff with random weights made on the device: full size for speed, small to try the
scripts; no downloads.

Speed does not depend on the values of weights. The last layer is scaled down so that numbers stay
finite.
"""

import atexit
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402
from diffusers import AnimateDiffPipeline, AutoencoderKL, AutoencoderTiny  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer  # noqa: E402

from generation.protocol.request import Endpoint, GenerationRequest, Motion  # noqa: E402
from worker.engines.animatediff.denoise.schedulers import scheduler_for  # noqa: E402
from worker.engines.animatediff.models.load import LoadedModels  # noqa: E402
from worker.engines.animatediff.models.unet import MotionUNet  # noqa: E402


@dataclass(frozen=True)
class Size:
    """The widths of one model family."""

    channels: tuple[int, ...]
    groups: int
    heads: int
    text_width: int
    text_layers: int
    vae_channels: tuple[int, ...]
    lora_rank: int


FULL = Size((320, 640, 1280, 1280), 32, 8, 768, 12, (128, 256, 512, 512), 64)
"""Stable Diffusion 1.5 with a version 2 motion adapter."""
SMALL = Size((32, 32, 32, 32), 8, 2, 32, 2, (16, 16, 32, 32), 4)


def models(size: Size, device: str, dtype: Any) -> LoadedModels:
    """What the engine would have loaded: a UNet for each endpoint, decoder, text encoder,
    tokenizer, one motion."""
    return LoadedModels(
        tokenizer=tokenizer(),
        text_encoder=ready(text_encoder(size), device, dtype),
        vae=ready(autoencoder(size), device, dtype),
        unets={endpoint: ready(unet(size, device), device, dtype) for endpoint in Endpoint},
        motion_loras={Motion.ZOOM_IN: motion_lora(size)},
    )


def ready(module: Any, device: str, dtype: Any) -> Any:
    """On the device, for inference only."""
    return module.to(device, dtype).eval().requires_grad_(False)


def unet(size: Size, device: str) -> Any:
    """The UNet with motion modules, made on the device: 5 GB in float32 at full size."""
    with torch.device(device):
        made = MotionUNet(
            sample_size=64,
            block_out_channels=size.channels,
            norm_num_groups=size.groups,
            cross_attention_dim=size.text_width,
            num_attention_heads=size.heads,
            motion_num_attention_heads=size.heads,
        )
    made.conv_out.weight.data *= 0.01
    return made


def autoencoder(size: Size) -> Any:
    """Stable Diffusion's decoder, with its encoder."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=size.vae_channels,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=size.groups,
        sample_size=512,
        scaling_factor=0.18215,
    )


def taesd() -> Any:
    """The small decoder at its real size."""
    return AutoencoderTiny()


def text_encoder(size: Size) -> Any:
    """CLIP's text tower."""
    words = len(tokenizer())
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=words,
            hidden_size=size.text_width,
            intermediate_size=4 * size.text_width,
            num_hidden_layers=size.text_layers,
            num_attention_heads=max(2, size.text_width // 64),
            max_position_embeddings=77,
            bos_token_id=words - 2,
            eos_token_id=words - 1,
            pad_token_id=words - 1,
            projection_dim=size.text_width,
        )
    )


def tokenizer() -> Any:
    """Letters as tokens: enough to fill 77 of them."""
    letters = [chr(c) for c in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77
    )


def stock_seconds(size: Size, device: str, request: GenerationRequest, *, rounds: int = 3) -> float:
    """The stock pipeline's whole clip, PIL frames included: the best of some rounds, after one that
    does not count."""
    dtype = torch.float16 if device.startswith("cuda") else torch.float32
    parts = models(size, device, dtype)
    pipe = AnimateDiffPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=parts.tokenizer,
        unet=parts.unets[request.endpoint],
        motion_adapter=None,
        scheduler=scheduler_for(request.endpoint, 4),
    )
    pipe.set_progress_bar_config(disable=True)
    width, height = request.pixels

    def run() -> float:
        began = time.perf_counter()
        pipe(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(0),
            num_frames=request.num_frames,
            width=width,
            height=height,
        )
        return time.perf_counter() - began

    run()
    return min(run() for _ in range(rounds))


def stock_settings(device: str, request: GenerationRequest) -> str:
    """How the stock pipeline was run."""
    (width, height), dtype = request.pixels, "float16" if device.startswith("cuda") else "float32"
    return (
        f"`AnimateDiffPipeline`, {dtype}, SDPA, eager, PIL frames, "
        f"{request.num_inference_steps} steps, guidance "
        f"{request.guidance_scale:g}, {request.num_frames} frames of {width} × {height}, best "
        "of 3 after one"
    )


def motion_lora(size: Size) -> Path:
    """A camera motion's file, written to a temporary folder: 168 pairs of matrices."""
    tensors: dict[str, torch.Tensor] = {}
    blocks = [(f"down_blocks.{i}", 2, width) for i, width in enumerate(size.channels)]
    blocks += [(f"up_blocks.{i}", 3, width) for i, width in enumerate(reversed(size.channels))]
    for block, layers, width in [*blocks, ("mid_block", 1, size.channels[-1])]:
        for layer in range(layers):
            for target in (
                f"{a}.processor.to_{p}" for a in ("attn1", "attn2") for p in ("q", "k", "v", "out")
            ):
                key = f"unet.{block}.motion_modules.{layer}.transformer_blocks.0.{target}_lora"
                tensors[f"{key}.down.weight"] = torch.randn(size.lora_rank, width) * 0.01
                tensors[f"{key}.up.weight"] = torch.randn(width, size.lora_rank) * 0.01
    folder = Path(tempfile.mkdtemp(prefix="flipbook-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    save_file(tensors, folder / "motion.safetensors")
    return folder / "motion.safetensors"
