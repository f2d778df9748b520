"""Checks model files before anything is loaded, so that a start without network names the bad file.

The libraries that load the models say "we couldn't connect" for a missing folder and "unable to
load weights" for a truncated file. Needs no torch: a safetensors file states its own length in its
header.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from worker.engines.animatediff.models.checkpoints import why_not_sd15
from worker.engines.animatediff.models.model_set import TURBO_LORA, WEIGHTS, ModelSet

_PICKLES: Final = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"PK\x03\x04")
"""How pickles begin, and the archives in which torch keeps them."""
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
    return [*_problems(required_files(models)), *_wrong_base(models)]


def usable(models: ModelSet) -> tuple[ModelSet, list[FileProblem]]:
    """The set without the models of which a file cannot be used, and what is wrong with those.

    A wrong file stops its model and not the worker; only the base is needed by all, and the safety
    checker is never left out.
    """
    adapter, turbo, taesd = models.motion_adapter, models.turbo, models.taesd
    wrong_adapter = [] if adapter is None else _problems(adapter_files(adapter))
    wrong_turbo = [] if turbo is None else _problems(turbo_files(turbo))
    wrong_taesd = [] if taesd is None else _problems(_model_files(taesd, WEIGHTS))
    wrong_loras = {m: _problems([weights_file(f, WEIGHTS)]) for m, f in models.motion_loras.items()}
    kept = replace(
        models,
        motion_adapter=None if wrong_adapter else adapter,
        turbo=None if wrong_turbo else turbo,
        taesd=None if wrong_taesd else taesd,
        motion_loras={m: f for m, f in models.motion_loras.items() if not wrong_loras[m]},
    )
    all_wrong = (wrong_adapter, wrong_turbo, wrong_taesd, *wrong_loras.values())
    return kept, [problem for problems in all_wrong for problem in problems]


def why_not_loadable(models: ModelSet) -> str | None:
    """One sentence about the first bad file, how many more there are and what to do; None when at
    least one endpoint can be served."""
    kept, _ = usable(models)
    if kept.endpoints and not missing_files(kept):
        return None
    problems = missing_files(models)
    if not problems:
        return "This set of models holds none that moves: neither a motion adapter nor turbo's."
    more = f" {len(problems) - 1} more are missing or damaged." if len(problems) > 1 else ""
    return f"{problems[0].sentence}{more} {DOWNLOAD_ADVICE}"


def required_files(models: ModelSet) -> Iterator[Path]:
    """Every file that loading this set opens."""
    yield from base_files(models)
    if models.motion_adapter is not None:
        yield from adapter_files(models.motion_adapter)
    if models.turbo is not None:
        yield from turbo_files(models.turbo)
    yield from (weights_file(folder, WEIGHTS) for folder in models.motion_loras.values())
    if models.taesd is not None:
        yield from _model_files(models.taesd, WEIGHTS)
    if models.safety_checker is not None:
        yield from _model_files(models.safety_checker, "model")


def base_files(models: ModelSet) -> Iterator[Path]:
    """The files without which nothing can be rendered."""
    yield from (
        models.names / "tokenizer" / name
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json")
    )
    if models.has_single_file:
        yield from (models.names / part / "config.json" for part in ("text_encoder", "unet", "vae"))
        yield models.base
    else:
        yield from _model_files(models.base / "text_encoder", "model")
        yield from _model_files(models.base / "unet", WEIGHTS)
    if models.vae is None and not models.has_single_file:
        yield from _model_files(models.base / "vae", WEIGHTS)
    elif models.vae is not None:
        yield from [models.vae] if is_file_name(models.vae) else _model_files(models.vae, WEIGHTS)


def adapter_files(folder: Path) -> Iterator[Path]:
    """A motion adapter's files; one in AnimateDiff's own layout needs no configuration."""
    weights = weights_file(folder, WEIGHTS)
    if weights.name.startswith(WEIGHTS):
        yield folder / "config.json"
    yield weights


def turbo_files(folder: Path) -> Iterator[Path]:
    """The files of the turbo endpoint's model."""
    yield from adapter_files(folder)
    yield folder / TURBO_LORA


def is_file_name(path: Path) -> bool:
    """Whether that names a file of weights, and not a folder."""
    return path.suffix == ".safetensors"


def weights_file(folder: Path, stem: str) -> Path:
    """The weights in a folder: the plain name, the half-precision file if only that exists, or the
    one safetensors file there is, under whatever name it was shared."""
    plain = folder / f"{stem}.safetensors"
    # full precision where there is a choice: it is rounded only once, to the engine's dtype
    known = next((p for p in (plain, folder / f"{stem}.fp16.safetensors") if p.is_file()), None)
    if known is not None:
        return known
    others = [path for path in folder.glob("*.safetensors") if path.name != TURBO_LORA]
    return others[0] if len(others) == 1 else plain


def variant_of(folder: Path, stem: str) -> str | None:
    """The `variant` argument for diffusers: ``fp16`` or None."""
    return "fp16" if weights_file(folder, stem).name.endswith(".fp16.safetensors") else None


def _problems(paths: Iterable[Path]) -> list[FileProblem]:
    return [problem for path in paths if (problem := problem_of(path)) is not None]


def _wrong_base(models: ModelSet) -> Iterator[FileProblem]:
    """What is wrong with an intact single file: that it is another kind of checkpoint."""
    if not models.has_single_file or problem_of(models.base) is not None:
        return
    needs_decoder = models.vae is None and models.taesd is None
    reason = why_not_sd15(shapes_of(models.base), needs_decoder=needs_decoder)
    if reason is not None:
        yield FileProblem(models.base, reason)


def shapes_of(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in an intact safetensors file, by name."""
    return {name: entry.shape for name, entry in check_safetensors(path).items()}


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
    pickles += [p for end in ("ckpt", "pt", "pth") for p in sorted(path.parent.glob(f"*.{end}"))]
    if path.suffix == ".safetensors" and any(p.is_file() for p in pickles):
        pickle = next(p for p in pickles if p.is_file())
        return (
            "is missing; beside it lies only a pickle, which is never opened because a "
            f"pickle can run code. {_conversion(pickle)}"
        )
    return "is missing"


def _conversion(pickle: Path) -> str:
    return (
        f"`python -m worker.engines.animatediff.models.convert {pickle.name}` there makes a "
        "safetensors file of it, and reads numbers only"
    )


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
        first = file.read(8)
        length = int.from_bytes(first, "little")
        # a web page or a pickle read as a length is astronomically large. Asked first, because the
        # length of an intact header may be written with the bytes that a pickle begins with
        if size < 8 or length > MAX_HEADER_BYTES:
            if first.startswith(_PICKLES):
                raise DamagedFile(f"is a pickle under another name. {_conversion(path)}")
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
        # slices: a stranger's file may state shapes of any length
        if len(down.shape) < 2 or up.shape[1:2] != down.shape[:1]:
            raise DamagedFile(
                f"is a LoRA whose ranks disagree at {name}: its halves are {up.shape} and "
                f"{down.shape}"
            )


UP_ENDINGS: Final = ("_lora.up.weight", ".lora_up.weight")
"""The ends of a LoRA pair's up names: diffusers' and kohya's."""


def down_name(up_name: str) -> str:
    """The name of the down matrix that belongs to an up matrix."""
    return up_name.replace("_lora.up.", "_lora.down.").replace(".lora_up.", ".lora_down.")
