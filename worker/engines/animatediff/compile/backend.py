"""`torch.compile` as the engine uses it, and the folder that keeps compiled code over restarts."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch

from worker.engines.animatediff.compile.inputs import Forward

SHAPES_AT_MOST: Final = 16
"""Shapes to compile: each takes minutes once, and memory until the process ends."""

Compiler = Callable[[Any], Forward]
"""Makes a compiled forward of a model or function; compiling itself happens at the first run of
it."""


def torch_compiler(backend: str = "inductor", *, cuda_graphs: bool = False) -> Compiler:
    """`torch.compile` with fixed sizes and no graph breaks."""
    # two UNets share the code object, and torch counts recompilations by code object
    torch._dynamo.config.recompile_limit = 2 * SHAPES_AT_MOST  # noqa: SLF001  (the documented name of that setting)
    # only inductor knows modes
    mode = "reduce-overhead" if cuda_graphs and backend == "inductor" else None

    def compiled(function: Any) -> Forward:
        forward: Forward = torch.compile(
            function, fullgraph=True, dynamic=False, backend=backend, mode=mode
        )
        return forward

    return compiled


def share_cache(folder: Path | None) -> None:
    """Let torch keep compiled code in that folder, from where the helper and later starts take it;
    None leaves torch its own."""
    if folder is not None:
        # the only way to tell torch and Triton; a process that is started now takes it over
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder.absolute())
