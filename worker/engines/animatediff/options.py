"""What an operator may set about the engine. Needs no torch."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from generation.request import Endpoint


class Residency(StrEnum):
    """Where the two endpoints' models are kept."""

    AUTO = "auto"
    """Together when they fit beside the work, else swapped."""
    TOGETHER = "together"
    SWAP = "swap"
    """One on the device, the other in main memory: a change of endpoint costs a copy."""


class Compile(StrEnum):
    """When `torch.compile` is used for the shapes that are served."""

    AUTO = "auto"
    """IDLE on CUDA, OFF elsewhere."""
    OFF = "off"
    IDLE = "idle"
    """Eager at first; each served shape is compiled while nothing is under way."""
    START = "start"
    """The default shapes are compiled before the engine is ready."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one forward, which is what is compiled: text is one chunk of 77 tokens."""

    endpoint: Endpoint
    rows: int
    frames: int
    width: int
    height: int


DEFAULT_SHAPES: Final = (Shape(Endpoint.TURBO, 1, 16, 512, 512), Shape(Endpoint.STANDARD, 2, 16, 512, 512))
"""The defaults of both endpoints: turbo without guidance, standard with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Everything beyond the models and the device; the defaults are meant for most machines.

    dtype: of the UNet and the text encoder: float32, bfloat16 or float16; None picks bfloat16 on CUDA, float32 else.
    vae_dtype: of the decoder; None is the same. float32 if flat areas show bands.
    max_active: how many renders may be under way at once.
    rows_at_most: rows that may share a forward; a render with guidance has two. Memory and CUDA may allow fewer.
    shared_work_at_most: latent pixels that may share a forward. A GPU is full at one or two rows of 16 × 512 × 512
        (computed); beyond that, sharing makes everyone wait for everyone, and one after the other is better.
    motion_strength: of each camera motion, 1 as trained.
    turbo_lora_strength: of AnimateLCM's LoRA, 0.8 as its authors advise.
    looks: whether a render keeps what is needed to show it while it appears; never beside a safety checker, which sees
        only finished clips.
    frames_decoded_at_once: None decides by memory.
    overlap_decode: on CUDA, decode beside the next render's steps.
    cuda_graphs: compile with CUDA graphs (mode ``reduce-overhead``); helps where launching is slower than computing.
    compile_backend: torch's name; ``inductor`` unless one is testing.
    shapes: what to compile first; shapes that are served often follow.
    compile_cache: a file in which compiled code is kept over restarts.
    """

    dtype: str | None = None
    vae_dtype: str | None = None
    max_active: int = 8
    rows_at_most: int = 8
    shared_work_at_most: int = 4 * 16 * 64 * 64
    motion_strength: float = 1.0
    turbo_lora_strength: float = 0.8
    residency: Residency = Residency.AUTO
    looks: bool = False
    frames_decoded_at_once: int | None = None
    overlap_decode: bool = True
    compile: Compile = Compile.AUTO
    compile_backend: str = "inductor"
    cuda_graphs: bool = False
    shapes: tuple[Shape, ...] = DEFAULT_SHAPES
    compile_cache: Path | None = None
