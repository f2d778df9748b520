"""What the engine's shortcuts save and what they change in the picture: computed at full size,
measured on tiny models.

    python benchmarks/engine_options.py     # some minutes on two cores; prints one Markdown table

FLOPs are counted over the full-size models' shapes, without their numbers: 16 × 512 × 512, 25
steps, guidance 7.5, decoding included. Time and likeness are measured with the tiny random-weight
models: they show that each option does what it says, and nothing about beauty. Time is processor
time of one thread, so that other programs hardly matter.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import random_models
import torch
from report import machine, quiet, table
from torch.utils.flop_counter import FlopCounterMode

from doubles.worker.rendering import clip
from doubles.worker.tiny_models import make_model_set
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engine import Frames
from worker.engines.animatediff import EngineOptions, ModelSet
from worker.engines.animatediff.clip_timing import render_to_end
from worker.engines.animatediff.compile.deep_cache import keeping_forward, reusing_forward
from worker.engines.animatediff.compile.forwards import ForwardInputs
from worker.engines.animatediff.engine import AnimateDiffEngine
from worker.engines.animatediff.options import ForwardShape

STEPS: Final = 25
FRAMES: Final = 16
ROUNDS: Final = 3
HEAD: Final = (
    "option",
    "FLOPs of a clip, computed",
    "ratio",
    "processor time, tiny",
    "likeness, tiny",
)


@dataclass(frozen=True)
class Choice:
    """One set of options."""

    name: str
    options: EngineOptions = field(default_factory=EngineOptions)
    fast_decode: bool = False


CHOICES: Final = (
    Choice("nothing left out"),
    *(Choice(f"`reuse_every` {every}", EngineOptions(reuse_every=every)) for every in (2, 3, 5)),
    *(Choice(f"`guided_share` {share}", EngineOptions(guided_share=share)) for share in (0.7, 0.6)),
    Choice("`fast_decode` (TAESD)", fast_decode=True),
    Choice("`reuse_every` 3, `guided_share` 0.6", EngineOptions(reuse_every=3, guided_share=0.6)),
)


@dataclass(frozen=True)
class Costs:
    """FLOPs at full size.

    whole, reusing: one row of a full step, and of a step with cached features. decode, fast_decode:
    decoding a clip with the base's decoder, and with TAESD.
    """

    whole: float
    reusing: float
    decode: float
    fast_decode: float

    @classmethod
    def count(cls) -> "Costs":
        """Count over the full-size models on torch's meta device, without their weights."""
        unet = random_models.ready(
            random_models.unet(random_models.FULL, "meta"), "meta", torch.bfloat16
        )
        inputs = ForwardInputs.of_shape(
            ForwardShape(Endpoint.STANDARD, 1, FRAMES, 512, 512), unet, text_width=768
        )
        with torch.inference_mode():
            whole = flops(lambda: inputs.run(unet))
            _, features = inputs.call(keeping_forward(unet))
            shallow = replace(inputs, features=features)
            reusing = flops(lambda: shallow.run(reusing_forward(unet)))
        latents = torch.empty(FRAMES, 4, 64, 64, device="meta", dtype=torch.bfloat16)
        with torch.device("meta"):
            decoders = [random_models.autoencoder(random_models.FULL), random_models.taesd()]
        ready = [random_models.ready(decoder, "meta", torch.bfloat16) for decoder in decoders]
        return cls(whole, reusing, *(flops(lambda vae=vae: vae.decode(latents)) for vae in ready))

    def clip(self, choice: Choice, request: GenerationRequest) -> float:
        """FLOPs of a whole clip."""
        shortcuts = choice.options.shortcuts
        guided = [shortcuts.is_guided(at, STEPS) for at in range(request.num_inference_steps)]
        each = [
            self.reusing if shortcuts.uses_cached_features(at) else self.whole
            for at in range(len(guided))
        ]
        denoising = sum(cost * (1 + two) for cost, two in zip(each, guided, strict=True))
        return denoising + (self.fast_decode if choice.fast_decode else self.decode)


def flops(run: Any) -> float:
    """FLOPs of a call, a multiplication and an addition counted as two."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        run()
    return float(counter.get_total_flops())


def rendered(engine: AnimateDiffEngine, request: GenerationRequest) -> tuple[Frames, float]:
    """A clip and its processor seconds."""
    began = time.process_time()
    frames = render_to_end(engine, engine.begin(request))
    return frames, time.process_time() - began


def likeness(ours: Frames, whole: Frames) -> str:
    """Peak signal to noise in decibels."""
    error = np.mean((ours.astype(float) - whole.astype(float)) ** 2)
    return "the same" if error == 0 else f"{10 * np.log10(255**2 / error):.0f} dB"


def rows(root: Path, costs: Costs) -> list[list[str]]:
    """One row for each choice; times are medians, measured alternately."""
    request = clip(num_frames=FRAMES, num_inference_steps=STEPS, negative_prompt="bad quality")
    engines = [loaded(root, choice) for choice in CHOICES]
    rounds = [[rendered(engine, request) for engine in engines] for _ in range(ROUNDS)]
    seconds = [
        statistics.median(found[1] for found in column) for column in zip(*rounds, strict=True)
    ]
    computed = [costs.clip(choice, request) for choice in CHOICES]
    whole = rounds[0][0][0]
    return [
        [
            choice.name,
            f"{cost / 1e12:.0f} T",
            f"{cost / computed[0]:.2f}",
            f"{taken / seconds[0]:.2f}",
            "–" if choice.fast_decode else likeness(frames, whole),
        ]
        for choice, cost, taken, (frames, _) in zip(
            CHOICES, computed, seconds, rounds[0], strict=True
        )
    ]


def loaded(root: Path, choice: Choice) -> AnimateDiffEngine:
    """An engine with that choice, on the CPU."""
    models = ModelSet.from_folder(root, fast_decode=choice.fast_decode)
    engine = AnimateDiffEngine(models, device="cpu", options=choice.options)
    engine.load()
    return engine


def main() -> None:
    """Compute, measure and print."""
    torch.set_num_threads(1)
    quiet()
    costs = Costs.count()
    print(f"{machine()}, load {os.getloadavg()[0]:.0f} at the start, torch {torch.__version__}.\n")
    print(
        f"One row of a step: {costs.whole / 1e12:.2f} TFLOP whole, {costs.reusing / 1e12:.2f} "
        "reusing.\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        print(table(HEAD, rows(make_model_set(Path(folder)), costs)))


if __name__ == "__main__":
    main()
