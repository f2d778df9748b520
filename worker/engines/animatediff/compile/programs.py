"""What is compiled for a shape: a function over a model, and a run of it over zeros."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from worker.engines.animatediff.compile.deep_cache import keeping_forward, reusing_forward
from worker.engines.animatediff.compile.inputs import Forward, ForwardInputs
from worker.engines.animatediff.compile.shapes import CompileShape, DecodeShape
from worker.engines.animatediff.options import ForwardKind

LATENT_CHANNELS = 4


@dataclass(slots=True)
class Functions:
    """What of the models is compiled; of each model and kind always the very same function.

    A second one would be compiled again, and would hook into its UNet again.
    """

    _known: dict[tuple[int, object], Forward] = field(default_factory=dict)

    def forward(self, unet: Any, kind: ForwardKind) -> Forward:
        """That kind of forward of a UNet."""
        if kind is ForwardKind.WHOLE:
            return unet  # type: ignore[no-any-return]
        make = keeping_forward if kind is ForwardKind.KEEPING else reusing_forward
        return self._once(unet, kind, make)

    def decoding(self, vae: Any) -> Forward:
        """From latents to pixels around −1…1."""
        return self._once(vae, None, decoding_of)

    def _once(self, model: Any, kind: object, make: Callable[[Any], Forward]) -> Forward:
        # by identity: a model lives as long as the engine does
        key = (id(model), kind)
        if key not in self._known:
            self._known[key] = make(model)
        return self._known[key]


def decoding_of(vae: Any) -> Forward:
    """From latents to pixels around −1…1, as a function."""

    def decode(latents: Any) -> Any:
        return vae.decode(latents, return_dict=False)[0]

    return decode


@dataclass(frozen=True, slots=True)
class Program:
    """A function to compile, and what runs it, or what was compiled of it, once over zeros."""

    function: Forward
    run: Callable[[Forward], Any]

    @classmethod
    def of(
        cls, shape: CompileShape, model: Any, functions: Functions, *, text_width: int
    ) -> "Program":
        """Of a UNet, or of a decoder; `text_width`: the length of one token's embedding."""
        if isinstance(shape, DecodeShape):
            size = (shape.frames, LATENT_CHANNELS, shape.height // 8, shape.width // 8)
            latents = torch.zeros(size, device=model.device, dtype=model.dtype)
            return cls(functions.decoding(model), lambda decode: decode(latents))
        inputs = ForwardInputs.of_shape(shape, model, text_width=text_width)
        return cls(functions.forward(model, shape.kind), inputs.call)
