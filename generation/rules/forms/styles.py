"""A server's prompt styles: those that Flipbook is shipped with, until its admins change them."""

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.domain.parsing import shown, violations_of
from generation.domain.style import MAX_NAME, MAX_WORDS, PromptStyle, style_key
from generation.protocol.errors import InvalidRequest, StyleUnknown, Violation
from generation.protocol.request import GenerationRequest
from generation.rules.limits import Limits

MAX_STYLES: Final = 24
"""What a list of Discord's shows, with a choice for no style."""


class Styles(BaseModel):
    """One server's styles, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    styles: Annotated[tuple[PromptStyle, ...], Field(max_length=MAX_STYLES)] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """As people read them."""
        return tuple(style.name for style in self.styles)

    def find(self, name: str) -> PromptStyle | None:
        """The style of that name, however it is typed."""
        return next((each for each in self.styles if each.key == style_key(name)), None)

    def named(self, name: str) -> PromptStyle:
        """As :meth:`find`. Raises StyleUnknown."""
        found = self.find(name)
        if found is None:
            raise StyleUnknown(shown(name), self.names)
        return found

    def added(self, style: PromptStyle) -> Self:
        """The same with one more. Raises InvalidRequest for a name that is taken, and where no more
        fit."""
        if self.find(style.name) is not None:
            raise _refused("name", "one that no style has yet", shown(style.name))
        if len(self.styles) >= MAX_STYLES:
            raise _refused("styles", f"at most {MAX_STYLES}", "one more")
        return type(self)(styles=tuple(sorted((*self.styles, style), key=lambda each: each.key)))

    def edited(self, name: str, changes: dict[str, object]) -> Self:
        """The same with one style changed. Raises StyleUnknown or InvalidRequest."""
        before = self.named(name)
        after = style_of({**before.model_dump(), **changes})
        if after.key != before.key and self.find(after.name) is not None:
            raise _refused("name", "one that no style has yet", shown(after.name))
        return type(self)(
            styles=tuple(after if each.key == before.key else each for each in self.styles)
        )

    def removed(self, name: str) -> Self:
        """The same without one style. Raises StyleUnknown."""
        gone = self.named(name)
        return type(self)(styles=tuple(each for each in self.styles if each.key != gone.key))


@lru_cache(maxsize=1)
def starter_styles() -> Styles:
    """The styles of a server whose admins have changed none."""
    text = resources.files(__package__).joinpath("starter_styles.toml").read_text("utf-8")
    return Styles.model_validate({"styles": tomllib.loads(text)["style"]})


def style_of(values: dict[str, Any]) -> PromptStyle:
    """A style from what an admin has written. Raises InvalidRequest naming each part that is
    wrong."""
    try:
        return PromptStyle.model_validate(values)
    except ValidationError as error:
        named = (
            Violation(v.field, _ALLOWED.get(v.field, v.allowed), v.given)
            for v in violations_of(error)
        )
        raise InvalidRequest(tuple(named)) from error


def with_shape(
    request: GenerationRequest, style: PromptStyle | None, limits: Limits
) -> GenerationRequest:
    """The request in the style's quality and size, where the member chose none and the limits allow
    them."""
    if style is None:
        return request
    chosen = {name: getattr(request, name) for name in request.model_fields_set}
    shape: dict[str, object] = {}
    if style.endpoint in limits.endpoints and "endpoint" not in chosen:
        shape["endpoint"] = style.endpoint
    if style.video_size is not None and "video_size" not in chosen:
        width, height = style.video_size.pixels
        if width * height <= limits.max_pixels:
            shape["video_size"] = style.video_size
    # validated anew: another endpoint brings its own steps and guidance
    return GenerationRequest.model_validate(chosen | shape) if shape else request


def _refused(field: str, allowed: str, given: str) -> InvalidRequest:
    return InvalidRequest((Violation(field, allowed, given),))


_WORDS: Final = f"at most {MAX_WORDS} characters without control characters"
_ALLOWED: Final = {
    "name": f"1 to {MAX_NAME} letters and digits, with spaces or hyphens between them",
    "prefix": _WORDS,
    "suffix": _WORDS,
    "negative_prompt": _WORDS,
}
