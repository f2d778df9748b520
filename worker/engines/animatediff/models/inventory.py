"""Compares a models folder with what it should hold. Needs neither the network nor torch."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.engines.animatediff.models.catalogue import NOT_NEEDED, ModelSource
from worker.engines.animatediff.models.files import FileProblem, problem_of
from worker.engines.animatediff.models.provenance import Provenance, read_provenance


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """One model's files on the disk and what is wrong with them.

    bytes_here: their size, unfinished downloads included.
    """

    source: ModelSource
    problems: tuple[FileProblem, ...]
    bytes_here: int

    @property
    def is_complete(self) -> bool:
        """Whether every file can be used."""
        return not self.problems

    @property
    def state(self) -> str:
        """One word: ``there``, ``damaged`` or ``missing``."""
        if self.is_complete:
            return "there"
        return "damaged" if any(problem.path.is_file() for problem in self.problems) else "missing"


def inventory(root: Path, sources: Iterable[ModelSource]) -> list[ModelFiles]:
    """The files of each of these models, checked by length and header; takes seconds at most."""
    known = read_provenance(root)
    return [
        ModelFiles(source, tuple(_problems(root, source, known)), _bytes_here(root, source))
        for source in sources
    ]


def verify(
    root: Path,
    sources: Iterable[ModelSource],
    *,
    on_file: Callable[[Path], None] = lambda _: None,
) -> list[FileProblem]:
    """What is wrong with the files, by length, header and, where it is known, the hub's SHA-256.

    on_file: called with each file before it is read, which may take a minute.
    """
    known, problems = read_provenance(root), []
    for source in sources:
        for path in _paths(root, source):
            on_file(path)
            problem = _problem(root, path, source, known) or _altered(root, path, known)
            problems += [problem] if problem is not None else []
    return problems


def _paths(root: Path, source: ModelSource) -> list[Path]:
    """The files that are needed; weights in full or in half precision, as they are on the disk."""
    return [
        _existing_precision(root / source.folder / name)
        for name in source.files
        if name not in NOT_NEEDED
    ]


def _existing_precision(path: Path) -> Path:
    if path.suffix != ".safetensors" or path.is_file():
        return path
    # the catalogue names one precision; the other one by hand is just as good
    stem = path.name.removesuffix(".safetensors").removesuffix(".fp16")
    other = next(
        (p for s in ("", ".fp16") if (p := path.with_name(f"{stem}{s}.safetensors")).is_file()),
        None,
    )
    return other or path


def _problems(
    root: Path, source: ModelSource, known: Mapping[str, Provenance]
) -> list[FileProblem]:
    found = (_problem(root, path, source, known) for path in _paths(root, source))
    return [problem for problem in found if problem is not None]


def _problem(
    root: Path, path: Path, source: ModelSource, known: Mapping[str, Provenance]
) -> FileProblem | None:
    problem = problem_of(path)
    origin = known.get(path.relative_to(root).as_posix())
    # another base in the same folder: whole files, but the wrong model
    if problem is None and origin is not None and origin.repo_id != source.repo_id:
        return FileProblem(
            path,
            f"belongs to {origin.repo_id}, not to {source.repo_id}; run the download to its end",
        )
    return problem


def _altered(root: Path, path: Path, known: Mapping[str, Provenance]) -> FileProblem | None:
    origin = known.get(path.relative_to(root).as_posix())
    if origin is None or origin.sha256 is None:
        return None
    with path.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == origin.sha256
    return (
        None
        if same
        else FileProblem(
            path, "is not what was downloaded (its SHA-256 differs); download it again"
        )
    )


def _bytes_here(root: Path, source: ModelSource) -> int:
    return sum(
        # unfinished downloads have the content's tag in their name
        _size(path) or sum(map(_size, path.parent.glob(f"{path.name}.*.part")))
        for path in _paths(root, source)
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
