"""What lies in a models folder against what it is to hold. Asks nobody, and needs neither torch nor the hub."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.engines.animatediff.brought import Origin, origins
from worker.engines.animatediff.catalogue import NOT_NEEDED, ModelSource
from worker.engines.animatediff.files import FileProblem, problem_of


@dataclass(frozen=True, slots=True)
class Holding:
    """One model as it lies on the disk: what is wrong with its files, and how many bytes are here (parts included)."""

    source: ModelSource
    problems: tuple[FileProblem, ...]
    bytes_here: int

    @property
    def is_there(self) -> bool:
        """Whether every file can be used."""
        return not self.problems

    @property
    def state(self) -> str:
        """One word: ``there``, ``damaged`` or ``missing``."""
        if self.is_there:
            return "there"
        return "damaged" if any(problem.path.is_file() for problem in self.problems) else "missing"


def inventory(root: Path, sources: Iterable[ModelSource]) -> list[Holding]:
    """How each of these models lies there, by lengths and headers; seconds at most."""
    known = origins(root)
    return [Holding(source, tuple(_problems(root, source, known)), _bytes_here(root, source)) for source in sources]


def verify(
    root: Path, sources: Iterable[ModelSource], *, looking_at: Callable[[Path], None] = lambda _: None
) -> list[FileProblem]:
    """What is wrong with the files: by lengths and headers, and by the SHA-256 that the hub stated where it is known.

    `looking_at` is told each file before it is read.
    """
    known, problems = origins(root), []
    for source in sources:
        for path in _paths(root, source):
            looking_at(path)
            problem = _problem(root, path, source, known) or _altered(root, path, known)
            problems += [problem] if problem is not None else []
    return problems


def _paths(root: Path, source: ModelSource) -> list[Path]:
    """The files that have to be there; weights as they lie, in full or in half precision."""
    return [_as_it_lies(root / source.folder / name) for name in source.files if name not in NOT_NEEDED]


def _as_it_lies(path: Path) -> Path:
    if path.suffix != ".safetensors" or path.is_file():
        return path
    stem = path.name.removesuffix(".safetensors").removesuffix(".fp16")
    other = next((p for s in ("", ".fp16") if (p := path.with_name(f"{stem}{s}.safetensors")).is_file()), None)
    return other or path


def _problems(root: Path, source: ModelSource, known: Mapping[str, Origin]) -> list[FileProblem]:
    found = (_problem(root, path, source, known) for path in _paths(root, source))
    return [problem for problem in found if problem is not None]


def _problem(root: Path, path: Path, source: ModelSource, known: Mapping[str, Origin]) -> FileProblem | None:
    problem = problem_of(path)
    origin = known.get(path.relative_to(root).as_posix())
    if problem is None and origin is not None and origin.repo_id != source.repo_id:
        return FileProblem(path, f"belongs to {origin.repo_id}, not to {source.repo_id}; run the download to its end")
    return problem


def _altered(root: Path, path: Path, known: Mapping[str, Origin]) -> FileProblem | None:
    origin = known.get(path.relative_to(root).as_posix())
    if origin is None or origin.sha256 is None:
        return None
    with path.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == origin.sha256
    return None if same else FileProblem(path, "is not what was downloaded (its SHA-256 differs); download it again")


def _bytes_here(root: Path, source: ModelSource) -> int:
    return sum(_size(path) or sum(map(_size, path.parent.glob(f"{path.name}.*.part"))) for path in _paths(root, source))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
