"""What an operator may set about the engine. Needs no torch."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final

from generation.protocol.request import Endpoint
from worker.engines.animatediff.shortcuts import Shortcuts


class Residency(StrEnum):
    """Where the two endpoints' models are kept."""

    AUTO = "auto"
    """TOGETHER when both fit on the device along with the work, else SWAP."""
    TOGETHER = "together"
    SWAP = "swap"
    """One on the device, the other offloaded to main memory: a change of endpoint costs a copy."""


class Compile(StrEnum):
    """When the shapes that are served are compiled with `torch.compile`."""

    AUTO = "auto"
    """IDLE on CUDA, OFF elsewhere."""
    OFF = "off"
    IDLE = "idle"
    """Eager at first; each served shape is compiled beside the worker while no render is active."""
    START = "start"
    """The default shapes are compiled before the engine is ready."""


class ForwardKind(StrEnum):
    """How much of the UNet a forward computes; the others than WHOLE with `reuse_every`."""

    WHOLE = "whole"
    KEEPING = "keeping"
    """All of it, and the deep layers' features are given too."""
    REUSING = "reusing"
    """Only what is shallow: the deep layers' features of an earlier step are taken."""


@dataclass(frozen=True, slots=True)
class ForwardShape:
    """The shape of one forward, which is what is compiled; its text is one chunk of 77 tokens.

    width, height: of the clip, in pixels.
    """

    endpoint: Endpoint
    rows: int
    frames: int
    width: int
    height: int
    kind: ForwardKind = ForwardKind.WHOLE


DEFAULT_SHAPES: Final = (
    ForwardShape(Endpoint.TURBO, 1, 16, 512, 512),
    ForwardShape(Endpoint.STANDARD, 2, 16, 512, 512),
)
"""The default clips of both endpoints: turbo without guidance, standard with."""


CLIP_SKIP_AT_MOST: Final = 12
"""The text encoder of Stable Diffusion 1.5 has so many layers."""
DTYPES: Final = (None, "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Everything beyond the models and the device; the defaults suit most machines.

    The names are keys of the JSON in ``FLIPBOOK_WORKER_ANIMATEDIFF``.

    device: torch's name, such as cuda:1 or cpu; None is the GPU, or the CPU without one.
    dtype: of the UNet and the text encoder: float32, bfloat16 or float16; None picks float16 on
        CUDA (float32 on a GTX 16) and float32 elsewhere.
    vae_dtype: of the decoder; None is the same. float32 if flat areas show bands.
    vae: the name of a decoder in the models folder's ``vae``, in place of the base's own.
    clip_skip: which layer of the text encoder is read, counted from the end as AUTOMATIC1111 does:
        1 is the last, 2 is what many checkpoints of drawn pictures ask for.
    max_active: how many renders may be active at once.
    rows_at_most: rows that may share a forward; a render with guidance has two. Memory and CUDA may
        allow fewer.
    shared_work_at_most: latent pixels that may share a forward. A GPU is full at one or two rows of
        16 × 512 × 512 (computed). Beyond that, n equal clips in one batch all end when the last of
        them would have ended anyway: on average half as late again for two, nearly twice as late
        for many.
    motion_strength: of each camera motion, 1 as trained.
    turbo_lora_strength: of AnimateLCM's LoRA, 0.8 as its authors advise.
    looks: whether a render keeps the latents from which preview frames are made; never beside a
        safety checker, which sees only finished clips.
    frames_decoded_at_once: None decides by memory.
    overlap_decode: on CUDA, decode beside the next render's steps.
    cuda_graphs: compile with CUDA graphs (mode ``reduce-overhead``); helps where launching kernels
        takes longer than running them.
    compile_backend: torch's name; ``inductor`` outside of tests.
    reuse_every, guided_share: `cache_interval` and `guidance_cutoff` of :class:`Shortcuts`, for
        standard clips.
    shapes: what to compile first; shapes that are served often follow.
    compile_cache: a folder in which compiled code is kept over restarts; without one everything is
        compiled in the worker itself.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "allow_inf_nan": False}

    device: str | None = None
    dtype: str | None = None
    vae_dtype: str | None = None
    vae: str | None = None
    clip_skip: int = 1
    max_active: int = 8
    rows_at_most: int = 8
    shared_work_at_most: int = 2 * 16 * 64 * 64
    motion_strength: float = 1.0
    turbo_lora_strength: float = 0.8
    residency: Residency = Residency.AUTO
    looks: bool = False
    frames_decoded_at_once: int | None = None
    overlap_decode: bool = True
    compile: Compile = Compile.AUTO
    compile_backend: str = "inductor"
    cuda_graphs: bool = False
    reuse_every: int = 1
    guided_share: float = 1.0
    shapes: tuple[ForwardShape, ...] = DEFAULT_SHAPES
    compile_cache: Path | None = None

    def __post_init__(self) -> None:
        """Raise ValueError naming an option whose value is out of range."""
        # pydantic parses the types; it does not know these ranges
        for name in ("dtype", "vae_dtype"):
            if getattr(self, name) not in DTYPES:
                raise ValueError(
                    f"{name} is one of {', '.join(dtype for dtype in DTYPES if dtype)}"
                )
        self._check_models()
        for name in ("max_active", "rows_at_most", "shared_work_at_most", "reuse_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1")
        if self.frames_decoded_at_once is not None and self.frames_decoded_at_once < 1:
            raise ValueError("frames_decoded_at_once is at least 1")
        if not 0 <= self.guided_share <= 1:
            raise ValueError("guided_share is between 0 and 1")

    def _check_models(self) -> None:
        name = self.vae
        # a name, and never a path: it is looked up in one folder
        if name is not None and (not name or name.startswith(".") or set(name) & set("/\\")):
            raise ValueError("vae is the name of a file or folder in the models folder's vae")
        if not 1 <= self.clip_skip <= CLIP_SKIP_AT_MOST:
            raise ValueError(f"clip_skip is between 1 and {CLIP_SKIP_AT_MOST}")

    @property
    def shortcuts(self) -> Shortcuts:
        """What standard clips leave out."""
        return Shortcuts(self.reuse_every, self.guided_share)
