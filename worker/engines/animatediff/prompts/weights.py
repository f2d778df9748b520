"""Reads prompt weights as AUTOMATIC1111 writes them: ``(words:1.2)``, ``(words)``, ``[words]``,
nested and escaped.

The default negative prompt, ``(bad quality, worst quality:1.2), ugly faces, bad anime``, is written
so; diffusers would read its brackets and digits as words. Needs no torch, and never raises: what is
no weight is text.
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
class PromptTerm:
    """A part of a prompt and its weight; 1 is plain."""

    text: str
    weight: float


@dataclass(slots=True)
class _OpenTerm:
    """A term whose weight still changes while brackets around it close."""

    text: str
    weight: float = 1.0


class _PromptReader:
    """Goes through a prompt once; when a bracket closes, multiplies the weights inside it."""

    def __init__(self) -> None:
        self.terms: list[_OpenTerm] = []
        self._open: list[tuple[str, int]] = []

    def read(self, mark: str) -> None:
        """Take in one match of the pattern."""
        if len(mark) == 2 and mark[0] == "\\":
            self.terms.append(_OpenTerm(mark[1]))
        elif mark in ("(", "["):
            self._open.append((mark, len(self.terms)))
        # a number counts only where it ends an open round bracket: "12:30)" is text
        elif mark.startswith(":") and mark.endswith(")") and self._innermost == "(":
            self._close(_bounded(float(mark[1:-1])))
        elif mark == ")" and self._innermost == "(":
            self._close(BRACKET_FACTOR)
        elif mark == "]" and self._innermost == "[":
            self._close(1 / BRACKET_FACTOR)
        else:
            self.terms.append(_OpenTerm(mark))

    def end(self) -> None:
        """Close the brackets that the prompt leaves open."""
        while self._open:
            self._close(BRACKET_FACTOR if self._innermost == "(" else 1 / BRACKET_FACTOR)

    @property
    def _innermost(self) -> str | None:
        return self._open[-1][0] if self._open else None

    def _close(self, factor: float) -> None:
        # everything read since the bracket opened, inner brackets included
        _, start = self._open.pop()
        for term in self.terms[start:]:
            term.weight = _bounded(term.weight * factor)


def _bounded(weight: float) -> float:
    """Within ±10: hundreds of brackets must not grow into infinity."""
    return max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, weight))


def parse_weights(prompt: str) -> list[PromptTerm]:
    """Split a prompt into terms of equal weight.

    >>> parse_weights("(bad quality:1.2), ugly faces")
    [PromptTerm(text='bad quality', weight=1.2), PromptTerm(text=', ugly faces', weight=1.0)]
    """
    reader = _PromptReader()
    for mark in _MARK.findall(prompt):
        reader.read(mark)
    reader.end()
    merged: list[PromptTerm] = []
    for term in reader.terms:
        if merged and merged[-1].weight == term.weight:
            merged[-1] = PromptTerm(merged[-1].text + term.text, term.weight)
        else:
            merged.append(PromptTerm(term.text, term.weight))
    return merged
