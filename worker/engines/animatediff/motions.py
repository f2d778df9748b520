"""Camera motions: LoRAs merged into the motion modules' weights in place, several at once, and taken off bit for bit.

No further matrix products per step, and the weights keep their addresses, so compiled code and CUDA graphs stay right.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file

from generation.request import Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.files import down_name

Tensor = Any
NOT_EVERYWHERE: Final = "mid_block."
"""The LoRAs of version 2 change a mid block that adapters of versions 1 and 3 lack; that part is left out there."""


@dataclass(frozen=True, slots=True)
class LowRank:
    """Two thin matrices whose product is added to a weight: up (out, rank), down (rank, in)."""

    up: Tensor
    down: Tensor


@dataclass(frozen=True, slots=True)
class MotionLora:
    """One camera motion: what it adds to which weight, by the weight's name in the UNet."""

    parts: Mapping[str, LowRank]

    @classmethod
    def load(cls, path: Path) -> "MotionLora":
        """Read a file in diffusers' names (``unet.….processor.to_q_lora.up.weight``); it stays in main memory."""
        tensors = load_file(path)
        ups = [name for name in tensors if name.endswith("_lora.up.weight")]
        return cls({weight_name(up): LowRank(tensors[up], tensors[down_name(up)]) for up in ups})


def weight_name(up_name: str) -> str:
    """The UNet's weight that a LoRA pair belongs to."""
    layer = up_name.removeprefix("unet.").replace("processor.", "").removesuffix("_lora.up.weight")
    return f"{layer}.0.weight" if layer.endswith("to_out") else f"{layer}.weight"


class MotionMerger:
    """The camera motions of one UNet: at any time exactly the ones last asked for are in its weights."""

    def __init__(self, unet: Any, loras: Mapping[Motion, MotionLora], *, strength: float = 1.0) -> None:
        """Keeps a copy of every weight that some motion changes.

        Raises:
            EngineUnavailable: a LoRA changes a weight that the UNet lacks, or has in another shape.
        """
        self._loras = loras
        self._strength = strength
        self._weights = _weights_changed(unet, loras)
        self._originals = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._merged: frozenset[Motion] | None = frozenset()

    @property
    def merged(self) -> frozenset[Motion] | None:
        """What is in the weights now; None when a change broke off half way."""
        return self._merged

    def set(self, motions: Collection[Motion]) -> None:
        """Put exactly these motions into the weights; an empty collection restores them bit for bit."""
        wanted = frozenset(motions)
        if wanted == self._merged:
            return
        self._merged = None  # if this breaks off, the next call writes every weight again
        for name, weight in self._weights.items():
            weight.copy_(self._changed(name, sorted(wanted)))
        self._merged = wanted

    def move(self, device: str) -> None:
        """Take the copies to the device on which the UNet now lives."""
        self._originals = {name: original.to(device) for name, original in self._originals.items()}

    def _changed(self, name: str, motions: list[Motion]) -> Tensor:
        original = self._originals[name]
        parts = [part for m in motions if (part := self._loras[m].parts.get(name)) is not None]
        if not parts:
            return original
        total = original.float()
        for part in parts:
            up, down = (half.to(original.device, torch.float32) for half in (part.up, part.down))
            total = total + self._strength * (up @ down)
        return total.to(original.dtype)


def _weights_changed(unet: Any, loras: Mapping[Motion, MotionLora]) -> dict[str, Any]:
    parameters = dict(unet.named_parameters())
    changed: dict[str, Any] = {}
    for motion, lora in loras.items():
        fitting = {name: parameters[name] for name in lora.parts if name in parameters}
        strange = [name for name in lora.parts if name not in parameters and not name.startswith(NOT_EVERYWHERE)]
        if strange or not fitting:
            raise EngineUnavailable(
                f"The LoRA of the camera motion {motion} is made for another model: the motion adapter has no weight "
                f"{', '.join(strange[:1]) or 'that it changes'}."
            )
        for name, weight in fitting.items():
            _check_shape(motion, name, lora.parts[name], weight)
        changed |= fitting
    return changed


def _check_shape(motion: Motion, name: str, part: LowRank, weight: Tensor) -> None:
    shape = (part.up.shape[0], part.down.shape[1])
    if part.up.shape[1] != part.down.shape[0] or shape != tuple(weight.shape):
        raise EngineUnavailable(
            f"The LoRA of the camera motion {motion} is made for another model: it is {shape[0]} × {shape[1]} "
            f"at {name}, where the motion adapter has {weight.shape[0]} × {weight.shape[1]}."
        )
