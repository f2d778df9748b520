"""AnimateDiff as an engine of the worker: real models through diffusers, with its own denoise loop.

Importing this package needs no torch: names that need it are imported at their first use.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from generation import how_to_install
from worker.engines.animatediff.models.catalogue import ModelSource, selected_sources, sources
from worker.engines.animatediff.models.files import FileProblem, missing_files, why_not_loadable
from worker.engines.animatediff.models.inventory import ModelFiles, inventory, verify
from worker.engines.animatediff.models.model_set import ModelSet
from worker.engines.animatediff.models.selection import DEFAULT_BASE, ModelSelection
from worker.engines.animatediff.options import Compile, EngineOptions, ForwardShape, Residency

if TYPE_CHECKING:
    from worker.engines.animatediff.engine import AnimateDiffEngine
    from worker.engines.animatediff.models.download import (
        accept,
        bytes_missing,
        fetch,
        hub_token,
        plan,
        unaccepted,
    )

__all__ = [
    "DEFAULT_BASE",
    "AnimateDiffEngine",
    "Compile",
    "EngineOptions",
    "FileProblem",
    "ForwardShape",
    "ModelFiles",
    "ModelSelection",
    "ModelSet",
    "ModelSource",
    "Residency",
    "accept",
    "available",
    "bytes_missing",
    "fetch",
    "hub_token",
    "inventory",
    "missing_files",
    "plan",
    "selected_sources",
    "sources",
    "unaccepted",
    "verify",
]

_IMPORTED_LATE: Final = {
    "AnimateDiffEngine": "engine",
    **dict.fromkeys(
        ("accept", "bytes_missing", "fetch", "hub_token", "plan", "unaccepted"), "models.download"
    ),
}
_LIBRARIES: Final = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "peft",
    "safetensors",
    "huggingface_hub",
)


def __getattr__(name: str) -> Any:
    """Import the module that defines `name` at the first use of it."""
    if name not in _IMPORTED_LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_IMPORTED_LATE[name]}"), name)


def available(models: ModelSet) -> str | None:
    """Why the engine cannot run here, in a sentence; None when it can."""
    # find_spec finds the libraries without the seconds that importing them takes
    # all of them at once: one sentence says all that is to be installed
    absent = [library for library in _LIBRARIES if find_spec(library) is None]
    if absent:
        return (
            f"The engine needs {', '.join(absent)}. Run `make worker` in Flipbook's folder, or "
            f"{how_to_install('worker')}."
        )
    return why_not_loadable(models)
