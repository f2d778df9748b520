"""Camera motions: LoRAs merged into the motion modules' weights in place, and unmerged bit for bit.

Merged LoRAs cost no further matrix products in a step, and the weights keep their addresses, so
compiled code and CUDA graphs stay valid.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from generation.protocol.request import Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.failures import first_line
from worker.engines.animatediff.models.checkpoints import motion_weight_name
from worker.engines.animatediff.models.files import UP_ENDINGS, down_name

Tensor = Any
_UNREADABLE: Final = (
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    SafetensorError,
)
"""What a file of other tensors than a LoRA's makes the reading of it raise."""
OPTIONAL_BLOCK: Final = "mid_block."
"""The LoRAs of version 2 change a mid block that adapters of versions 1 and 3 lack; there that part
is skipped."""


@dataclass(frozen=True, slots=True)
class LoraPair:
    """Two matrices whose product is added to a weight: up (out, rank), down (rank, in)."""

    up: Tensor
    down: Tensor


@dataclass(frozen=True, slots=True)
class MotionLora:
    """One camera motion: what it adds to each weight, by the weight's name in the UNet."""

    pairs: Mapping[str, LoraPair]

    @classmethod
    def load(cls, path: Path) -> "MotionLora":
        """Read a file with diffusers', AnimateDiff's own or kohya's names into main memory.

        Raises:
            EngineUnavailable: what is in it cannot be read as a motion LoRA.
        """
        try:
            tensors = load_file(path)
            ups = [name for name in tensors if name.endswith(UP_ENDINGS)]
            return cls({motion_weight_name(up): _pair(tensors, up) for up in ups})
        except _UNREADABLE as error:
            reason = first_line(error)[:200]
            raise EngineUnavailable(f"What is in {path} is no motion LoRA ({reason}).") from error


def _pair(tensors: Mapping[str, Tensor], up: str) -> LoraPair:
    pair = LoraPair(tensors[up], tensors[down_name(up)])
    alpha = tensors.get(f"{up.removesuffix('.lora_up.weight')}.alpha")
    if alpha is None:
        return pair
    # kohya's files state what the product is divided by
    return LoraPair(pair.up * (float(alpha) / pair.down.shape[0]), pair.down)


class MotionMerger:
    """The camera motions of one UNet: the motions of the last :meth:`set` are in its weights."""

    def __init__(
        self, unet: Any, loras: Mapping[Motion, MotionLora], *, strength: float = 1.0
    ) -> None:
        """Copies every weight that a motion changes, to restore it.

        Raises:
            EngineUnavailable: a LoRA changes a weight that the UNet lacks or has in another shape.
        """
        # the LoRAs stay in main memory: 77 MB each, needed only when motions change
        self._loras = loras
        self._strength = strength
        self._weights = weights_changed(unet, loras)
        self._originals = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._merged: frozenset[Motion] | None = frozenset()

    @property
    def offered(self) -> tuple[Motion, ...]:
        """The motions that it can merge."""
        return tuple(self._loras)

    @property
    def merged(self) -> frozenset[Motion] | None:
        """What is in the weights now; None after a change that failed half way."""
        return self._merged

    def set(self, motions: Collection[Motion]) -> None:
        """Merge these motions and no others; an empty collection restores the weights bit for
        bit."""
        # asked before every step; nearly always nothing changes
        wanted = frozenset(motions)
        if wanted == self._merged:
            return
        # if this fails half way, the next call writes every weight again
        self._merged = None
        for name, weight in self._weights.items():
            # sorted: the order of the sums decides their rounding
            weight.copy_(self._changed(name, sorted(wanted)))
        self._merged = wanted

    @property
    def copied_bytes(self) -> int:
        """What the copies take, on the device that they are on."""
        return sum(copy.numel() * copy.element_size() for copy in self._originals.values())

    def move(self, device: str) -> None:
        """Move the copies to the device that the UNet is on."""
        self._originals = {name: original.to(device) for name, original in self._originals.items()}

    def _changed(self, name: str, motions: list[Motion]) -> Tensor:
        original = self._originals[name]
        pairs = [pair for m in motions if (pair := self._loras[m].pairs.get(name)) is not None]
        if not pairs:
            return original
        # summed in float32 and rounded once, or several motions would round several times
        total = original.float()
        for pair in pairs:
            up, down = (half.to(original.device, torch.float32) for half in (pair.up, pair.down))
            total = total + self._strength * (up @ down)
        return total.to(original.dtype)


def weights_changed(unet: Any, loras: Mapping[Motion, MotionLora]) -> dict[str, Any]:
    """The UNet's weights that these motions change, by name.

    Raises:
        EngineUnavailable: a LoRA changes a weight that the UNet lacks or has in another shape.
    """
    parameters = dict(unet.named_parameters())
    changed: dict[str, Any] = {}
    for motion, lora in loras.items():
        fitting = {name: parameters[name] for name in lora.pairs if name in parameters}
        unknown = [
            name
            for name in lora.pairs
            if name not in parameters and not name.startswith(OPTIONAL_BLOCK)
        ]
        if unknown or not fitting:
            raise EngineUnavailable(
                f"The LoRA of the camera motion {motion} is made for another model: the motion "
                f"adapter has no weight {', '.join(unknown[:1]) or 'that it changes'}."
            )
        # a wrong shape would otherwise fail at the first clip that asks for the motion
        for name, weight in fitting.items():
            _check_shape(motion, name, lora.pairs[name], weight)
        changed |= fitting
    return changed


def _check_shape(motion: Motion, name: str, pair: LoraPair, weight: Tensor) -> None:
    shape = (pair.up.shape[0], pair.down.shape[1])
    if pair.up.shape[1] != pair.down.shape[0] or shape != tuple(weight.shape):
        raise EngineUnavailable(
            f"The LoRA of the camera motion {motion} is made for another model: it is "
            f"{shape[0]} × {shape[1]} at {name}, where the motion adapter has "
            f"{weight.shape[0]} × {weight.shape[1]}."
        )
