"""Other programs' prompt syntax, as people paste it: what a backend cannot do is taken out of the
words that it gets, and named, so that the message can say so.

A job keeps its prompt as it was typed. Weights, ``(words:1.2)`` and ``[words]``, and escaped
brackets stay: they are for the engine. Pure; never raises; words without such syntax come out as
they went in.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from generation.protocol.extensions.scenes import Scene, scenes_in, written
from generation.protocol.messages import mark
from generation.protocol.request import GenerationRequest


class Syntax(StrEnum):
    """What is taken out, in the words for people."""

    TAG = mark("LoRA and embedding tags")
    BREAK = mark("BREAK")
    CHOICE = mark("all but the first of [a|b]")
    CHANGE = mark("the change in [a:b:0.5]")
    OPTION = mark("Midjourney's options")


_TAGS: Final = re.compile(
    r"<\s*(?:lora|lyco|locon|loha|lokr|dora|hypernet|embedding|ti)\s*:[^<>]*>"
    r"|(?<![\w:])embedding:[\w.\-]+",
    re.IGNORECASE,
)
_OPTIONS: Final = re.compile(
    r"(?<!\S)(?:--|—)(?:(?:aspect|ar|version|v|niji|stylize|s|quality|q|chaos|weird|style|iw)"
    r"\s+[\w.:]+|tile)(?!\S)",
    re.IGNORECASE,
)
_BREAK: Final = re.compile(r"(?<!\S)BREAK(?![^\s,.])")
_MARK: Final = re.compile(r"\\.|[\[\]{}]|[^\\\[\]{}]+|\\", re.DOTALL)
_FRACTION: Final = re.compile(r"0?\.\d{1,4}|1(?:\.0{1,4})?")
_STEP: Final = re.compile(r"\d{0,4}\.?\d{1,4}")
_WORDS: Final = re.compile(r"[^\d\s.,:]")
_BAR: Final = re.compile(r"(?<!\\)\|")
_CLOSING: Final = {"[": "]", "{": "}"}
_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class PlainPrompt:
    """A prompt as a backend gets it, and what was taken out of it."""

    text: str
    taken_out: frozenset[Syntax]


def plain_prompt(typed: str) -> PlainPrompt:
    """The prompt without what no backend can do; its scenes, where it has some, on one line.

    >>> plain_prompt("a fox <lora:add_detail:0.8> BREAK in [red|blue] light").text
    'a fox, in red light'
    """
    scenes = scenes_in(typed)
    if not scenes:
        return _plain_words(typed)
    plain = [_plain_words(scene.words) for scene in scenes]
    # a scene of nothing but such syntax stays as it was
    kept = (Scene(s.frame, p.text or s.words) for s, p in zip(scenes, plain, strict=True))
    taken = frozenset[Syntax]().union(*(each.taken_out for each in plain))
    return PlainPrompt(written(kept), taken)


@lru_cache(_REMEMBERED)  # one request's prompts are asked for several times
def _plain_words(typed: str) -> PlainPrompt:
    taken: set[Syntax] = set()
    text = _without(_TAGS, typed, Syntax.TAG, taken)
    text = _without(_OPTIONS, text, Syntax.OPTION, taken)
    # in a prompt all in capitals it is a word
    if typed != typed.upper():
        text = _without(_BREAK, text, Syntax.BREAK, taken, leaves=" , ")
    text = _resolved(text, taken)
    return (
        PlainPrompt(_tidied(text), frozenset(taken)) if taken else PlainPrompt(typed, frozenset())
    )


def plain_request(request: GenerationRequest) -> GenerationRequest:
    """The request as a backend gets it. A prompt of nothing but such syntax stays as it was."""
    texts = {
        "prompt": plain_prompt(request.prompt).text or request.prompt,
        "negative_prompt": plain_prompt(request.negative_prompt).text,
    }
    return request.model_copy(update=texts)


def taken_out_of(request: GenerationRequest) -> list[Syntax]:
    """What a backend does not get of the request's two prompts, in a fixed order."""
    texts = request.prompt, request.negative_prompt
    taken = frozenset[Syntax]().union(*(plain_prompt(text).taken_out for text in texts))
    return [syntax for syntax in Syntax if syntax in taken]


def _without(
    pattern: re.Pattern[str], text: str, syntax: Syntax, taken: set[Syntax], *, leaves: str = " "
) -> str:
    plain, count = pattern.subn(leaves, text)
    if count:
        taken.add(syntax)
    return plain


def _resolved(text: str, taken: set[Syntax]) -> str:
    """The text with every bracket that means a choice or a change replaced by its first words."""
    # one pass: each entry holds an open bracket and what has been read inside it
    levels: list[tuple[str, list[str]]] = [("", [])]
    for piece in _MARK.findall(text):
        opened, inside = levels[-1]
        if piece in _CLOSING:
            levels.append((piece, []))
        elif opened and piece == _CLOSING[opened]:
            levels.pop()
            levels[-1][1].append(_first_words(opened, "".join(inside), taken))
        else:
            inside.append(piece)
    return "".join(opened + "".join(inside) for opened, inside in levels)


def _first_words(opened: str, inside: str, taken: set[Syntax]) -> str:
    """What stands for a closed bracket: its first words, or the bracket itself if it means no
    choice and no change."""
    choices = _BAR.split(inside)
    if len(choices) > 1:
        taken.add(Syntax.CHOICE)
        return next((words.strip() for words in choices if words.strip()), "")
    changing = _changing_words(inside) if opened == "[" else []
    if _WORDS.search("".join(changing)):
        taken.add(Syntax.CHANGE)
        return next(words.strip() for words in changing if words.strip())
    return f"{opened}{inside}{_CLOSING[opened]}"


def _changing_words(inside: str) -> list[str]:
    """``a`` and ``b`` of ``a:b:0.5``, ``a`` of ``a:0.5``; none where no moment is named."""
    *words, moment = (part.strip() for part in inside.rsplit(":", 2))
    if len(words) == 2 and words[0].count("(") != words[0].count(")"):
        words = [":".join(words)]  # that colon is a weight's
    return words if words and (_STEP, _FRACTION)[2 - len(words)].fullmatch(moment) else []


def _tidied(text: str) -> str:
    """Without the doubled spaces and commas that what was taken out leaves behind."""
    parts = [" ".join(part.split()) for part in text.split(",")]
    return ", ".join(part for part in parts if part)
