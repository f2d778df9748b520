"""Builds models from single files in other programs' layouts, without asking the network."""

from pathlib import Path
from typing import Any

from diffusers import MotionAdapter
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel

from worker.engines.animatediff.models.checkpoints import (
    POSITIONS,
    TEXT_ENCODER,
    adapter_config,
    diffusers_name,
)

_OLD_PREFIX = "text_model."
_UNUSED = "position_ids"


def text_encoder_of(path: Path, *, folder: Path) -> Any:
    """The text encoder in a Stable Diffusion checkpoint of one file; its configuration is in that
    folder.

    Raises:
        ValueError: a tensor is missing.
        RuntimeError: a tensor has another shape.
    """
    encoder = CLIPTextModel(CLIPTextConfig.from_pretrained(folder, local_files_only=True))
    known = set(encoder.state_dict())
    with safe_open(path, framework="pt") as file:
        ours = {
            name.removeprefix(TEXT_ENCODER): name
            for name in file.keys()  # noqa: SIM118  (no mapping: it cannot be iterated over)
            if name.startswith(TEXT_ENCODER)
        }
        tensors = {_known_name(name, known): file.get_tensor(full) for name, full in ours.items()}
    absent = sorted(name for name in known - tensors.keys() if not name.endswith(_UNUSED))
    if absent:
        raise ValueError(f"the text encoder lacks {absent[0]}")
    encoder.load_state_dict({name: tensors[name] for name in known & tensors.keys()}, strict=False)
    return encoder


def _known_name(name: str, known: set[str]) -> str:
    # older libraries kept the layers under one more name
    return name if name in known else name.removeprefix(_OLD_PREFIX)


def motion_adapter_of(path: Path) -> Any:
    """A motion adapter from one file, in AnimateDiff's own layout or in diffusers'. A
    configuration beside it wins over what its tensors' shapes say.

    Raises:
        RuntimeError: it does not hold exactly what an adapter has.
    """
    tensors = load_file(path)
    stated, shapes = path.with_name("config.json"), {n: tuple(t.shape) for n, t in tensors.items()}
    config = MotionAdapter.load_config(stated) if stated.is_file() else adapter_config(shapes)
    adapter = MotionAdapter.from_config(config)
    named = {diffusers_name(n): t for n, t in tensors.items() if not n.endswith(POSITIONS)}
    adapter.load_state_dict(named)
    return adapter
