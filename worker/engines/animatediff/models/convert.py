"""Makes a safetensors file of a pickle, reading tensors only: code in a pickle is never run.

python -m worker.engines.animatediff.models.convert mm_sd_v15_v2.ckpt
"""

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file


def convert(source: Path) -> Path:
    """Write the tensors of a pickle beside it, as safetensors; returns that file.

    Raises:
        pickle.UnpicklingError: it holds more than tensors and plain values, such as code.
        ValueError: it holds no tensors, or the file is there already.
    """
    target = source.with_suffix(".safetensors")
    if target == source:
        # a pickle under another name
        target = source.with_suffix(".converted.safetensors")
    if target.exists():
        raise ValueError(f"{target} is there already")
    # weights_only: torch's own unpickler, which builds tensors and refuses everything else
    found = torch.load(source, map_location="cpu", weights_only=True)
    tensors = dict(_tensors(found))
    if not tensors:
        raise ValueError(f"{source} holds no tensors")
    save_file(tensors, target, metadata={"format": "pt"})
    return target


def _tensors(found: Any) -> Mapping[str, Any]:
    nested = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    return {
        # what was trained on several GPUs at once has this before every name
        str(name).removeprefix("module."): tensor.clone().contiguous()
        for name, tensor in nested.items()
        if isinstance(tensor, torch.Tensor)
    }


def main() -> int:
    """Convert each file that is named; returns the exit code."""
    for name in sys.argv[1:]:
        try:
            print(convert(Path(name)))
        except (OSError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            print(f"{name} cannot be converted: {reason}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
