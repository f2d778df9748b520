"""Which model files the engine renders with, and where they lie on disk. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from generation.request import Endpoint, Motion
from worker.engines.animatediff.chosen import Chosen

TURBO: Final = "animatelcm"
"""What the catalogue calls the turbo endpoint's model; its folder has the same name."""
WEIGHTS: Final = "diffusion_pytorch_model"
"""The stem under which diffusers keeps the weights of a UNet, an autoencoder, an adapter or a motion LoRA."""
TURBO_LORA: Final = "AnimateLCM_sd15_t2v_lora.safetensors"
"""The LoRA that belongs to AnimateLCM's motion adapter; older instructions call it sd15_lora_beta.safetensors."""


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The folders that one engine loads; what is left out is refused to members, not guessed.

    base: any Stable Diffusion 1.5 checkpoint in diffusers' layout (unet, vae, text_encoder, tokenizer).
    motion_adapter: the motion adapter of the standard endpoint.
    turbo: AnimateLCM, its adapter and its LoRA in one folder; None refuses the turbo endpoint.
    motion_loras: one folder for each camera motion on offer.
    taesd: a small decoder that replaces the base's; quicker and softer. None keeps the base's.
    safety_checker: looks at a few frames of every clip and refuses some; None looks at none.
    """

    base: Path
    motion_adapter: Path
    turbo: Path | None = None
    motion_loras: Mapping[Motion, Path] = field(default_factory=dict)
    taesd: Path | None = None
    safety_checker: Path | None = None

    @classmethod
    def from_folder(cls, root: Path, *, fast_decode: bool = False, safety_checker: bool = False) -> Self:
        """The layout that ``flipbook worker models`` writes: everything but what the operator has left out there."""
        chosen = Chosen.load(root)
        motions = [motion for motion in Motion if not chosen.leaves_out(motion_name(motion))]
        return cls(
            base=root / "base",
            motion_adapter=root / "motion-adapter",
            turbo=None if chosen.leaves_out(TURBO) else root / TURBO,
            motion_loras={motion: root / "motion-lora" / motion.value for motion in motions},
            taesd=root / "taesd" if fast_decode else None,
            safety_checker=root / "base" / "safety_checker" if safety_checker else None,
        )

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that this set can serve."""
        return (Endpoint.STANDARD,) if self.turbo is None else (Endpoint.STANDARD, Endpoint.TURBO)

    def adapter_of(self, endpoint: Endpoint) -> Path:
        """The motion adapter's folder of an endpoint in :attr:`endpoints`."""
        return self.turbo if endpoint is Endpoint.TURBO and self.turbo is not None else self.motion_adapter


def motion_name(motion: Motion) -> str:
    """What the catalogue calls the model of a camera motion."""
    return f"motion-{motion.value}"
