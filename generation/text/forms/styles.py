"""Prompt styles as people read and write them: lists, a job's style, what is wrong with one."""

from collections.abc import Iterable, Mapping
from typing import Final

from generation.domain.job import Job
from generation.domain.parsing import shown
from generation.domain.refs import Platform
from generation.domain.style import MAX_WORDS, PromptStyle, style_key
from generation.protocol import errors as e
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.messages import mark
from generation.protocol.request import Endpoint
from generation.rules.forms.styles import Styles
from generation.text.dialect import PLAIN, Dialect, Markup, excerpt
from generation.text.limits import QUALITY

PARTS: Final[Mapping[str, str]] = {
    "name": mark("name"),
    "prefix": mark("before the prompt"),
    "suffix": mark("after the prompt"),
    "negative_prompt": mark("to avoid"),
    "endpoint": QUALITY,
    "video_size": mark("size"),
}
"""The parts of a style, as lists and changes name them."""
CLEARED: Final = "-"
"""What admins type for a part that shall hold nothing."""
_TYPED: Final[Mapping[str, str]] = {
    "name": "name",
    "prefix": "prefix",
    "suffix": "suffix",
    "no": "negative_prompt",
    "negative_prompt": "negative_prompt",
    "quality": "endpoint",
    "size": "video_size",
}
_LISTED_ROOM: Final = 36
_CHANGED_ROOM: Final = 60
_NAME_ROOM: Final = 40


def style_words(job: Job, d: Dialect = PLAIN) -> list[Markup]:
    """``style: film``; none for a clip without one."""
    return [d.gettext("style: {name}", name=job.style.name)] if job.style else []


def style_lines(styles: Styles, d: Dialect = PLAIN, *, room: int = _LISTED_ROOM) -> list[Markup]:
    """Every style with its words, cut to ``room`` characters each."""
    if not styles.styles:
        return [d.gettext("This {place} has no styles.")]
    title = Markup(d.bold(d.gettext("Styles of this {place}")))
    return [title, *(Markup(f"{d.bullet}{_style_line(each, d, room)}") for each in styles.styles)]


def style_in_full(styles: Styles, name: str, d: Dialect = PLAIN) -> Markup:
    """One style with all of its words. Raises StyleUnknown."""
    return _style_line(styles.named(name), d)


def removed_style_words(name: str, d: Dialect = PLAIN) -> Markup:
    """After a style was removed."""
    return d.gettext(
        "The style {name} is no longer offered. Clips that were made in it keep it.",
        name=Markup(d.bold(d.quote(name, _NAME_ROOM))),
    )


def unknown_style_sentence(error: e.StyleUnknown, d: Dialect) -> Markup:
    """After a name that no style has, or no longer."""
    name = excerpt(error.name, _NAME_ROOM)
    if not error.known:
        return d.gettext("This {place} has no styles, so none is named {name}.", name=name)
    return d.gettext(
        "There is no style {name} here. The styles are: {names}.",
        name=name,
        # where they are typed, several words would be read as one and a part of the prompt
        names=", ".join(
            error.known if d.platform is Platform.DISCORD else map(style_key, error.known)
        ),
    )


def too_long_style_sentence(error: e.StyleTooLong, d: Dialect) -> Markup:
    """Where prompt and style together are longer than a backend takes."""
    if error.field == "negative_prompt":
        return d.gettext(
            "With the style {style}, what to avoid may have {allowed} characters; yours has "
            "{given}. Shorten it, or leave the style out.",
            style=error.style,
            allowed=f"{error.allowed:,}",
            given=f"{error.given:,}",
        )
    return d.gettext(
        "With the style {style}, your prompt may have {allowed} characters; it has {given}. "
        "Shorten it, or leave the style out.",
        style=error.style,
        allowed=f"{error.allowed:,}",
        given=f"{error.given:,}",
    )


def style_changes(**typed: str | None) -> dict[str, object]:
    """The parts of a style from what an admin has typed, by the names that admins type; None is a
    part that was left out, and :data:`CLEARED` means nothing. Raises InvalidRequest for a name that
    no part has."""
    given = {name: value for name, value in typed.items() if value is not None}
    unknown = next((name for name in given if name not in _TYPED), None)
    if unknown is not None:
        names = ", ".join(dict.fromkeys(_TYPED))
        raise InvalidRequest((Violation("part", names, shown(unknown)),))
    return {_TYPED[name]: _typed_value(_TYPED[name], value) for name, value in given.items()}


def _typed_value(part: str, value: str) -> object:
    is_cleared = value.strip().lower() in {CLEARED, "none", ""}
    if part in {"endpoint", "video_size"} and is_cleared:
        return None
    if part == "endpoint":
        return next((each.value for each in Endpoint if each.label == value.strip().lower()), value)
    return "" if is_cleared and part != "name" else value.strip()


def style_change(
    name: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None, d: Dialect
) -> Iterable[Markup]:
    """What an admin has done to a style, for the audit trail; a side is None where there was or is
    none of that name."""
    named = Markup(d.quote(name, _NAME_ROOM))
    if before is None:
        yield d.gettext("added the style {name}", name=named)
    elif after is None:
        yield d.gettext("removed the style {name}", name=named)
    else:
        for part, about in PARTS.items():
            if before.get(part) != after.get(part):
                yield d.gettext(
                    "changed {part} of the style {name} from {before} to {after}",
                    part=d.gettext(about),
                    name=named,
                    before=_value_words(before.get(part), d),
                    after=_value_words(after.get(part), d),
                )


def _style_line(style: PromptStyle, d: Dialect, room: int = MAX_WORDS) -> Markup:
    parts = [
        d.gettext(
            "{part}: {value}",
            part=d.gettext(about),
            value=_value_words(getattr(style, name), d, room),
        )
        for name, about in PARTS.items()
        if name != "name" and getattr(style, name)
    ]
    named = Markup(d.bold(d.quote(style.name, _NAME_ROOM)))
    return Markup(" · ".join([named, *parts]))


def _value_words(value: object, d: Dialect, room: int = _CHANGED_ROOM) -> Markup:
    if not value:
        return d.gettext("nothing")
    # the enum itself or, in the audit trail, its text
    label = next((endpoint.label for endpoint in Endpoint if endpoint == value), None)
    if label is not None:
        return Markup(label)
    return Markup(d.quote(str(value), room))
