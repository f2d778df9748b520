"""Where the settings come from, and what of it is not read: a misspelt name or a broken line does
nothing, silently, and it may have been the budget."""

import io
import stat
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream

from bot.settings import ENV_FILE, SECRET_URLS, Settings, environment_names, variable_of
from generation.diagnostics import Finding, Grade
from generation.protocol.secret_files import file_variables
from worker.settings import WorkerSettings

_PREFIX: Final = "FLIPBOOK_"
_OF_THE_TESTS: Final = frozenset({"FLIPBOOK_SPECS", "FLIPBOOK_SPECS_REQUIRED"})
_LIKENESS: Final = 0.75
_LIKENESS_WITHOUT_PREFIX: Final = 0.85
"""Other programs have names that are much like these: MAIL_KEY, SLACK_USER_TOKEN."""
_AGAINST_SPENDING: Final = frozenset(
    {
        "DAILY_BUDGET",
        "MONTHLY_BUDGET",
        "PRICE_STANDARD",
        "PRICE_TURBO",
        "PRICE_WORKER_STANDARD",
        "PRICE_WORKER_TURBO",
        "DEFAULT_LIMITS",
        "ALLOWED_SERVERS",
    }
)
"""Settings that cost money where their prefix was forgotten."""
_WHAT: Final = "settings"


def settings_findings(folder: Path | None = None) -> list[Finding]:
    """Which file is read, what in it and in the environment does nothing, and who can read it.

    BAD is what was meant as a setting: with it nothing should be spent. Names no value.
    """
    path = (folder or Path()).absolute() / ENV_FILE
    bindings = _bindings(path)
    if bindings is None:
        found = [Finding(Grade.GOOD, _WHAT, f"of the environment; there is no {path}")]
    else:
        found = [Finding(Grade.GOOD, _WHAT, f"of {path}, and of the environment, which wins")]
        found += [*_unreadable(path, bindings), *_open(path)]
    named = {binding.key for binding in bindings or () if binding.key}
    return found + list(_unknown(environment_names(), named))


def _bindings(path: Path) -> list[Binding] | None:
    """The lines of the file; None where there is none, or none that the settings could be read
    from."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return list(parse_stream(io.StringIO(text)))


def _unreadable(path: Path, bindings: Iterable[Binding]) -> Iterator[Finding]:
    for binding in bindings:
        line = binding.original.string.strip()
        # a name alone is what `export NAME` leaves, and what forgetting the = leaves
        if binding.error or (
            binding.key and binding.value is None and not line.startswith("export")
        ):
            ours = any(name in line.upper() for name in (_PREFIX, *_own_names()))
            number = binding.original.line + binding.original.string[: -len(line)].count("\n")
            yield Finding(
                Grade.BAD if ours else Grade.NOTE,
                _WHAT,
                f"{path} line {number} cannot be read and does nothing; write it as NAME=value",
            )


def _open(path: Path) -> Iterator[Finding]:
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Finding(Grade.NOTE, _WHAT, f"other users can read the tokens in it: chmod 600 {path}")


def _unknown(environment: Iterable[str], file: Iterable[str]) -> Iterator[Finding]:
    known = _known_names()
    for name in sorted({*environment, *file}):
        if name.upper() in known or name in _OF_THE_TESTS:
            continue
        is_ours = name.upper().startswith(_PREFIX)
        meant = _meant(name.upper(), known)
        if meant is not None and (is_ours or name in file):
            detail = f"{name} is no setting and does nothing; did you mean {meant}?"
            is_bad = is_ours or _is_surely_ours(name.upper(), known)
            yield Finding(Grade.BAD if is_bad else Grade.NOTE, _WHAT, detail)
        elif is_ours:
            yield Finding(Grade.NOTE, _WHAT, f"{name} is no setting and does nothing")


def _meant(name: str, known: Iterable[str]) -> str | None:
    """The setting that somebody who wrote this name had in mind."""
    bare = name.removeprefix(_PREFIX)
    # without what all of them begin with, or each would be like each
    bares = {each.removeprefix(_PREFIX): each for each in known}
    if found := get_close_matches(bare, bares, n=1, cutoff=_LIKENESS):
        return bares[found[0]]
    parts = [each for each in bares if len(bare) >= 6 and (bare in each or each in bare)]
    # of several, one that was meant against spending: nothing may be spent until that is clear
    costly = [each for each in parts if each in _AGAINST_SPENDING]
    return bares[min(costly or parts)] if costly or len(parts) == 1 else None


def _is_surely_ours(name: str, known: Iterable[str]) -> bool:
    """Whether a name without our prefix is still no other program's: those may stand in the same
    file, and must not keep the bot from starting."""
    bare = [each for each in known if not each.startswith(_PREFIX)]
    near = get_close_matches(name, bare, n=1, cutoff=_LIKENESS_WITHOUT_PREFIX)
    return bool(near) or name in _AGAINST_SPENDING


def _own_names() -> list[str]:
    return [variable_of(field) for field in Settings.model_fields]


def _known_names() -> frozenset[str]:
    of_worker = (f"FLIPBOOK_WORKER_{field.upper()}" for field in WorkerSettings.model_fields)
    files = file_variables(Settings, also=SECRET_URLS) | file_variables(WorkerSettings)
    return frozenset((*_own_names(), *of_worker)) | files
