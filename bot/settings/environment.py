"""What other parts may know of the environment beside the settings, and what a child process
gets."""

import os
import re
from collections.abc import Iterable
from typing import Final

_FOR_WORKERS: Final = re.compile(
    # the worker's own settings, and where its data is; its key is always handed over as such
    r"FLIPBOOK_(WORKER|LOG)_(?!KEY_FILE)\w+|FLIPBOOK_(DATA_DIR|MODELS)"
    # the system: programs, libraries, certificates, folders, language, time
    r"|PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_\w+|XDG_\w+|VIRTUAL_ENV"
    r"|LD_\w+|SSL_CERT_(FILE|DIR)|PYTHON\w+|MALLOC_\w+|COVERAGE_\w+"
    # the device, torch, and the compilers that it calls
    r"|(CUDA|NVIDIA|NCCL|CUDNN|CUBLAS|HIP|ROCM|ROCR|HSA|GPU|MIOPEN)_\w+"
    r"|(PYTORCH|TORCH|TORCHINDUCTOR|TRITON|OMP|MKL|KMP|OPENBLAS|NUMEXPR)_\w+"
    r"|CC|CXX|CFLAGS|CXXFLAGS|CPATH|(C|CPLUS)_INCLUDE_PATH|LIBRARY_PATH"
    # not HF_TOKEN, nor proxies, whose addresses may hold passwords: a running worker downloads
    # nothing
    r"|HF_(HOME|HUB_\w*|DATASETS_\w*)"
)
"""Variables that a child process inherits; all others may be secrets."""


def values_in_environment(variables: Iterable[str]) -> dict[str, str]:
    """Those of the variables that the environment itself sets; ``.env`` is not read."""
    return {name: value for name in variables if (value := os.environ.get(name, "").strip())}


def environment_names() -> list[str]:
    """The names that the environment sets."""
    return list(os.environ)


def child_environment(**changes: str | None) -> dict[str, str]:
    """The environment for a worker in a child process: what :data:`_FOR_WORKERS` lets through of
    this one's, with some variables set, and without those whose change is None. No token of a chat,
    no key and no password of this process is in it."""
    environment = {
        name: value for name, value in os.environ.items() if _FOR_WORKERS.fullmatch(name)
    }
    environment |= {name: value for name, value in changes.items() if value is not None}
    return {
        name: value for name, value in environment.items() if changes.get(name, value) is not None
    }
