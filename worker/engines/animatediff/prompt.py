"""Reads prompt weights as AUTOMATIC1111 writes them: ``(words:1.2)``, ``(words)``, ``[words]``, nested and escaped.

The default negative prompt, ``(bad quality, worst quality:1.2), ugly faces, bad anime``, is written so; diffusers would
read its brackets and digits as words. Needs no torch, and never raises: whatever is no weight is text.
"""

import re
from dataclasses import dataclass
from typing import Final

BRACKET_FACTOR: Final = 1.1
"""What a pair of round brackets without a number multiplies by, and a square one divides by."""
LARGEST_WEIGHT: Final = 10.0

_MARK = re.compile(
    r"""
    \\[\\()\[\]]                             # an escaped bracket or backslash
    | :\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*\)      # the number that ends a round bracket
    | [()\[\]]
    | [^\\()\[\]:]+                          # plain text
    | .                                      # a lone colon or backslash
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A stretch of text and how much it counts; 1 is plain."""

    text: str
    weight: float


@dataclass(slots=True)
class _Piece:
    text: str
    weight: float = 1.0


class _Reader:
    """Goes through a prompt once, multiplying what stands inside each bracket when the bracket closes."""

    def __init__(self) -> None:
        self.pieces: list[_Piece] = []
        self._open: list[tuple[str, int]] = []

    def read(self, mark: str) -> None:
        """Take in one match of the pattern."""
        if len(mark) == 2 and mark[0] == "\\":
            self.pieces.append(_Piece(mark[1]))
        elif mark in ("(", "["):
            self._open.append((mark, len(self.pieces)))
        elif mark.startswith(":") and mark.endswith(")") and self._innermost == "(":
            self._close(_within_bounds(float(mark[1:-1])))
        elif mark == ")" and self._innermost == "(":
            self._close(BRACKET_FACTOR)
        elif mark == "]" and self._innermost == "[":
            self._close(1 / BRACKET_FACTOR)
        else:
            self.pieces.append(_Piece(mark))

    def end(self) -> None:
        """Brackets that never closed count as if they closed here."""
        while self._open:
            self._close(BRACKET_FACTOR if self._innermost == "(" else 1 / BRACKET_FACTOR)

    @property
    def _innermost(self) -> str | None:
        return self._open[-1][0] if self._open else None

    def _close(self, factor: float) -> None:
        _, start = self._open.pop()
        for piece in self.pieces[start:]:
            piece.weight = _within_bounds(piece.weight * factor)


def _within_bounds(weight: float) -> float:
    """Hundreds of brackets must not grow into infinity."""
    return max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, weight))


def parse_weights(prompt: str) -> list[Weighted]:
    """Split a prompt into stretches of equal weight.

    >>> parse_weights("(bad quality, worst quality:1.2), ugly faces")
    [Weighted(text='bad quality, worst quality', weight=1.2), Weighted(text=', ugly faces', weight=1.0)]
    """
    reader = _Reader()
    for mark in _MARK.findall(prompt):
        reader.read(mark)
    reader.end()
    merged: list[Weighted] = []
    for piece in reader.pieces:
        if merged and merged[-1].weight == piece.weight:
            merged[-1] = Weighted(merged[-1].text + piece.text, piece.weight)
        else:
            merged.append(Weighted(piece.text, piece.weight))
    return merged
