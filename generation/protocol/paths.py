"""Paths as people write them where no shell reads them: ``~`` and ``$HOME``."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

_VARIABLE: Final = re.compile(r"\$(\w+|\{\w+\})")


def expanded(text: str) -> str:
    """The text with a leading ``~`` and with variables replaced, as a shell does it. Raises
    ValueError for those that stand for nothing: a folder of that very name is never meant."""
    path = os.path.expanduser(os.path.expandvars(text.strip()))  # noqa: PTH111 - may be a URL
    if unknown := _VARIABLE.search(path):
        raise ValueError(f"holds {unknown[0]}, which is not set")
    if path.startswith("~"):
        raise ValueError(f"begins with {Path(path).parts[0]}, which is nobody's folder")
    return path


def _expanded(value: Any) -> Any:
    return expanded(os.fspath(value)) if isinstance(value, str | Path) and str(value) else value


ExpandedPath = Annotated[Path, BeforeValidator(_expanded)]
"""A path of a settings file, an environment variable or an option."""
