"""Chooses for each forward: compiled where its shape is ready, eager elsewhere.

Each shape is compiled with fixed sizes. A shape that was never compiled runs eagerly, so no clip
waits for a compiler. Compiled forwards have one row or an even number of rows, so that few shapes
serve every mix of clips: an odd number is rounded up and the last row computed twice. At three rows
that is a third more work, as much as compiling gains at most.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog
import torch

from worker.engines.animatediff.compile.backend import (
    SHAPES_AT_MOST,
    Compiler,
    load_cache,
    save_cache,
)
from worker.engines.animatediff.compile.inputs import Forward, ForwardInputs
from worker.engines.animatediff.failures import first_line, is_device_lost, is_out_of_memory
from worker.engines.animatediff.options import ForwardShape

log = structlog.get_logger("flipbook.engine")

OFTEN: Final = 100
"""Eager forwards of a shape after which it is worth compiling."""


class CompiledForwards:
    """Which shapes are compiled, which wait for it, and which cannot be."""

    def __init__(
        self,
        compiler: Compiler | None,
        shapes: Iterable[ForwardShape] = (),
        cache: Path | None = None,
    ) -> None:
        """`compiler` None runs everything eagerly. `shapes`: what to compile first. `cache`: a file
        that keeps compiled code over restarts."""
        self._compiler = compiler
        self._waiting = list(shapes) if compiler else []
        self._ready: dict[ForwardShape, Forward] = {}
        self._failed: set[ForwardShape] = set()
        self._eager_runs: Counter[ForwardShape] = Counter()
        self._cache = cache
        if compiler:
            load_cache(cache)

    @property
    def waiting(self) -> tuple[ForwardShape, ...]:
        """What is compiled next, in order."""
        return tuple(self._waiting)

    @property
    def ready(self) -> frozenset[ForwardShape]:
        """The shapes that run compiled."""
        return frozenset(self._ready)

    def forward(self, unet: Any, shape: ForwardShape | None) -> Forward:
        """What to call for a forward of that shape; None is a shape that is never compiled."""
        # a text of several chunks has no shape of its own: too many lengths to compile
        if shape is None or self._compiler is None:
            return unet  # type: ignore[no-any-return]
        compiled = self._ready.get(shape)
        if compiled is None:
            self._count_eager_run(shape)
            return unet  # type: ignore[no-any-return]
        return self._with_fallback(unet, shape, compiled)

    def as_compiled(self, shape: ForwardShape, *, rows_at_most: int) -> ForwardShape:
        """The shape to compile in its place: with an even number of rows, within `rows_at_most`."""
        # one row stays one row: half of the work would be wasted
        even = replace(shape, rows=shape.rows + shape.rows % 2)
        if shape.rows == 1 or even.rows > rows_at_most or shape in self._ready:
            return shape
        return even

    def compile_next(self, unet_of: Callable[[ForwardShape], Any], *, text_width: int) -> bool:
        """Compile the shape that has waited longest, by running it once; False when none waits."""
        if not self._waiting or self._compiler is None:
            return False
        # taken out before it is compiled: one that fails is not tried again
        shape = self._waiting.pop(0)
        try:
            unet = unet_of(shape)
            compiled = self._compiler(unet)
            with torch.inference_mode():
                ForwardInputs.of_shape(shape, unet, text_width=text_width).run(compiled)
        except Exception as error:
            # compilers fail in many ways, and all but a lost device leave the eager UNet whole
            if is_device_lost(error):
                raise
            self._give_up(shape, error)
        else:
            self._ready[shape] = compiled
            save_cache(self._cache)
            log.info("compiled a shape", shape=str(shape))
        return True

    def _with_fallback(self, unet: Any, shape: ForwardShape, compiled: Forward) -> Forward:
        """The compiled forward, or the eager one within the same call where that breaks."""

        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return compiled(*args, **kwargs)
            except Exception as error:
                # the caller knows what to do about these two; eager would fail alike
                if is_device_lost(error) or is_out_of_memory(error):
                    raise
                self._give_up(shape, error)
            return unet(*args, **kwargs)

        return run

    def _count_eager_run(self, shape: ForwardShape) -> None:
        self._eager_runs[shape] += 1
        # exactly once, when the count is reached: later forwards cost one comparison
        known = shape in self._failed or shape in self._waiting
        if (
            self._eager_runs[shape] == OFTEN
            and not known
            and len(self._ready) + len(self._waiting) < SHAPES_AT_MOST
        ):
            self._waiting.append(shape)

    def _give_up(self, shape: ForwardShape, error: Exception) -> None:
        self._ready.pop(shape, None)
        self._failed.add(shape)
        log.warning(
            "compiling failed; the shape runs uncompiled",
            shape=str(shape),
            reason=first_line(error),
        )
