"""Computes (does not measure) the memory that each size needs, from the real models' shapes without
their numbers.

    python benchmarks/engine_memory.py         # seconds, on any machine; prints one Markdown table

It walks one forward of the full-size UNet and of the decoder with fake tensors in bfloat16 and
keeps count of what is alive. Attention is the fused kind that never holds its scores. Libraries'
workspaces and the CUDA context, half a GB to one GB, come on top.
"""

import sys
import weakref
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import random_models
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from generation.protocol.request import VideoSizePreset
from worker.engines.animatediff.memory.room import (
    DECODER_NUMBERS_PER_LATENT_PIXEL,
    UNET_NUMBERS_PER_LATENT_PIXEL,
)

FRAMES = 16


class AliveBytes(TorchDispatchMode):
    """Counts the bytes of every storage that an operation makes, until it is freed; weights
    are not counted."""

    def __init__(self, weights: Any) -> None:
        super().__init__()
        self._known = {parameter.untyped_storage()._cdata: 0 for parameter in weights.parameters()}  # noqa: SLF001
        self._now = self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_iter(made):
            if isinstance(tensor, torch.Tensor):
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: Any) -> None:
        key = storage._cdata  # noqa: SLF001
        if key not in self._known:
            self._known[key] = storage.nbytes()
            self._now += storage.nbytes()
            self.peak = max(self.peak, self._now)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self._now -= self._known.pop(key, 0)


def unet_peak(unet: Any, *, rows: int, width: int, height: int) -> int:
    """Bytes alive at the peak of one forward."""
    sample = torch.empty(rows, 4, FRAMES, height // 8, width // 8)
    text = torch.empty(rows * FRAMES, 77, random_models.FULL.text_width)
    with AliveBytes(unet) as alive:
        unet(sample, torch.empty(rows), encoder_hidden_states=text, return_dict=False)
    return int(alive.peak)


def decoder_peak(vae: Any, *, frames: int, width: int, height: int) -> int:
    """Bytes alive at the peak of decoding that many frames at once."""
    latents = torch.empty(frames, 4, height // 8, width // 8)
    with AliveBytes(vae) as alive:
        vae.decode(latents)
    return int(alive.peak)


def weights_bytes(module: Any) -> int:
    """Bytes of a module's weights."""
    return sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())


def gib(count: float) -> str:
    """Bytes as GiB."""
    return f"{count / 2**30:.1f}"


def main() -> None:
    """Compute and print."""
    torch.set_default_dtype(torch.bfloat16)
    with FakeTensorMode(), torch.no_grad():
        unet, vae = (
            random_models.unet(random_models.FULL, "cpu"),
            random_models.autoencoder(random_models.FULL),
        )
        text = random_models.text_encoder(random_models.FULL)
        print(
            f"Weights in bfloat16, GiB: UNet {gib(weights_bytes(unet))} for each endpoint, "
            "decoder "
            f"{gib(weights_bytes(vae))}, text encoder {gib(weights_bytes(text))} (its "
            "vocabulary not counted).\n"
        )
        print(
            "| size, 16 frames | one row | guided (two rows) | decoding 1 / 4 / 16 frames at "
            "once |\n|---|---|---|---|"
        )
        for preset in VideoSizePreset:
            width, height = preset.pixels
            rows = [gib(unet_peak(unet, rows=n, width=width, height=height)) for n in (1, 2)]
            decoding = [
                gib(decoder_peak(vae, frames=n, width=width, height=height)) for n in (1, 4, 16)
            ]
            print(
                f"| {preset.value} {width} × {height} | {rows[0]} | {rows[1]} | "
                f"{' / '.join(decoding)} |"
            )
        latent_pixels = FRAMES * 64 * 64
        unet_numbers = unet_peak(unet, rows=2, width=512, height=512) / 2 / 2 / latent_pixels
        decoder_numbers = (
            decoder_peak(vae, frames=FRAMES, width=512, height=512) / 2 / latent_pixels
        )
    print(
        f"\nNumbers alive for each latent pixel: UNet {unet_numbers:,.0f} (the engine reckons "
        "with "
        f"{UNET_NUMBERS_PER_LATENT_PIXEL:,}), decoder {decoder_numbers:,.0f} "
        f"({DECODER_NUMBERS_PER_LATENT_PIXEL:,})."
    )


if __name__ == "__main__":
    main()
