"""The form for a clip as Discord lays it out: five parts, of which the last line holds what the
others have no room for; and what was filled into it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord
from discord import ui

from adapters.discord.ids import draft_button_id
from adapters.discord.text.markup import DISCORD
from generation.protocol.request import Motion, bounds_of
from generation.rules.forms.form import Form, FormField, FormValues
from generation.text.dialect import excerpt
from generation.text.forms import fields as words
from generation.text.forms.pairs import pairs_in

_SHAPE: Final = "shape"
_PLACEHOLDER_ROOM: Final = 100
_MORE_ROOM: Final = 200
_MORE: Final[Mapping[str, FormField]] = {
    "style": FormField.STYLE,
    "frames": FormField.FRAMES,
    "seconds": FormField.SECONDS,
    "loop": FormField.LOOP,
    "smooth": FormField.SMOOTH,
    "fps": FormField.FPS,
    "steps": FormField.STEPS,
    "guidance": FormField.GUIDANCE,
    "seed": FormField.SEED,
    "private": FormField.PRIVATE,
    "size": FormField.SIZE,
}
"""What the last line takes, by the names that people type."""
_WRITTEN: Final = tuple(name for name in _MORE if name != "size")
_EXAMPLE: Final = (
    "style=film frames=16 fps=8 seconds=4 loop=seamless steps=25 guidance=7.5 seed=42 private=yes"
)


def form_modal(form: Form, custom_id: str) -> ui.Modal:
    """The form as a modal, stopped: discord.py keeps nothing of it. Needs a running loop."""
    modal = ui.Modal(title=words.title_words(form, DISCORD), custom_id=custom_id)
    for part in _parts(form):
        modal.add_item(part)
    modal.stop()
    return modal


def try_again_view(draft_id: str) -> ui.View:
    """The button that opens the form again with what was typed."""
    view = ui.View(timeout=None)
    view.add_item(
        ui.Button(
            label=words.try_again_words(DISCORD),
            emoji="✏️",
            custom_id=draft_button_id(draft_id),
            style=discord.ButtonStyle.secondary,
        )
    )
    view.stop()
    return view


def values_in(components: Sequence[Mapping[str, Any]]) -> FormValues:
    """What was filled in, from the components of a submitted modal; what is not there is empty."""
    filled = dict(_filled(components))
    quality, _, size = _text(filled.get(_SHAPE)).partition("/")
    values = {
        FormField.PROMPT: _text(filled.get(FormField.PROMPT)),
        FormField.NEGATIVE: _text(filled.get(FormField.NEGATIVE)),
        FormField.QUALITY: quality,
        FormField.SIZE: size,
        FormField.MOTIONS: _text(filled.get(FormField.MOTIONS)),
    }
    values |= _more_in(_text(filled.get(FormField.MORE)))
    return {field: text for field, text in values.items() if text.strip()}


def _parts(form: Form) -> Iterator[ui.Label[Any]]:
    yield _label(FormField.PROMPT, _paragraph(form, FormField.PROMPT))
    yield _label(FormField.NEGATIVE, _paragraph(form, FormField.NEGATIVE))
    shape = ui.Select[Any](custom_id=_SHAPE, options=list(_shapes(form)))
    yield ui.Label(text=words.shape_words(DISCORD), component=shape)
    chosen = form.value(FormField.MOTIONS).split(",")
    motions = [
        discord.CheckboxGroupOption(label=each, value=each, default=each in chosen)
        for each in Motion
    ]
    camera = ui.CheckboxGroup[Any](
        custom_id=FormField.MOTIONS, required=False, min_values=0, options=motions
    )
    yield _label(FormField.MOTIONS, camera)
    more = ui.TextInput[Any](
        custom_id=FormField.MORE,
        required=False,
        max_length=_MORE_ROOM,
        placeholder=excerpt(", ".join(form.styles), _PLACEHOLDER_ROOM) if form.styles else None,
        default=_more_line(form)[:_MORE_ROOM] or None,
    )
    about = words.lowered_words(form, DISCORD)
    yield _label(FormField.MORE, more, excerpt(about or _EXAMPLE, _PLACEHOLDER_ROOM))


def _label(field: FormField, component: ui.Item[Any], about: str | None = None) -> ui.Label[Any]:
    return ui.Label(text=words.label_words(field, DISCORD), description=about, component=component)


def _paragraph(form: Form, field: FormField) -> ui.TextInput[Any]:
    shortest, longest = bounds_of(field.value)
    return ui.TextInput(
        custom_id=field.value,
        style=discord.TextStyle.paragraph,
        required=shortest > 0,
        max_length=longest,
        placeholder=words.placeholder_words(field, DISCORD),
        # Discord takes no text that is longer than its own field
        default=form.value(field)[:longest] or None,
    )


def _shapes(form: Form) -> Iterator[discord.SelectOption]:
    chosen = (form.value(FormField.QUALITY), form.value(FormField.SIZE))
    for quality in form.qualities:
        for size in form.sizes:
            yield discord.SelectOption(
                label=f"{quality.label} · {words.size_words(size)}",
                value=f"{quality.label}/{size}",
                default=(quality.label, size) == chosen,
            )


def _more_line(form: Form) -> str:
    """The values of the fields that have no part of their own, where they are not the usual
    ones."""
    if unread := form.value(FormField.MORE):
        return unread
    written = ((name, _MORE[name], form.value(_MORE[name])) for name in _WRITTEN)
    return " ".join(
        f"{name}={text}" for name, field, text in written if text and text != form.usual.get(field)
    )


def _more_in(text: str) -> dict[FormField, str]:
    """The fields in the last line; the line as it is, where a part of it cannot be read."""
    before, pairs = pairs_in(text)
    if before or not pairs.keys() <= _MORE.keys():
        return {FormField.MORE: text}
    return {_MORE[name]: value for name, value in pairs.items() if value}


def _filled(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, object]]:
    """Each field's custom_id and value, in labels and in rows alike."""
    for part in components:
        inside = [part["component"]] if "component" in part else part.get("components", [])
        for field in inside:
            if "custom_id" in field:
                yield field["custom_id"], field.get("values", field.get("value"))


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
