"""Chooses for each forward and decoding: compiled where its shape is ready, eager elsewhere.

Each shape is compiled with fixed sizes. A shape that was never compiled runs eagerly, so no clip
waits for a compiler; nor is anything compiled anew within a clip. Compiled forwards have one row or
an even number of rows, so that few shapes serve every mix of clips: an odd number is rounded up and
the last row computed twice. At three rows that is a third more work, as much as compiling gains at
most.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog
import torch

from worker.engine import Compiling
from worker.engines.animatediff.compile.attempts import CompileAttempts
from worker.engines.animatediff.compile.backend import SHAPES_AT_MOST, Compiler, share_cache
from worker.engines.animatediff.compile.beside import CompileBeside, Prepared
from worker.engines.animatediff.compile.inputs import Forward
from worker.engines.animatediff.compile.programs import Program
from worker.engines.animatediff.compile.shapes import CompileShape, DecodeShape
from worker.engines.animatediff.failures import in_short, is_device_lost, is_out_of_memory
from worker.engines.animatediff.options import ForwardShape

log = structlog.get_logger("flipbook.engine")

OFTEN: Final = 100
"""Eager forwards of a shape after which it is worth compiling."""
OFTEN_DECODED: Final = 10
"""The same for decodings, of which a clip has few."""


class CompiledForwards:
    """Which shapes are compiled, which wait for it, and which cannot be."""

    def __init__(
        self,
        compiler: Compiler | None,
        shapes: Iterable[CompileShape] = (),
        cache: Path | None = None,
        *,
        beside: CompileBeside | None = None,
    ) -> None:
        """`compiler` None runs everything eagerly. `shapes`: what to compile first. `cache`: a
        folder that keeps compiled code over restarts. `beside`: compiles into that folder first, in
        a process of its own; None compiles only here."""
        self._compiler = compiler
        self._beside = beside
        self._attempts = CompileAttempts(cache if compiler else None, version=torch.__version__)
        self._waiting = [s for s in shapes if not self._attempts.has_failed(s)] if compiler else []
        self._ready: dict[CompileShape, Forward] = {}
        self._eager_runs: Counter[CompileShape] = Counter()
        if compiler:
            share_cache(cache)

    @property
    def waiting(self) -> tuple[CompileShape, ...]:
        """What is compiled next, in order."""
        return tuple(self._waiting)

    @property
    def ready(self) -> frozenset[CompileShape]:
        """The shapes that run compiled."""
        return frozenset(self._ready)

    @property
    def state(self) -> Compiling | None:
        """How far compiling is; None where nothing is compiled."""
        if self._compiler is None:
            return None
        return Compiling(len(self._waiting), is_beside=self._beside is not None)

    def forward(self, eager: Forward, shape: CompileShape | None) -> Forward:
        """What to call for a forward or decoding of that shape: `eager`, or what was compiled of
        it. None is a shape that is never compiled."""
        # a text of several chunks has no shape of its own: too many lengths to compile
        if shape is None or self._compiler is None:
            return eager
        compiled = self._ready.get(shape)
        if compiled is None:
            self._count_eager_run(shape)
            return eager
        return self._with_fallback(eager, shape, compiled)

    def as_compiled(self, shape: ForwardShape, *, rows_at_most: int) -> ForwardShape:
        """The shape to compile in its place: with an even number of rows, within `rows_at_most`."""
        # one row stays one row: half of the work would be wasted
        even = replace(shape, rows=shape.rows + shape.rows % 2)
        if shape.rows == 1 or even.rows > rows_at_most or shape in self._ready:
            return shape
        return even

    def compile_next(self, program_of: Callable[[CompileShape], Program]) -> bool:
        """Bring the compiling of the waiting shapes one piece further; False when nothing can be
        done now.

        With a process beside, calls return at once until that has filled the cache for a shape;
        only then is it compiled here, in seconds, by running it once.
        """
        if not self._waiting or self._compiler is None:
            return False
        shape = self._waiting[0]
        if self._beside is not None:
            prepared, shape = self._beside.advance(self._waiting)
            if prepared is Prepared.BROKE:
                self._waiting.remove(shape)
                self._give_up(shape, self._beside.helper.last_words or "its process was ended")
            if prepared is not Prepared.CACHED:
                return prepared is not Prepared.NO_ROOM
        # taken out before it is compiled: one that fails is not tried again
        self._waiting.remove(shape)
        self._compile(shape, self._compiler, program_of)
        return True

    def stop_beside(self) -> bool:
        """End the process beside, whose memory is needed; False when there is none."""
        return self._beside is not None and self._beside.helper.stop()

    def close(self) -> None:
        """End the process beside for good."""
        if self._beside is not None:
            self._beside.helper.close()

    def _compile(
        self,
        shape: CompileShape,
        compiler: Compiler,
        program_of: Callable[[CompileShape], Program],
    ) -> None:
        began = time.monotonic()
        self._attempts.begin(shape)
        try:
            with torch.inference_mode():
                program = program_of(shape)
                compiled = compiler(program.function)
                program.run(compiled)
        except Exception as error:
            # compilers fail in many ways, and all but a lost device leave the eager models whole
            if is_device_lost(error):
                raise
            self._give_up(shape, in_short(error))
        else:
            self._ready[shape] = compiled
            self._attempts.succeeded()
            # many seconds beside a helper: the cache was not found, and the log shows it
            took = round(time.monotonic() - began, 1)
            log.info("compiled a shape", shape=str(shape), seconds=took)

    def _with_fallback(self, eager: Forward, shape: CompileShape, compiled: Forward) -> Forward:
        """The compiled forward, or the eager one within the same call where that breaks."""

        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                # inputs that do not fit the compiled code would be compiled now, for minutes
                with torch.compiler.set_stance("fail_on_recompile"):
                    return compiled(*args, **kwargs)
            except Exception as error:
                # the caller knows what to do about these two; eager would fail alike
                if is_device_lost(error) or is_out_of_memory(error):
                    raise
                self._give_up(shape, in_short(error))
            return eager(*args, **kwargs)

        return run

    def _count_eager_run(self, shape: CompileShape) -> None:
        self._eager_runs[shape] += 1
        often = OFTEN_DECODED if isinstance(shape, DecodeShape) else OFTEN
        # exactly once, when the count is reached: later forwards cost one comparison
        known = self._attempts.has_failed(shape) or shape in self._waiting
        if (
            self._eager_runs[shape] == often
            and not known
            and len(self._ready) + len(self._waiting) < SHAPES_AT_MOST
        ):
            self._waiting.append(shape)

    def _give_up(self, shape: CompileShape, reason: str) -> None:
        self._ready.pop(shape, None)
        self._attempts.failed(shape)
        log.warning("compiling failed; the shape runs uncompiled", shape=str(shape), reason=reason)
