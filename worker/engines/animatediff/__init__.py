"""AnimateDiff as an engine of the worker: real models through diffusers, with a denoise loop of our own.

Importing this package needs no torch; what does is imported when it is first asked for.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from worker.engines.animatediff.catalogue import ModelSource, sources, wanted
from worker.engines.animatediff.chosen import DEFAULT_BASE, Chosen
from worker.engines.animatediff.files import FileProblem, missing_files, why_not_loadable
from worker.engines.animatediff.inventory import Holding, inventory, verify
from worker.engines.animatediff.models import ModelSet
from worker.engines.animatediff.options import Compile, EngineOptions, Residency, Shape

if TYPE_CHECKING:
    from worker.engines.animatediff.download import accept, bytes_missing, fetch, own_token, plan, unaccepted
    from worker.engines.animatediff.engine import AnimateDiffEngine

__all__ = [
    "DEFAULT_BASE",
    "AnimateDiffEngine",
    "Chosen",
    "Compile",
    "EngineOptions",
    "FileProblem",
    "Holding",
    "ModelSet",
    "ModelSource",
    "Residency",
    "Shape",
    "accept",
    "available",
    "bytes_missing",
    "fetch",
    "inventory",
    "missing_files",
    "own_token",
    "plan",
    "sources",
    "unaccepted",
    "verify",
    "wanted",
]

_LATER: Final = {
    "AnimateDiffEngine": "engine",
    **dict.fromkeys(("accept", "bytes_missing", "fetch", "own_token", "plan", "unaccepted"), "download"),
}
_LIBRARIES: Final = ("torch", "diffusers", "transformers", "accelerate", "peft", "safetensors", "huggingface_hub")


def __getattr__(name: str) -> Any:
    """Import the part that holds `name` only now."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


def available(models: ModelSet) -> str | None:
    """Why the engine cannot run here, in a sentence; None when it can. Imports none of the libraries."""
    absent = [library for library in _LIBRARIES if find_spec(library) is None]
    if absent:
        return f"The engine needs {', '.join(absent)}; install flipbook with its worker extra: flipbook[worker]."
    return why_not_loadable(models)
