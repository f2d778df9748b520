"""Work that a standard clip may leave out, at the price of a slightly different picture.

Nothing is left out unless an operator asks for it. Turbo clips have so few steps that all of them
are needed. Needs no torch.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from generation.protocol.extensions.windows import windows_for
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engines.animatediff.batch_key import rows_per_step

CACHED_STEP_WORK: Final = 0.074
"""What a step with cached features costs, as a part of a full one (computed by
benchmarks/engine_options.py)."""


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """What is left out.

    cache_interval: as in DeepCache: every n-th step is a full one, and the steps between reuse the
        deep layers' features of the last full step; 1 makes every step a full one.
    guidance_cutoff: the part of the steps, 0…1 and from the first one on, that has guidance, like
        `cutoff_step_ratio` of diffusers' `SDCFGCutoffCallback`; a step without costs half.
    """

    cache_interval: int = 1
    guidance_cutoff: float = 1.0

    def uses_cached_features(self, step_index: int) -> bool:
        """Whether the step at that index, counted from 0, reuses features of an earlier one."""
        # index 0 is always a full step: there is nothing to reuse yet
        return step_index % self.cache_interval != 0

    def is_guided(self, step_index: int, steps: int) -> bool:
        """Whether the step at that index of `steps` has guidance, in a clip that asks for it."""
        # early steps decide the composition, so guidance is left out at the end
        return step_index < math.ceil(self.guidance_cutoff * steps)

    def rows_left(self, request: GenerationRequest, step_index: int = 0) -> float:
        """What the steps from that index on cost together, in full rows of a forward."""
        steps, rows = steps_taken(request), rows_per_step(request)
        unguided = len(windows_for(request).starts)
        return sum(
            (rows if self.is_guided(index, steps) else unguided)
            * (CACHED_STEP_WORK if self.uses_cached_features(index) else 1.0)
            for index in range(step_index, steps)
        )


NO_SHORTCUTS: Final = Shortcuts()


def shortcuts_for(request: GenerationRequest, shortcuts: Shortcuts) -> Shortcuts:
    """The shortcuts that a request takes of those that the operator has turned on."""
    if request.endpoint is not Endpoint.STANDARD:
        return NO_SHORTCUTS
    # the features of every window of a long clip would be gigabytes
    is_whole = windows_for(request).is_whole
    return shortcuts if is_whole else replace(shortcuts, cache_interval=1)
