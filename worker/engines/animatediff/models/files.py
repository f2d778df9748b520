"""Checks model files before anything is loaded, so that a start without network names the bad file.

The libraries that load the models say "we couldn't connect" for a missing folder and "unable to
load weights" for a truncated file. Needs no torch: a safetensors file states its own length in its
header.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from worker.engines.animatediff.models.model_set import TURBO_LORA, WEIGHTS, ModelSet

MAX_HEADER_BYTES: Final = 100_000_000
"""The longest header that the safetensors format allows."""
DOWNLOAD_ADVICE: Final = (
    "Run `flipbook worker models download` to download the models; `flipbook worker "
    "models` says what is there."
)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One model file that cannot be used, and why."""

    path: Path
    reason: str

    @property
    def sentence(self) -> str:
        """The problem for people: the whole path and what is wrong."""
        return f"The model file {self.path} {self.reason}."


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """What a safetensors header states about one tensor."""

    shape: tuple[int, ...]
    end: int
    """Offset of its end, in bytes from the end of the header."""


class DamagedFile(Exception):
    """A model file cannot be used; the message completes "The model file … "."""


def missing_files(models: ModelSet) -> list[FileProblem]:
    """Every file of the set that is missing, truncated or of another kind, in loading order."""
    return [problem for path in required_files(models) if (problem := problem_of(path)) is not None]


def why_not_loadable(models: ModelSet) -> str | None:
    """One sentence about the first bad file, how many more there are and what to do; None when all
    can be loaded."""
    problems = missing_files(models)
    if not problems:
        return None
    more = f" {len(problems) - 1} more are missing or damaged." if len(problems) > 1 else ""
    return f"{problems[0].sentence}{more} {DOWNLOAD_ADVICE}"


def required_files(models: ModelSet) -> Iterator[Path]:
    """Every file that loading this set opens."""
    yield from (
        models.base / "tokenizer" / name
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json")
    )
    yield from _model_files(models.base / "text_encoder", "model")
    yield from _model_files(models.base / "unet", WEIGHTS)
    yield from _model_files(models.base / "vae", WEIGHTS)
    yield from _model_files(models.motion_adapter, WEIGHTS)
    if models.turbo is not None:
        yield from _model_files(models.turbo, WEIGHTS)
        yield models.turbo / TURBO_LORA
    yield from (weights_file(folder, WEIGHTS) for folder in models.motion_loras.values())
    if models.taesd is not None:
        yield from _model_files(models.taesd, WEIGHTS)
    if models.safety_checker is not None:
        yield from _model_files(models.safety_checker, "model")


def weights_file(folder: Path, stem: str) -> Path:
    """The weights in a folder: the plain name, or the half-precision file if only that exists."""
    plain = folder / f"{stem}.safetensors"
    # full precision where there is a choice: it is rounded only once, to the engine's dtype
    half = folder / f"{stem}.fp16.safetensors"
    return half if half.is_file() and not plain.is_file() else plain


def variant_of(folder: Path, stem: str) -> str | None:
    """The `variant` argument for diffusers: ``fp16`` or None."""
    return "fp16" if weights_file(folder, stem).name.endswith(".fp16.safetensors") else None


def _model_files(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / "config.json"
    yield weights_file(folder, stem)


def problem_of(path: Path) -> FileProblem | None:
    """What is wrong with one file; None when it can be loaded."""
    try:
        if not path.is_file():
            raise DamagedFile(_missing(path))
        if path.suffix == ".safetensors":
            check_safetensors(path)
        elif path.suffix == ".json":
            _check_json(path)
    except DamagedFile as damaged:
        return FileProblem(path, str(damaged))
    except OSError as error:
        return FileProblem(path, f"cannot be read ({error.strerror})")
    return None


def _missing(path: Path) -> str:
    # say that a pickle is there: an operator may think that the model is complete
    pickles = [
        path.with_name(path.name.replace(".safetensors", suffix))
        for suffix in (".bin", ".ckpt", ".pt")
    ]
    pickles.append(path.with_name("pytorch_model.bin"))
    if path.suffix == ".safetensors" and any(p.is_file() for p in pickles):
        return (
            "is missing; beside it lies only a pickle, which is never opened because a "
            "pickle can run code"
        )
    return "is missing"


def _check_json(path: Path) -> None:
    try:
        json.loads(path.read_bytes())
    except ValueError as error:
        raise DamagedFile("is not JSON; it was damaged or cut off in downloading") from error


def check_safetensors(path: Path) -> Mapping[str, TensorEntry]:
    """Read a safetensors header and compare it with the file's length; check a LoRA's ranks.

    Raises:
        DamagedFile: truncated, too long, not safetensors, or a LoRA whose pairs do not match.
    """
    size = path.stat().st_size
    # only the header is read: the weights are gigabytes
    entries, data_begins = _read_header(path, size)
    # tensors need not be in order, so the last byte is the largest end
    announced = data_begins + max((entry.end for entry in entries.values()), default=0)
    if size < announced:
        raise DamagedFile(f"is cut off: it has {size:,} of {announced:,} bytes; download it again")
    if size > announced:
        raise DamagedFile(
            f"has {size - announced:,} bytes more than its header announces; download it again"
        )
    check_lora_ranks(entries)
    return entries


def _read_header(path: Path, size: int) -> tuple[dict[str, TensorEntry], int]:
    with path.open("rb") as file:
        # the format: 8 bytes with the header's length, the header as JSON, the tensors' bytes
        length = int.from_bytes(file.read(8), "little")
        # a web page read as a length is astronomically large
        if size < 8 or length > MAX_HEADER_BYTES:
            raise DamagedFile("is not a safetensors file")
        if size < 8 + length:
            raise DamagedFile(
                f"is cut off within its header: it has {size:,} bytes; download it again"
            )
        raw = file.read(length)
    try:
        header = json.loads(raw)
        entries = {name: _entry(value) for name, value in header.items() if name != "__metadata__"}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise DamagedFile("is not a safetensors file") from error
    return entries, 8 + length


def _entry(value: dict[str, list[int]]) -> TensorEntry:
    _, end = value["data_offsets"]
    return TensorEntry(shape=tuple(value["shape"]), end=int(end))


def check_lora_ranks(entries: Mapping[str, TensorEntry]) -> None:
    """Raise :class:`DamagedFile` for a LoRA pair of which one half is missing or has another
    rank."""
    for name, up in entries.items():
        if not name.endswith(UP_ENDINGS):
            continue
        down = entries.get(down_name(name))
        if down is None:
            raise DamagedFile(f"has no other half for {name}; it is not a complete LoRA")
        if up.shape[1] != down.shape[0]:
            raise DamagedFile(
                f"is a LoRA whose ranks disagree at {name}: {up.shape[1]} and {down.shape[0]}"
            )


UP_ENDINGS: Final = ("_lora.up.weight", ".lora_up.weight")
"""The ends of a LoRA pair's up names: diffusers' and kohya's."""


def down_name(up_name: str) -> str:
    """The name of the down matrix that belongs to an up matrix."""
    return up_name.replace("_lora.up.", "_lora.down.").replace(".lora_up.", ".lora_down.")
