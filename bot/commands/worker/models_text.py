"""Every text of ``flipbook worker models``."""

import shutil
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from generation import how_to_install
from worker.engines.animatediff.models.catalogue import OPENRAIL, ModelSource
from worker.engines.animatediff.models.files import FileProblem
from worker.engines.animatediff.models.inventory import ModelFiles
from worker.engines.animatediff.models.revisions import read_revisions

_OPENRAIL_NOTE = (
    "CreativeML OpenRAIL-M restricts what its pictures may be made for, and asks that these "
    "restrictions are passed on to whoever uses it: tell your members."
)


def list_lines(root: Path, holdings: Sequence[ModelFiles], wanted: set[str]) -> list[str]:
    """The table, each problem, and what to do next."""
    lines = [f"Models of the AnimateDiff engine, in {root}", ""]
    for holding in holdings:
        lines += _lines_of(holding, is_wanted=holding.source.name in wanted)
    return [*lines, "", *_advice(root, [h for h in holdings if h.source.name in wanted])]


def _lines_of(holding: ModelFiles, *, is_wanted: bool) -> list[str]:
    source = holding.source
    state = holding.state if is_wanted or holding.is_complete else "not chosen"
    head = f"  {source.name:<17} {state:<10} {_size(holding):>17}  {source.purpose}"
    lines = [head, f"  {'':<17} {source.page}  licence: {source.licence}"]
    if is_wanted:
        lines += [
            f"  {'':<17} ! {problem.path} {problem.reason}"
            for problem in _problems_to_list(holding)
        ]
    return lines


def _problems_to_list(holding: ModelFiles) -> Sequence[FileProblem]:
    """Each missing or damaged file, unless nothing of the model is here."""
    return holding.problems if holding.bytes_here else holding.problems[:0]


def _size(holding: ModelFiles) -> str:
    whole = holding.source.megabytes
    if holding.is_complete:
        return megabytes(holding.bytes_here / 1e6)
    return f"{megabytes(holding.bytes_here / 1e6)} of {megabytes(whole)}"


def megabytes(count: float) -> str:
    """A size for people: ``4.27 GB``, ``77 MB``, ``0 MB``."""
    return f"{count / 1000:.2f} GB" if count >= 1000 else f"{count:.0f} MB"


def _advice(root: Path, holdings: Sequence[ModelFiles]) -> list[str]:
    wrong = [holding for holding in holdings if not holding.is_complete]
    if not wrong:
        return [
            (
                "Everything that was chosen is there. `flipbook worker models verify` reads it all "
                "and compares."
            )
        ]
    missing = sum(
        max(0.0, holding.source.megabytes - holding.bytes_here / 1e6) for holding in wrong
    )
    # the folder itself may not be there yet
    free = shutil.disk_usage(_existing(root)).free / 1e6
    amount = f"about {megabytes(missing)}; {megabytes(free)} are free there"
    if find_spec("huggingface_hub") is None:
        return [f"What is missing: {amount}.", to_install()]
    return [
        f"`flipbook worker models download` downloads what is missing: {amount}.",
        (
            "Without network here: `flipbook worker models list --by-hand` says which file comes "
            "from where."
        ),
    ]


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def by_hand(root: Path, holdings: Iterable[ModelFiles], wanted: set[str]) -> list[str]:
    """For each missing or damaged file, its address and the path where it belongs."""
    lines, recorded = [], read_revisions(root)
    for holding in holdings:
        source, at_fault = holding.source, {problem.path for problem in holding.problems}
        for name in source.files:
            path = root / source.folder / name
            if source.name in wanted and path in at_fault:
                lines.append(f"{source.url_of(name, recorded=recorded)}\n  → {path}")
    return lines or ["No file that was chosen is missing."]


def problem_lines(problems: Sequence[FileProblem]) -> list[str]:
    """The problems that ``verify`` has found, and what to do."""
    advice = "Delete what is damaged; `flipbook worker models download` downloads it again."
    return [*(problem.sentence for problem in problems), advice]


def licence_lines(sources: Sequence[ModelSource]) -> list[str]:
    """The licences to be accepted."""
    lines = ["These models come under licences of their own:"]
    lines += [
        f"  {source.name:<17} {source.licence}\n  {'':<17} {source.page}" for source in sources
    ]
    return [
        *lines,
        *([_OPENRAIL_NOTE] if any(source.licence == OPENRAIL for source in sources) else []),
    ]


def to_install() -> str:
    """What to install where the extra ``worker`` is missing."""
    return (
        "Downloading needs libraries that are missing. Run `make worker` in Flipbook's folder, or "
        f"{how_to_install('worker')}. Then run this again."
        " `flipbook worker models list --by-hand` says which file comes from where."
    )


def facts_of(root: Path, holdings: Sequence[ModelFiles], wanted: set[str]) -> dict[str, object]:
    """The list as JSON values. Sizes in bytes; ``bytes`` is roughly the whole model."""
    return {
        "folder": str(root),
        "models": [_fact(holding, holding.source.name in wanted) for holding in holdings],
    }


def _fact(holding: ModelFiles, chosen: bool) -> dict[str, object]:
    source = holding.source
    return {
        "name": source.name,
        "purpose": source.purpose,
        "repository": source.repo_id,
        "files": list(source.files),
        "licence": source.licence,
        "page": source.page,
        "bytes": source.megabytes * 1_000_000,
        "bytes_here": holding.bytes_here,
        "state": holding.state,
        "chosen": chosen,
        "problems": [problem.sentence for problem in holding.problems],
    }
