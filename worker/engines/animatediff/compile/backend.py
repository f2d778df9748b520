"""`torch.compile` as the engine uses it, and the file that keeps compiled code over restarts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
import torch

from worker.engines.animatediff.compile.inputs import Forward

log = structlog.get_logger("flipbook.engine")

SHAPES_AT_MOST: Final = 16
"""Shapes to compile: each takes minutes once, and memory until the process ends."""

Compiler = Callable[[Any], Forward]
"""Makes a compiled forward of a UNet; compiling itself happens at the first run of it."""


def torch_compiler(backend: str = "inductor", *, cuda_graphs: bool = False) -> Compiler:
    """`torch.compile` with fixed sizes and no graph breaks."""
    # two UNets share the code object, and torch counts recompilations by code object
    torch._dynamo.config.recompile_limit = 2 * SHAPES_AT_MOST  # noqa: SLF001  (the documented name of that setting)
    # only inductor knows modes
    mode = "reduce-overhead" if cuda_graphs and backend == "inductor" else None

    def compiled(unet: Any) -> Forward:
        forward: Forward = torch.compile(
            unet, fullgraph=True, dynamic=False, backend=backend, mode=mode
        )
        return forward

    return compiled


def load_cache(path: Path | None) -> None:
    """Load compiled code of earlier runs; torch itself skips a damaged file, with a warning."""
    if path is not None and path.is_file():
        torch.compiler.load_cache_artifacts(path.read_bytes())


def save_cache(path: Path | None) -> None:
    """Keep what is compiled so far; a file that cannot be written is logged, not raised."""
    # None where nothing that can be kept was compiled, as with the eager backend
    saved = torch.compiler.save_cache_artifacts() if path is not None else None
    if path is None or saved is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # written beside and renamed: a crash half way leaves the old file
        part = path.with_suffix(".part")
        part.write_bytes(saved[0])
        part.replace(path)
    except OSError as error:
        log.warning("compiled code was not kept for the next start", reason=error.strerror)
