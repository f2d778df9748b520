"""Blocked terms: which of a server's terms occurs in a prompt, however it is written.

A term is a word or phrase that is met as whole words; ``*`` at its beginning or end lets the word
go on there; between slashes it is a pattern for RE2, which takes linear time whatever the pattern.
A prompt is looked at in several readings: look-alikes and accents folded away, digits and signs as
letters, spelled-out words joined, stretched letters shortened. Whole words only, so that
"Scunthorpe" and "denuded" pass. Allowed phrases are taken out of every reading first.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Protocol

import re2

from generation.protocol.visible import visible
from generation.rules.look_alikes import AS_LATIN, DRESSED

MAX_PATTERNS: Final = 20
_PATTERN_MEMORY: Final = 1 << 20

_WORD: Final = re.compile(r"\w+")
_TOKEN: Final = re.compile(r"[\w@$!|+]+")
_SPELLED: Final = re.compile(
    r"(?<!\w)(?:(?:[^\W_]|[@$!|])[ .\-_*/,~'’]{1,2}){2,}(?:[^\W_]|[@$!|])(?!\w)"
)
"""Three letters or more with one or two separators between them. No character is both: a run of
underscores could else be read in exponentially many ways."""
_STRETCHED: Final = re.compile(r"(\w)\1{2,}")
_SEPARATORS: Final = re.compile(r"[\W_]")
_SIGNS: Final = str.maketrans("013457@$!|+", "oieastasiit")
_OUT: Final = "\0"
"""Stands where an allowed phrase stood: part of no word."""


def folded(text: str) -> str:
    """As terms are compared: without case, accents, invisible marks and look-alikes."""
    seen = visible(text)
    # dressed letters before NFKC, which would turn some into letters with brackets
    apart = unicodedata.normalize(
        "NFD", unicodedata.normalize("NFKC", seen.translate(DRESSED)).casefold()
    )
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    plain = unicodedata.normalize("NFC", bare).translate(DRESSED)
    return " ".join(_WORD.sub(_as_latin, plain).split())


def is_pattern(term: str) -> bool:
    """Whether a term is a pattern: it stands between slashes."""
    return len(term) > 2 and term.startswith("/") and term.endswith("/")


def why_not_a_term(term: str) -> str | None:
    """What is wrong with a term, as the end of a sentence that begins with it; None for a good
    one."""
    if is_pattern(term):
        unusable = "is no pattern that can be used (RE2: no look-around, no back-references)"
        return None if _is_usable_pattern(term) else unusable
    return None if _core(term) else "shows nothing"


def _is_usable_pattern(term: str) -> bool:
    try:
        return is_pattern(term) and bool(_compiled(term))
    except re2.error:
        return False


class _Pattern(Protocol):
    """The part of RE2's compiled pattern that is used here."""

    def search(self, text: str) -> object | None: ...


class Blocklist:
    """A server's terms, compiled once. ``allowed`` are phrases in which terms do not count."""

    def __init__(self, terms: Iterable[str], allowed: Iterable[str] = ()) -> None:
        every = sorted(terms)
        # one that was stored before it could be a pattern is what it looks like
        self._patterns = [(term, _compiled(term)) for term in every if _is_usable_pattern(term)]
        words = [term for term in every if not _is_usable_pattern(term) and _core(term)]
        self._of = {_core(term): term for term in words}
        self._words = _alternation(map(_bounded, words))
        phrases = filter(None, map(folded, allowed))
        self._allowed = _alternation(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in phrases)

    def first(self, prompt: str) -> str | None:
        """The first term that the prompt has in any of its readings; None when it has none."""
        if self._words is None and not self._patterns:
            return None
        for reading in _readings(prompt):
            text = reading if self._allowed is None else self._allowed.sub(_OUT, reading)
            if self._words is not None and (found := self._words.search(text)):
                return self._of[found.group()]
            for term, pattern in self._patterns:
                if pattern.search(text):
                    return term
        return None


@lru_cache(maxsize=256)
def blocklist(terms: frozenset[str], allowed: frozenset[str] = frozenset()) -> Blocklist:
    """The compiled list of these terms; a server's is compiled once for many prompts."""
    return Blocklist(terms, allowed)


def _readings(prompt: str) -> Iterator[str]:
    """The folded prompt, then each other way to read it that differs."""
    text = folded(prompt)
    yield text
    others = (
        _TOKEN.sub(_signs_as_letters, text),
        _SPELLED.sub(_joined, text),
        _STRETCHED.sub(r"\1", text),
        _STRETCHED.sub(r"\1\1", text),
    )
    yield from (other for other in others if other != text)


def _as_latin(match: re.Match[str]) -> str:
    """A word that is Latin from end to end once look-alikes are read so; a real Cyrillic or Greek
    word has other letters too and stays what it is."""
    word = match.group()
    latin = word if word.isascii() else word.translate(AS_LATIN)
    return latin if latin.isascii() else word


def _signs_as_letters(match: re.Match[str]) -> str:
    """``p0rn`` as ``porn``; "13" and "!" stay."""
    token = match.group()
    core = token.rstrip("!|+")
    has_letters = any(c.isalpha() for c in core) or (len(core) > 2 and set(core) & set("@$"))
    return core.translate(_SIGNS) + token[len(core) :] if has_letters else token


def _joined(match: re.Match[str]) -> str:
    return _SEPARATORS.sub("", match.group().translate(_SIGNS))


def _core(term: str) -> str:
    """The folded term without the stars that let its word go on."""
    return folded(term.removeprefix("*").removesuffix("*"))


def _bounded(term: str) -> str:
    # \b would miss a term that begins or ends with a mark, such as "c++"
    before = "" if term.startswith("*") else r"(?<!\w)"
    after = "" if term.endswith("*") else r"(?!\w)"
    return before + re.escape(_core(term)) + after


def _alternation(patterns: Iterable[str]) -> re.Pattern[str] | None:
    # the longest first: of "blood" and "blood bath" the phrase is met
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile("|".join(ordered)) if ordered else None


@lru_cache(maxsize=1024)
def _compiled(term: str) -> _Pattern:
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    # RE2's \b and \w know ASCII only, so a word's end is where no letter follows
    pattern: _Pattern = re2.compile(rf"(?:^|\PL)(?:{term[1:-1]})(?:\PL|$)", options)
    return pattern
