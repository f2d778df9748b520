"""From the words after ``/animate`` to a request: each is part of the prompt, a flag, or its value;
what could be two of these is refused, never guessed."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import takewhile
from typing import Final

from adapters.slack.commands import ANIMATE, FLAG_OF, Flag
from adapters.slack.errors import CommandMisread, CommandProblem
from adapters.slack.text.markup import plain
from adapters.slack.typed.flags import Dashed, dashed, has_flag, is_motion, motion_name
from adapters.slack.typed.words import Word, words_of
from generation.domain.job import Job
from generation.domain.parsing import parse_request
from generation.domain.style import StyledRequest
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    DEFAULT_NEGATIVE_PROMPT,
    Endpoint,
    VideoSizePreset,
)

_PIXELS: Final = re.compile(r"(\d{1,9})\s*(?:[x×*]|by)\s*(\d{1,9})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_YES: Final = frozenset({"yes", "true"})
_NO: Final = frozenset({"false"})
_ALSO_YES: Final = frozenset({"on", "1", "y"})
_ALSO_NO: Final = frozenset({"no", "off", "0", "n"})
"""Words of prompts as well, so they answer a flag only where nothing follows them."""
_LOOPS: Final = frozenset({*Loop, "pingpong"})
_SIZE_WORDS: Final = 4


def request_from_words(text: str, seed: int) -> StyledRequest:
    """The request in the words after the command; ``seed`` is used where they name none.

    Raises CommandMisread, or InvalidRequest naming each wrong value by its flag.
    """
    values = _Reader(words_of(plain(text))).values()
    values.setdefault("seed", seed)
    style, is_private = values.pop("style", None), bool(values.pop("private", None))
    try:
        request = parse_request(values)
        return StyledRequest(request, None if style is None else str(style), is_private)
    except InvalidRequest as error:
        raise InvalidRequest(
            tuple(_by_flag(violation) for violation in error.violations)
        ) from error


def carries_flag(text: str) -> bool:
    """Whether any word of a text is a flag, or with two hyphens wants to be one."""
    words = words_of(plain(text))
    return any(_is_flag_at(words, at) for at in range(len(words)))


def _is_flag_at(words: list[Word], at: int) -> bool:
    try:
        found = dashed(words, at)
    # a flag or a part of a sentence: not surely a flag
    except CommandMisread:
        return False
    return found is not None and (found.flag is not None or found.typed.startswith("--"))


def command_line(job: Job) -> str:
    """The command that asks for the same clip again."""
    request = job.request
    width, height = request.pixels
    without = request.negative_prompt
    flags = [
        *(["--turbo"] if request.endpoint is Endpoint.TURBO else []),
        f"--size {width}x{height}",
        (
            f"--frames {request.num_frames}"
            if request.seconds is None
            else f"--seconds {request.seconds:g}"
        ),
        *([] if request.loop is None else [f"--loop {request.loop.value}"]),
        *([] if request.smooth_fps is None else [f"--smooth {request.smooth_fps}"]),
        f"--fps {request.fps}",
        f"--steps {request.num_inference_steps}",
        f"--guidance {request.guidance_scale:g}",
        f"--seed {request.seed}",
        *([f"--style {job.style.key}"] if job.style else []),
        *([f"--motion {','.join(request.motions)}"] if request.motions else []),
        *(["--private"] if job.is_private else []),
        *([f'--no "{_unquoted(without)}"'] if without != DEFAULT_NEGATIVE_PROMPT else []),
    ]
    return " ".join([ANIMATE.name, _protected(request.prompt), *flags])


def _protected(prompt: str) -> str:
    """A prompt in quotes where its own words would be read as flags."""
    words = words_of(prompt)
    try:
        is_plain = all(dashed(words, at) is None for at in range(len(words)))
    except CommandMisread:
        is_plain = False
    return prompt if is_plain else f'"{_unquoted(prompt)}"'


def _unquoted(text: str) -> str:
    return text.replace('"', "'")


class _Reader:
    """Reads words from left to right."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._at = 0
        self._prompt: list[Word] = []
        self._values: dict[str, object] = {}
        self._takes: Mapping[str, Callable[[Flag, str], object]] = {
            "endpoint": self._turbo,
            "private": self._switch,
            "video_size": self._size,
            "motions": self._motions,
            "negative_prompt": self._negative,
            "style": self._style,
            "loop": self._loop,
        }

    def values(self) -> dict[str, object]:
        """The request's fields. Raises CommandMisread."""
        self._refuse_quoted_command()
        while self._at < len(self._words):
            found = dashed(self._words, self._at)
            if found is None:
                self._take_prompt_word()
            else:
                self._take_flag(found)
        alone = self._prompt[0].text if len(self._prompt) == 1 else None
        # quotes around the whole prompt are none of its words
        prompt = alone if alone is not None else " ".join(word.typed for word in self._prompt)
        return {"prompt": prompt, **self._values}

    def _refuse_quoted_command(self) -> None:
        if len(self._words) == 1 and self._words[0].is_quoted and has_flag(self._words[0].text):
            raise CommandMisread(CommandProblem.AMBIGUOUS, self._words[0].text, "no quotes around")

    @cached_property
    def _last_flag(self) -> int:
        """Where the last flag is; found once, however many quotes nothing closes."""
        flags = (
            at for at, word in enumerate(self._words) if not word.is_quoted and has_flag(word.text)
        )
        return max(flags, default=-1)

    def _take_prompt_word(self) -> None:
        word = self._words[self._at]
        if word.opens_quote and self._last_flag > self._at:
            raise CommandMisread(CommandProblem.OPEN_QUOTE, word.text)
        self._prompt.append(word)
        self._at += 1

    def _take_flag(self, found: Dashed) -> None:
        if found.flag is None:
            raise CommandMisread(CommandProblem.UNKNOWN_FLAG, found.typed, found.instead)
        if found.before:
            self._prompt.append(Word(found.before, found.before))
        self._at += found.words
        take = self._takes.get(found.flag.field, self._number)
        self._values[found.flag.field] = take(found.flag, found.value)

    # The values of each flag ----------------------------------------------------------

    def _number(self, flag: Flag, glued: str) -> str:
        value = (glued or self._value(flag).text).rstrip(",;")
        # "--fps 8 fps"
        unit = self._bare()
        if unit and _NUMBER.fullmatch(value) and unit in {flag.bare, flag.bare.removesuffix("s")}:
            self._at += 1
        return value

    def _turbo(self, flag: Flag, glued: str) -> Endpoint | None:
        return Endpoint.TURBO if self._switch(flag, glued) else None

    def _switch(self, flag: Flag, glued: str) -> bool:
        """On, unless it is said to be off."""
        if glued:
            word = glued.lower()
            if word not in _YES | _ALSO_YES | _NO | _ALSO_NO:
                raise CommandMisread(CommandProblem.NO_VALUE_TAKEN, flag.name)
            return word in _YES | _ALSO_YES
        word = self._bare()
        is_last = self._at + 1 >= len(self._words) or dashed(self._words, self._at + 1) is not None
        if word in _YES | _NO or (is_last and word in _ALSO_YES | _ALSO_NO):
            self._at += 1
            return word not in _NO | _ALSO_NO
        return True

    def _size(self, flag: Flag, glued: str) -> object:
        first = glued or self._value(flag).text
        # "640 x 384" and "landscape 16:9" are several words
        following = [
            *takewhile(
                lambda word: not word.is_quoted, self._words[self._at : self._at + _SIZE_WORDS - 1]
            )
        ]
        for count in range(len(following), -1, -1):
            size = _size_of([first, *(word.text for word in following[:count])])
            if size is not None:
                self._at += count
                return size
        return first

    def _motions(self, flag: Flag, glued: str) -> list[str]:
        named: list[str] = []
        word = glued or self._value(flag).text
        # "zoom in"
        if not is_motion(word) and is_motion(two := f"{word}-{self._bare()}"):
            word = two + ("," if self._words[self._at].text.endswith(",") else "")
            self._at += 1
        while True:
            named += [motion_name(part) for part in word.split(",") if part.strip()]
            following = self._next_motion(goes_on=word.rstrip().endswith(","))
            if following is None:
                return named
            word = following

    def _next_motion(self, *, goes_on: bool) -> str | None:
        """The next words, where they name another motion. ``goes_on``: a comma says that one
        follows."""
        words = [word.text for word in self._words[self._at : self._at + 3]]
        for skipped in (0, 1):
            if skipped and words[:1] not in (["and"], ["&"], ["+"], [","]):
                break
            for count in (2, 1):
                given = "-".join(words[skipped : skipped + count])
                if len(words) >= skipped + count and is_motion(given):
                    self._at += skipped + count
                    return given
        # nearly a motion: the core says which there are
        if words and (goes_on or words[0].startswith(",")) and _looks_like_a_motion(words[0]):
            self._at += 1
            return words[0]
        return None

    def _negative(self, flag: Flag, glued: str) -> str:
        first = self._value(flag) if not glued else Word(glued, glued)
        if first.opens_quote:
            raise CommandMisread(CommandProblem.OPEN_QUOTE, first.text)
        parts = [first.text]
        is_quoted = first.is_quoted or self._was_glued_with_quotes(glued)
        while self._at < len(self._words) and parts[-1].endswith(","):
            if dashed(self._words, self._at) is not None:
                break
            parts.append(self._words[self._at].text)
            self._at += 1
        value = " ".join(parts).rstrip(", ")
        if not is_quoted and self._at < len(self._words) and dashed(self._words, self._at) is None:
            # "--no blurry in snow": one word, or all of them?
            given = f"{flag.name} {value} {self._words[self._at].text}"
            raise CommandMisread(CommandProblem.AMBIGUOUS, given, f'{flag.name} "{value}"')
        return value

    def _was_glued_with_quotes(self, glued: str) -> bool:
        word = self._words[self._at - 1]
        return bool(glued) and word.text != word.typed

    def _style(self, flag: Flag, glued: str) -> str:
        return (glued or self._value(flag).text).strip("\"',;")

    def _loop(self, _flag: Flag, glued: str) -> str:
        """``--loop`` alone is a seamless one."""
        word = glued or self._bare()
        # words that a prompt may go on with are none of its values
        if glued or word in _LOOPS | _YES:
            self._at += 0 if glued else 1
            return word
        return Loop.SEAMLESS

    def _value(self, flag: Flag) -> Word:
        """The next word. Raises CommandMisread where there is none, or a flag."""
        if self._bare() in {"=", ":"}:
            self._at += 1
        if self._at >= len(self._words) or self._is_flag():
            raise CommandMisread(CommandProblem.MISSING_VALUE, flag.name)
        word = self._words[self._at]
        self._at += 1
        return word

    def _is_flag(self) -> bool:
        found = dashed(self._words, self._at)
        return found is not None

    def _bare(self) -> str:
        """The next word in small letters, without what ends it; empty where there is none or it is
        quoted."""
        if self._at >= len(self._words) or self._words[self._at].is_quoted:
            return ""
        word = self._words[self._at].text.lower()
        return word if word in {"=", ":"} else word.rstrip(",.;")


def _size_of(words: list[str]) -> object | None:
    joined = " ".join(words).strip().rstrip(",;.")
    found = _PIXELS.fullmatch(joined)
    if found is not None:
        return {"width": int(found[1]), "height": int(found[2])}
    preset = re.sub(r"[\s:/-]+", "_", joined.lower())
    return preset if preset in set(VideoSizePreset) else None


def _looks_like_a_motion(word: str) -> bool:
    return re.match(r",?\w+[-_]\w+", word) is not None


def _by_flag(violation: Violation) -> Violation:
    """The same violation under the flag's name: ``--size width`` for ``video_size.width``."""
    field, _, part = violation.field.partition(".")
    name = FLAG_OF.get(field, field)
    return Violation(f"{name} {part}".strip(), violation.allowed, violation.given)
