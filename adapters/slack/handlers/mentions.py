"""What a mention asks for: a clip where it says so, help after small talk, else a question."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from adapters.slack.handlers.parsing import carries_flag
from adapters.slack.handlers.payloads import Mention

_MAKE: Final = (
    "animate",
    "create",
    "draw",
    "film",
    "generate",
    "illustrate",
    "imagine",
    "make",
    "paint",
    "render",
    "visualise",
    "visualize",
)
_VERB: Final = re.compile(
    r"(?:please,?\s+|pls\s+)?(?:" + "|".join(_MAKE) + r")\b[:,]?\s*", re.IGNORECASE
)
_KIND: Final = r"(?:clip|video|animation|gif|movie|film)s?"
_OF: Final = re.compile(
    rf"(?:(?:me|us)\s+)?(?:(?:a|an|another|one|some)\s+)?(?:(?:short|little|new)\s+)?{_KIND}\s+"
    r"(?:of|about|with|showing|where)\s+|(?:me|us)\s+(?=an?\s)",
    re.IGNORECASE,
)
_NOTHING: Final = re.compile(
    r"(?:(?:me|us)\s+)?(?:(?:a|an|another|one|some|the)\s+)?"
    rf"(?:{_KIND}|something|anything|one)?\W*",
    re.IGNORECASE,
)
"""No word of what the clip is to show."""
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NOT_A_PICTURE: Final = frozenset(
    _WORD.findall(
        """
        it that this these those sure sense them him her up fun way room peace do time money
        """
    )
)
"""After a make-verb these begin another sentence: "make it stop", "make sure that …"."""
_SMALL_TALK: Final = frozenset(
    _WORD.findall(
        """
        hello hi hey hiya yo thanks thank thx ty cheers ok okay cool great nice good well done job
        lovely awesome amazing wow lol haha bye goodbye morning evening night welcome sorry please
        yes no yep nope sure bot test testing ping help stop love it this that was is are so very
        much you your all everyone how what whats up queue history quota show cancel admin status
        settings limits who there to me i im like works work again the
        """
    )
)
_EMOJI: Final = re.compile(r":[a-z0-9_+'-]+:(?::skin-tone-\d:)?")
_CLAUSE: Final = re.compile(r"[,.!?;:\n]")
_MOST_SMALL: Final = 6
"""Words, of a message that begins with small talk and is nothing else."""


class Intent(StrEnum):
    """What a mention wants."""

    MAKE = "make"
    ASK = "ask"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a mention wants, and the words of the clip."""

    intent: Intent
    words: str


def wanted(mention: Mention) -> Wanted:
    """What is bought, asked about or answered with help: a clip is bought only where the bot is
    addressed with a make-verb, or with a flag; every other word may be meant for people."""
    text = mention.text.strip()
    verb = _VERB.match(text)
    if verb is None:
        if _is_small_talk(text):
            return Wanted(Intent.CHAT, text)
        makes = mention.is_first and carries_flag(text)
        return Wanted(Intent.MAKE if makes else Intent.ASK, text)
    rest = text[verb.end() :]
    of = _OF.match(rest)
    words = rest[of.end() :] if of and rest[of.end() :].strip() else rest
    if _NOTHING.fullmatch(words):
        return Wanted(Intent.CHAT, text)
    return Wanted(Intent.MAKE if mention.is_first and _is_picture(words) else Intent.ASK, words)


def _is_picture(words: str) -> bool:
    first = _WORD.search(words)
    begins_sentence = first is not None and first[0].lower() in _NOT_A_PICTURE
    return not begins_sentence and not words.rstrip().endswith("?")


def _is_small_talk(text: str) -> bool:
    said = _EMOJI.sub(" ", text)
    words = _small(said)
    first_clause = _small(_CLAUSE.split(said.strip(), maxsplit=1)[0])
    return all(words) or (bool(first_clause) and all(first_clause) and len(words) <= _MOST_SMALL)


def _small(text: str) -> list[bool]:
    """For each word, whether it is small talk."""
    return [
        word.lower().replace("'", "").replace("’", "") in _SMALL_TALK
        for word in _WORD.findall(text)
    ]
