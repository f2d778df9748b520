"""Splits what a member typed into words: a quoted text is one, an inch sign or an apostrophe is no
quote."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DASHES: Final = "\\-\u00ad\u058a\u1806\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\u30fc\ufe58\ufe63\uff0d"
"""Every dash that a keyboard or a client makes of a hyphen, as a regular expression's class."""
_LONGEST_IN_SINGLE: Final = 300
"""Characters between single quotes."""
_QUOTES: Final = ('"', "'")
_WORD: Final = re.compile(r"\S+")
_AFTER_QUOTE: Final = re.compile(r"[,.;:!?)]*(?=\s|$)")
_FLAG_INSIDE: Final = re.compile(rf"(?:^|\s)[{DASHES}]+\s?[A-Za-z]")
_GLUED_QUOTE: Final = re.compile(rf"[{DASHES}]+\w[\w{DASHES}]*[=:](?=[\"'])")


@dataclass(frozen=True, slots=True)
class Word:
    """A word: its text without quotes, and how it was typed."""

    text: str
    typed: str

    @property
    def is_quoted(self) -> bool:
        """Whether quotes protect it from being read as a flag."""
        return self.text != self.typed and self.typed[0] in _QUOTES

    @property
    def opens_quote(self) -> bool:
        """Whether it begins with a quotation mark that nothing closes."""
        return self.text == self.typed and self.typed[0] == '"'


def words_of(text: str) -> list[Word]:
    """The words of a text with straight quotes."""
    closings = {quote: _closings(text, quote) for quote in _QUOTES}
    words: list[Word] = []
    position = 0
    while (found := _WORD.search(text, position)) is not None:
        word, position = _word_at(text, found, closings)
        words.append(word)
    return words


def _word_at(
    text: str, found: re.Match[str], closings: Mapping[str, Sequence[int]]
) -> tuple[Word, int]:
    """The word that begins there, and where the next one may begin."""
    start = found.start()
    glued = _GLUED_QUOTE.match(text, start)
    quote_at = glued.end() if glued else start
    end = _quote_end(text, quote_at, closings)
    if end is None:
        return Word(found[0], found[0]), found.end()
    # a comma behind the quotes belongs to the word
    after = _AFTER_QUOTE.match(text, end)
    stop = after.end() if after else end
    unquoted = text[start:quote_at] + text[quote_at + 1 : end - 1] + text[end:stop]
    return Word(unquoted, text[start:stop]), stop


def _closings(text: str, quote: str) -> list[int]:
    """Where a quote may end: behind it comes a space, or what ends a sentence. Found once, so that
    many marks that nothing closes cost no more than few."""
    places = (found.start() for found in re.finditer(re.escape(quote), text))
    return [place for place in places if _AFTER_QUOTE.match(text, place + 1)]


def _quote_end(text: str, start: int, closings: Mapping[str, Sequence[int]]) -> int | None:
    """The end of the quoted text that begins there; None where no quote begins or none ends."""
    quote = text[start : start + 1]
    if quote not in _QUOTES:
        return None
    following = bisect_right(closings[quote], start)
    if following == len(closings[quote]):
        return None
    closing = closings[quote][following]
    inside = text[start + 1 : closing]
    # two apostrophes far apart, or with a flag between them, are no quotes
    is_apostrophe = quote == "'" and (
        len(inside) > _LONGEST_IN_SINGLE or '"' in inside or _FLAG_INSIDE.search(inside)
    )
    return None if is_apostrophe or not inside.strip() else closing + 1
