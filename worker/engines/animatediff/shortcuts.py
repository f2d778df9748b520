"""Work that a standard clip may leave out at the price of a somewhat other picture: nothing, unless it is asked for.

Pure; needs no torch. Turbo clips have so few steps that nothing of them can be spared.
"""

import math
from dataclasses import dataclass
from typing import Final

from generation.request import Endpoint, GenerationRequest

REUSING_WORK: Final = 0.074
"""What a step that reuses costs, against a whole one (computed, see benchmarks/engine_options.py)."""


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What is left out.

    reuse_every: the deep layers of the UNet are computed at every so manieth step, the steps between reuse what they
        said (DeepCache's idea); 1 computes them always.
    guided_share: the part of the steps, from the first one on, that guidance is applied to; the others cost half.
    """

    reuse_every: int = 1
    guided_share: float = 1.0

    def is_reusing(self, position: int) -> bool:
        """Whether the step at that position, counted from 0, reuses the deep layers of one before."""
        return position % self.reuse_every != 0

    def is_guided(self, position: int, steps: int) -> bool:
        """Whether the step at that position of so many has guidance, in a clip that asks for it."""
        return position < math.ceil(self.guided_share * steps)

    def rows_left(self, request: GenerationRequest, position: int = 0) -> float:
        """What the steps from that position on cost together, in whole rows of a forward."""
        steps = request.num_inference_steps
        each = 2 if request.guidance_scale > 1 else 1
        return sum(
            (each if self.is_guided(at, steps) else 1) * (REUSING_WORK if self.is_reusing(at) else 1.0)
            for at in range(position, steps)
        )


NONE: Final = Shortcuts()


def shortcuts_for(request: GenerationRequest, wish: Shortcuts) -> Shortcuts:
    """Which of the wished-for shortcuts a request takes."""
    return wish if request.endpoint is Endpoint.STANDARD else NONE
