"""The folders of the models that the engine renders with. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from generation.protocol.request import Endpoint, Motion
from worker.engines.animatediff.models.selection import ModelSelection

TURBO: Final = "animatelcm"
"""The turbo endpoint's model in the catalogue; its folder has the same name."""
BASES: Final = "bases"
"""The folder of checkpoints that the operator has brought."""
SINGLE_FILE: Final = "single-file"
"""The folder of what a checkpoint of one file lacks."""
WEIGHTS: Final = "diffusion_pytorch_model"
"""The stem of diffusers' weight files: of a UNet, an autoencoder, an adapter or a motion LoRA."""
TURBO_LORA: Final = "AnimateLCM_sd15_t2v_lora.safetensors"
"""The LoRA that belongs to AnimateLCM's motion adapter; older instructions call it
sd15_lora_beta.safetensors."""


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The folders that one engine loads; requests that need a model not in it are refused.

    base: any Stable Diffusion 1.5 checkpoint: a folder in diffusers' layout (unet, vae,
        text_encoder, tokenizer), or one safetensors file.
    motion_adapter: the motion adapter of the standard endpoint; None refuses that endpoint.
    turbo: AnimateLCM, its adapter and its LoRA in one folder; None refuses the turbo endpoint.
    motion_loras: one folder for each camera motion.
    taesd: a small decoder in place of the base's, quicker and softer; None uses the base's.
    safety_checker: checks a few frames of every clip and refuses some clips; None checks nothing.
    configs: the folder with tokenizer and configurations that a base of one file lacks.
    vae: a decoder in place of the base's, a folder or a file; None uses the base's.
    """

    base: Path
    motion_adapter: Path | None
    turbo: Path | None = None
    motion_loras: Mapping[Motion, Path] = field(default_factory=dict)
    taesd: Path | None = None
    safety_checker: Path | None = None
    configs: Path | None = None
    vae: Path | None = None

    @classmethod
    def from_folder(
        cls,
        root: Path,
        *,
        fast_decode: bool = False,
        safety_checker: bool = False,
        vae: str | None = None,
    ) -> Self:
        """The layout that ``flipbook worker models download`` writes, without the models that the
        operator has excluded there. `vae`: the name of a decoder in the folder ``vae``."""
        selection = ModelSelection.load(root)
        # excluded by the operator, not missing: missing files are an error at the start
        motions = [motion for motion in Motion if not selection.excludes(motion_name(motion))]
        base = root / BASES / selection.base if selection.is_local else root / "base"
        configs = root / SINGLE_FILE
        checker = base / "safety_checker"
        # where it is downloaded to, unless the operator's own folder has one
        if selection.is_local and not checker.is_dir():
            checker = configs / "safety_checker"
        return cls(
            base=base,
            motion_adapter=root / "motion-adapter",
            turbo=None if selection.excludes(TURBO) else root / TURBO,
            motion_loras={motion: root / "motion-lora" / motion.value for motion in motions},
            taesd=root / "taesd" if fast_decode else None,
            safety_checker=checker if safety_checker else None,
            configs=configs if selection.is_single_file else None,
            vae=None if vae is None else root / "vae" / vae,
        )

    @property
    def has_single_file(self) -> bool:
        """Whether the base is one file."""
        return self.configs is not None

    @property
    def names(self) -> Path:
        """The folder with the tokenizer and the configurations."""
        return self.base if self.configs is None else self.configs

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that this set can serve."""
        found = {Endpoint.STANDARD: self.motion_adapter, Endpoint.TURBO: self.turbo}
        return tuple(endpoint for endpoint, folder in found.items() if folder is not None)

    @property
    def told(self) -> tuple[str, ...]:
        """What it consists of, by the folders' names, for people."""
        others = (self.motion_adapter, self.turbo, self.vae, self.taesd, self.safety_checker)
        motions = [path for _, path in sorted(self.motion_loras.items())]
        paths = (self.base, *(path for path in others if path is not None), *motions)
        return tuple(path.name for path in paths)

    def adapter_of(self, endpoint: Endpoint) -> Path:
        """The motion adapter's folder of an endpoint in :attr:`endpoints`."""
        folder = self.turbo if endpoint is Endpoint.TURBO else self.motion_adapter
        if folder is None:
            raise ValueError(f"this set has no model for {endpoint}")
        return folder


def motion_name(motion: Motion) -> str:
    """The model of a camera motion in the catalogue."""
    return f"motion-{motion.value}"
