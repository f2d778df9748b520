"""Where ``flipbook animate`` puts the clip: a file that is never overwritten unasked, or standard
output."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from bot.exit_codes import Exit, die
from generation.protocol.paths import expanded

STANDARD_OUTPUT: Final = "-"
_MP4: Final = frozenset({".mp4", ".m4v"})


@dataclass(frozen=True, slots=True)
class ClipOutput:
    """A file for the clip; ``replaces`` one that is there, ``is_piped`` on to standard output."""

    path: Path
    replaces: bool = False
    is_piped: bool = False


@contextmanager
def output_of(given: str | None, seed: int, *, overwrite: bool) -> Iterator[ClipOutput]:
    """Where the clip goes; within, a file for standard output exists. Ends the command for what
    cannot be meant."""
    if given == STANDARD_OUTPUT:
        with _piped() as path:
            yield ClipOutput(path, is_piped=True)
    elif given is None:
        yield ClipOutput(_free_name(seed))
    else:
        yield ClipOutput(_checked(_path(given), overwrite=overwrite), replaces=overwrite)


def _path(given: str) -> Path:
    # of --output=~/a.mp4 the shell has left the ~ as it is
    try:
        return Path(expanded(given))
    except ValueError as error:
        die(Exit.INVALID, f"--output {error}.")


def _checked(path: Path, *, overwrite: bool) -> Path:
    if path.suffix and path.suffix.lower() not in _MP4:
        die(
            Exit.INVALID,
            f"Flipbook writes MP4 files, and {path.name} says something else: name it "
            f"{path.with_suffix('.mp4').name}.",
        )
    if path.is_file() and not overwrite:
        die(Exit.INVALID, f"{path.absolute()} exists: choose another name, or add --overwrite.")
    return path


def _free_name(seed: int) -> Path:
    """``flipbook-7.mp4``, or the first of ``flipbook-7-2.mp4``, … that is not there."""
    names = (Path(f"flipbook-{seed}{'' if n == 1 else f'-{n}'}.mp4") for n in count(1))
    return next(name for name in names if not name.exists())


@contextmanager
def _piped() -> Iterator[Path]:
    if sys.stdout.isatty():
        die(Exit.INVALID, "The clip is no text for a terminal: name a file, or pipe it on.")
    with tempfile.TemporaryDirectory(prefix="flipbook-") as folder:
        yield Path(folder, "clip.mp4")


def pipe(path: Path) -> None:
    """Write a file to standard output."""
    with path.open("rb") as clip:
        shutil.copyfileobj(clip, sys.stdout.buffer)
    sys.stdout.buffer.flush()
