"""`torch.compile` for the shapes that are served: eager until a shape is ready, eager again where compiling fails.

Each shape is compiled with fixed sizes. One that was never compiled runs eagerly, so no member waits for a compiler.
Compiled forwards have one row or an even number of them, so that few shapes serve every mix of clips: an odd number is
rounded up and the last row computed twice. A third more work, at three rows, is what compiling gains at most.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from worker.engines.animatediff.failures import is_device_lost, is_out_of_memory
from worker.engines.animatediff.options import Shape

log = logging.getLogger(__name__)

SHAPES_AT_MOST: Final = 16
"""Compiled shapes; each costs minutes once and memory for good."""
OFTEN: Final = 100
"""Eager forwards of a shape after which it is worth compiling."""

Tensor = Any
Forward = Callable[..., Any]
Compiler = Callable[[Any], Forward]


@dataclass(frozen=True, slots=True)
class ForwardInputs:
    """What a forward takes: sample (rows, 4, frames, h, w), timesteps (rows,), text (rows × frames, tokens, width)."""

    sample: Tensor
    timesteps: Tensor
    text: Tensor

    @classmethod
    def of_shape(cls, shape: Shape, unet: Any, *, text_width: int) -> "ForwardInputs":
        """Zeros of that shape, on the UNet's device and in its dtype: to compile or to measure with."""
        like = {"device": unet.device, "dtype": unet.dtype}
        return cls(
            torch.zeros(shape.rows, 4, shape.frames, shape.height // 8, shape.width // 8, **like),
            torch.full((shape.rows,), 500.0, device=unet.device),
            torch.zeros(shape.rows * shape.frames, 77, text_width, **like),
        )

    def run(self, forward: Forward) -> Tensor:
        """The predicted noise, shaped as the sample; always called alike, for compiled code is bound to that."""
        return forward(self.sample, self.timesteps, encoder_hidden_states=self.text, return_dict=False)[0]


def torch_compiler(backend: str = "inductor", *, cuda_graphs: bool = False) -> Compiler:
    """`torch.compile` with fixed sizes and no graph breaks."""
    torch._dynamo.config.recompile_limit = 2 * SHAPES_AT_MOST  # noqa: SLF001  (the documented name of that setting)
    mode = "reduce-overhead" if cuda_graphs and backend == "inductor" else None

    def compiled(unet: Any) -> Forward:
        forward: Forward = torch.compile(unet, fullgraph=True, dynamic=False, backend=backend, mode=mode)
        return forward

    return compiled


class CompiledForwards:
    """Which shapes are compiled, which wait for it, and which cannot be."""

    def __init__(self, compiler: Compiler | None, wanted: Iterable[Shape] = (), cache: Path | None = None) -> None:
        """`compiler` None runs everything eagerly. `cache` is a file that keeps compiled code over restarts."""
        self._compiler = compiler
        self._waiting = list(wanted) if compiler else []
        self._ready: dict[Shape, Forward] = {}
        self._failed: set[Shape] = set()
        self._eager: Counter[Shape] = Counter()
        self._cache = cache
        if compiler:
            _load_cache(cache)

    @property
    def waiting(self) -> tuple[Shape, ...]:
        """What is to be compiled next, in order."""
        return tuple(self._waiting)

    @property
    def ready(self) -> frozenset[Shape]:
        """The shapes that run compiled."""
        return frozenset(self._ready)

    def forward(self, unet: Any, shape: Shape | None) -> Forward:
        """What to call for a forward of that shape; None stands for one that is never compiled."""
        if shape is None or self._compiler is None:
            return unet  # type: ignore[no-any-return]
        fast = self._ready.get(shape)
        if fast is None:
            self._count(shape)
            return unet  # type: ignore[no-any-return]
        return self._guarded(unet, shape, fast)

    def as_compiled(self, shape: Shape, *, rows_at_most: int) -> Shape:
        """The shape to compile in its place: with an even number of rows, where so many are allowed."""
        even = replace(shape, rows=shape.rows + shape.rows % 2)
        if shape.rows == 1 or even.rows > rows_at_most or shape in self._ready:
            return shape
        return even

    def compile_next(self, unet_of: Callable[[Shape], Any], *, text_width: int) -> bool:
        """Compile the shape that has waited longest, by running it once; whether there was one."""
        if not self._waiting or self._compiler is None:
            return False
        shape = self._waiting.pop(0)
        try:
            unet = unet_of(shape)
            fast = self._compiler(unet)
            with torch.inference_mode():
                ForwardInputs.of_shape(shape, unet, text_width=text_width).run(fast)
        except Exception as error:
            if is_device_lost(error):
                raise
            self._give_up(shape, error)
        else:
            self._ready[shape] = fast
            _save_cache(self._cache)
            log.info("Compiled %s.", shape)
        return True

    def _guarded(self, unet: Any, shape: Shape, fast: Forward) -> Forward:
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return fast(*args, **kwargs)
            except Exception as error:
                if is_device_lost(error) or is_out_of_memory(error):
                    raise
                self._give_up(shape, error)
            return unet(*args, **kwargs)

        return run

    def _count(self, shape: Shape) -> None:
        self._eager[shape] += 1
        known = shape in self._failed or shape in self._waiting
        if self._eager[shape] == OFTEN and not known and len(self._ready) + len(self._waiting) < SHAPES_AT_MOST:
            self._waiting.append(shape)

    def _give_up(self, shape: Shape, error: Exception) -> None:
        self._ready.pop(shape, None)
        self._failed.add(shape)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        log.warning("Compiling %s failed (%s); it runs uncompiled.", shape, reason)


def _load_cache(path: Path | None) -> None:
    """Torch itself passes over a damaged file, with a warning."""
    if path is not None and path.is_file():
        torch.compiler.load_cache_artifacts(path.read_bytes())


def _save_cache(path: Path | None) -> None:
    saved = torch.compiler.save_cache_artifacts() if path is not None else None
    if path is None or saved is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(saved[0])
        part.replace(path)
    except OSError as error:
        log.warning("Compiled code was not kept for the next start (%s).", error.strerror)
