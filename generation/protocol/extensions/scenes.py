"""Scenes of a clip, as people write them into a prompt: which words hold from which frame on.

On one line, ``0: spring | 16: winter`` (each part begins with a frame); on several, as in
AnimateDiff for AUTOMATIC1111 (lines before the first and after the last scene hold for all); and as
JSON, as in animatediff-cli-prompt-travel. At least two scenes, side by side: anything else is a
prompt like any other, such as "a clock at 12: noon | night". Pure; never raises.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MOST_SCENES: Final = 16
_KEY: Final = re.compile(r"\"?([0-9]{1,4})\"?\s*:\s*(\S.*)", re.DOTALL)
"""Of a part without blanks around it: looked for in here, they would cost their square."""
_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class Scene:
    """The words that hold from a frame on, counted from 0."""

    frame: int
    words: str


@lru_cache(_REMEMBERED)  # one request's prompt is asked for many times
def scenes_in(prompt: str) -> tuple[Scene, ...]:
    """The scenes of a prompt in the order in which they are written; none for most prompts.

    >>> scenes_in("0: spring | 16: winter")
    (Scene(frame=0, words='spring'), Scene(frame=16, words='winter'))
    """
    text = prompt.strip()
    if text.startswith("{"):
        return _of_json(text)
    if "\n" in text:
        return _of_lines([line.strip() for line in text.splitlines() if line.strip()])
    found = [_KEY.fullmatch(part.strip()) for part in text.split("|")]
    scenes = tuple(Scene(int(key[1]), key[2]) for key in found if key is not None)
    return scenes if len(scenes) == len(found) > 1 else ()


def written(scenes: Iterable[Scene]) -> str:
    """Scenes on one line, as :func:`scenes_in` reads them."""
    return " | ".join(f"{each.frame}: {each.words}" for each in scenes)


def _of_lines(lines: list[str]) -> tuple[Scene, ...]:
    keys = [_KEY.fullmatch(line) for line in lines]
    places = [place for place, key in enumerate(keys) if key is not None]
    # side by side: a colon somewhere in a poem makes no scene
    if len(places) < 2 or places[-1] - places[0] != len(places) - 1:
        return ()
    head, tail = lines[: places[0]], lines[places[-1] + 1 :]
    found = [key for key in keys if key is not None]
    return tuple(Scene(int(key[1]), _together(*head, key[2], *tail)) for key in found)


def _of_json(text: str) -> tuple[Scene, ...]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    inside = given.get("prompt_map", given)
    if not isinstance(inside, Mapping) or not all(
        re.fullmatch(r"[0-9]{1,4}", key) and isinstance(words, str) for key, words in inside.items()
    ):
        return ()
    head, tail = (str(given.get(name) or "") for name in ("head_prompt", "tail_prompt"))
    scenes = [Scene(int(key), _together(head, words, tail)) for key, words in inside.items()]
    are_words = all(each.words and _is_visible(each.words) for each in scenes)
    return tuple(scenes) if len(scenes) > 1 and are_words else ()


def _is_visible(words: str) -> bool:
    """Whether there are no control characters and lone surrogates in it, which JSON can write with
    visible ones: no backend takes them."""
    return not any(unicodedata.category(each) in {"Cc", "Cs"} for each in words)


def _together(*texts: str) -> str:
    # what it is written with must be readable again
    parts = (" ".join(text.replace("|", ",").split()).strip(" ,") for text in texts)
    return ", ".join(part for part in parts if part)
