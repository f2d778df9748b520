"""A prompt style: words that a server puts around its members' prompts, by a name.

A job keeps the member's own prompt and a copy of the style, so that both stay apart in what people
read, and a re-roll has the same words after an admin has changed or removed the style. What a
backend gets is :func:`styled`: both joined.
"""

import re
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from generation.protocol.errors import StyleTooLong
from generation.protocol.extensions.scenes import Scene, scenes_in, written
from generation.protocol.request import (
    Endpoint,
    GenerationRequest,
    NegativePrompt,
    VideoSizePreset,
    bounds_of,
)

MAX_NAME: Final = 30
MAX_WORDS: Final = 400
"""Characters of each of a style's texts: most of a prompt is left to the member."""
_NAME: Final = re.compile(r"[^\W_]+(?:[ -][^\W_]+)*")
_BETWEEN: Final = re.compile(r"[\s_-]+")


def _named(name: object) -> object:
    return " ".join(name.lower().split()) if isinstance(name, str) else name


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name of letters and digits, with spaces or hyphens between them")
    return name


StyleName = Annotated[
    str,
    BeforeValidator(_named),
    StringConstraints(min_length=1, max_length=MAX_NAME),
    AfterValidator(_checked_name),
]
# the bounds of a prompt's own words hold for those of a style too, with less room
_Words = Annotated[NegativePrompt, StringConstraints(max_length=MAX_WORDS)]


class PromptStyle(BaseModel):
    """What a style adds: words before and after the prompt, words to avoid, and the quality and the
    size of clips whose members choose none."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: StyleName
    prefix: _Words = ""
    suffix: _Words = ""
    negative_prompt: _Words = ""
    endpoint: Endpoint | None = None
    video_size: VideoSizePreset | None = None

    @property
    def key(self) -> str:
        """The name as names are compared."""
        return style_key(self.name)


class StyledRequest(NamedTuple):
    """What a member asks for: a request in their own words, the style that they name, and whether
    they alone are to see it."""

    request: GenerationRequest
    style: str | None = None
    is_private: bool = False


def style_key(name: str) -> str:
    """A style's name however it is typed: ``pixel-art`` for "Pixel  Art" and ``pixel_art``."""
    return _BETWEEN.sub("-", name.strip().lower())


def styled(request: GenerationRequest, style: PromptStyle | None) -> GenerationRequest:
    """The request as it is sent: the style's words around the member's. Raises StyleTooLong where
    the whole is longer than a prompt may be."""
    if style is None:
        return request
    texts = {
        "prompt": _around(style, request.prompt),
        "negative_prompt": _joined(request.negative_prompt, style.negative_prompt),
    }
    for field, text in texts.items():
        most = bounds_of(field)[1]
        if len(text) > most:
            own = len(getattr(request, field))
            raise StyleTooLong(style.name, field, allowed=most - (len(text) - own), given=own)
    return request.model_copy(update=texts)


def _around(style: PromptStyle, prompt: str) -> str:
    """The style's words around the prompt; around each of its scenes."""
    scenes = scenes_in(prompt)
    if not scenes:
        return _joined(style.prefix, prompt, style.suffix)
    worn = (_joined(style.prefix, scene.words, style.suffix) for scene in scenes)
    return written(Scene(scene.frame, words) for scene, words in zip(scenes, worn, strict=True))


def _joined(*texts: str) -> str:
    """The texts with a comma between two of them, where there is none yet."""
    return ", ".join(text for each in texts if (text := each.strip(" \t\r\n,")))
