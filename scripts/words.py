"""Refuses this project's old private words in product code: in names, docstrings and comments.

Run as ``python scripts/words.py``; prints ``file:line word`` for each one found and then exits with
1. Other strings are not checked: they are sentences for people, or stored values.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("bot", "adapters", "generation", "db", "worker")
EXCEPTED: Final = ("worker/engines/preview/", "db/migrations/", "worker/migrations/")
"""The preview engine's prompts speak of such things, and migrations never change."""

FORBIDDEN: Final = frozenset(
    {
        "desk",
        "vigil",
        "errand",
        "parcel",
        "wish",
        "whoever",
        "carrier",
        "showing",
        "reception",
        "door",
        "lookout",
    }
)

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""One word of an identifier or a sentence: ``HTTPDoor``, ``door_of`` and ``the door`` hold one."""


class Hit(NamedTuple):
    """A forbidden word, and the line it is on."""

    line: int
    word: str


def forbidden_in(text: str) -> Iterator[str]:
    """The forbidden words of a text, split at underscores and capitals; plurals count."""
    for part in _PART.findall(text):
        word = part.lower()
        if not {word, word.removesuffix("s"), word.removesuffix("es")}.isdisjoint(FORBIDDEN):
            yield word


def hits_in(source: str) -> list[Hit]:
    """Every forbidden word in the names, docstrings and comments of a module."""
    docstrings = _docstring_lines(ast.parse(source))
    found: list[Hit] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_docstring = token.type == tokenize.STRING and token.start[0] in docstrings
        if is_docstring or token.type in {tokenize.NAME, tokenize.COMMENT}:
            found += _hits_of(token)
    if sys.version_info < (3, 12):  # there, an f-string is one token, with the names in it
        found += _names_in_fstrings(ast.parse(source))
    return sorted(found)


def _hits_of(token: tokenize.TokenInfo) -> Iterator[Hit]:
    for number, line in enumerate(token.string.splitlines(), token.start[0]):
        for word in forbidden_in(line):
            yield Hit(number, word)


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Where strings begin that stand alone: docstrings, and those below a constant."""
    return {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _names_in_fstrings(tree: ast.Module) -> Iterator[Hit]:
    for fstring in ast.walk(tree):
        if not isinstance(fstring, ast.JoinedStr):
            continue
        for node in ast.walk(fstring):
            name = {ast.Name: "id", ast.Attribute: "attr", ast.keyword: "arg"}.get(type(node), "")
            for word in forbidden_in(getattr(node, name, None) or ""):
                yield Hit(getattr(node, "lineno", fstring.lineno), word)


def product_files(root: Path) -> Iterator[Path]:
    """The modules that are checked."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not path.relative_to(root).as_posix().startswith(EXCEPTED):
                yield path


def complaints(root: Path, paths: Iterable[Path]) -> list[str]:
    """``file:line word`` for each forbidden word, module names among them (line 1)."""
    lines = []
    for path in paths:
        name = path.relative_to(root)
        found = [Hit(1, word) for word in forbidden_in(name.as_posix())]
        found += hits_in(path.read_text(encoding="utf-8"))
        lines += [f"{name}:{hit.line} {hit.word}" for hit in found]
    return lines


def main() -> int:
    """Print what is found; the exit code."""
    found = complaints(ROOT, product_files(ROOT))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
