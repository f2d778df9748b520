"""Which words are flags: with dashes of every keyboard, in any case, glued to a value or to a word
before."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.slack.commands import FLAGS, Flag
from adapters.slack.errors import CommandMisread, CommandProblem
from adapters.slack.typed.words import DASHES, Word
from generation.protocol.request import Motion, VideoSizePreset

_FLAG: Final = re.compile(
    rf"(?P<dashes>[{DASHES}]+)(?P<name>[^\W\d_][\w{DASHES}]*)(?P<end>[.,;!?]*)"
    r"(?:[=:](?P<value>.*))?",
    re.DOTALL,
)
_ONLY_DASHES: Final = re.compile(rf"[{DASHES}]+")
_DASH: Final = re.compile(rf"[{DASHES}_]")
_GLUED: Final = re.compile(
    rf"(?P<before>.*?[^\s{DASHES}])(?P<flag>(?:--|\u2014)[A-Za-z].*)", re.DOTALL
)
_LIKELY: Final = 0.6
"""How like a name must be to a flag's to be suggested (0 to 1)."""
_MOTIONS: Final = frozenset(motion.value for motion in Motion)
_NAMED: Final = {
    _DASH.sub("", name): flag
    for flag in FLAGS
    for name in {flag.bare, flag.field, *flag.also}
    if name != "endpoint"
}


@dataclass(frozen=True, slots=True)
class Dashed:
    """Words that are a flag, or look like one: ``flag`` is None for one that we do not have, and
    ``instead`` then names one that may have been meant. ``before`` is glued in front of it,
    ``value`` behind; ``words`` is how many they are."""

    flag: Flag | None
    typed: str
    value: str = ""
    before: str = ""
    words: int = 1
    instead: str = ""


def dashed(words: Sequence[Word], at: int) -> Dashed | None:
    """The flag that begins at a word; None for a word of the prompt.

    Raises CommandMisread for dashes that stand alone, or are glued to a word, where it may be one
    or the other.
    """
    word = words[at]
    if word.is_quoted or _DASH.search(word.text) is None:
        return None
    if _ONLY_DASHES.fullmatch(word.text):
        return _after_dashes(words, at)
    found = _FLAG.fullmatch(word.text)
    if found is None:
        return _behind_a_word(words, at)
    flag = flag_named(found["name"])
    if flag is not None:
        return Dashed(flag, found[0], found["value"] or "")
    return _unknown(found["dashes"], found["name"])


def has_flag(text: str) -> bool:
    """Whether a text has a flag of ours among its words."""
    matches = (_FLAG.fullmatch(part) for part in text.split())
    return any(found is not None and flag_named(found["name"]) is not None for found in matches)


def flag_named(name: str) -> Flag | None:
    """A flag by its name, or by the request's field, in any case."""
    return _NAMED.get(_DASH.sub("", name).lower())


def motion_name(text: str) -> str:
    """``zoom-in`` of ``Zoom_In``: a motion as the core knows it."""
    return _DASH.sub("-", text.strip(" .;,").lower()).replace(" ", "-")


def is_motion(text: str) -> bool:
    """Whether words name a motion, or several with commas between them."""
    names = [motion_name(part) for part in text.split(",") if part.strip(" -")]
    return bool(names) and all(name in _MOTIONS for name in names)


def _unknown(dashes: str, name: str) -> Dashed | None:
    close = difflib.get_close_matches(_DASH.sub("", name).lower(), _NAMED, n=1, cutoff=_LIKELY)
    typed = f"{dashes}{name}"
    # a long dash in front of a word is a dash, unless the word is nearly a flag
    if not close and len(dashes) == 1 and dashes != "-":
        return None
    return Dashed(None, typed, instead=_NAMED[close[0]].name if close else "")


def _after_dashes(words: Sequence[Word], at: int) -> Dashed | None:
    """``-- seed 9``: dashes that stand alone belong to a flag's name after them."""
    if at + 1 >= len(words) or words[at + 1].is_quoted:
        return None
    dashes, name = words[at].text, words[at + 1].text
    found = _FLAG.fullmatch(f"--{name}")
    flag = None if found is None else flag_named(found["name"])
    # "— no, two" is a sentence
    if found is None or flag is None or found["end"]:
        return None
    typed = f"{dashes} {name}"
    glued = found["value"] or ""
    if not _is_likely(flag, glued, [word.text for word in words[at + 2 :]]):
        raise CommandMisread(CommandProblem.AMBIGUOUS, typed, flag.name)
    return Dashed(flag, typed, glued, words=2)


def _behind_a_word(words: Sequence[Word], at: int) -> Dashed | None:
    """``fox--seed 9``: the space was forgotten."""
    found = _GLUED.fullmatch(words[at].text)
    flagged = None if found is None else _FLAG.fullmatch(found["flag"])
    flag = None if flagged is None else flag_named(flagged["name"])
    if found is None or flagged is None or flag is None:
        return None
    glued = flagged["value"] or ""
    if flagged["dashes"] != "--":
        # a long dash between two words is one in most texts
        if _is_likely(flag, glued, [word.text for word in words[at + 1 :]]):
            raise CommandMisread(CommandProblem.AMBIGUOUS, words[at].text, flag.name)
        return None
    return Dashed(flag, flagged[0], glued, before=found["before"])


def _is_likely(flag: Flag, glued: str, following: Sequence[str]) -> bool:
    """Whether what follows a flag's name can only be its value."""
    value = (glued or next(iter(following), "")).rstrip(",;")
    match flag.field:
        case "endpoint" | "loop" | "private":
            return not following or _FLAG.fullmatch(following[0]) is not None
        case "negative_prompt":
            return False
        case "motions":
            return is_motion(value)
        case "video_size":
            return value[:1].isdigit() or value.lower() in set(VideoSizePreset)
        case _:
            return re.fullmatch(r"[+-]?\d+(?:\.\d+)?", value) is not None
