"""Draws forms as both chats show them, from the payloads that the bot sends."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import Any, Final

from discord.ui import Modal

from adapters.discord.ids import OpenedForm, modal_id
from adapters.discord.text.form import form_modal
from adapters.slack.text.form import FormPlace, form_view
from generation.protocol.extensions.capabilities import Capability
from generation.rules.forms.form import Form, FormField, form_of
from generation.rules.forms.styles import starter_styles
from generation.rules.limits import Limits

FORM: Final = form_of(
    {
        FormField.PROMPT: "a paper boat on a stormy sea,\nlightning in the distance",
        FormField.MOTIONS: "zoom-in",
        FormField.STYLE: "watercolor",
        FormField.FRAMES: "24",
        FormField.SEED: "42",
    },
    Limits(max_frames=24),
    starter_styles(),
    offered=frozenset(Capability),
)
"""What the pictures show filled in."""


def discord_form(form: Form = FORM) -> str:
    """The form for a clip."""
    return discord_modal(lambda: form_modal(form, modal_id(OpenedForm(None, "1"))))


def discord_modal(made: Callable[[], Modal]) -> str:
    """A modal, as HTML."""

    async def payload() -> Mapping[str, Any]:
        return made().to_dict()

    # a modal is made in a running loop, and there may be one already in this thread
    with ThreadPoolExecutor(1) as thread:
        modal = thread.submit(asyncio.run, payload()).result()
    return _frame(modal["title"], "".join(map(_part, modal["components"])), ["Cancel", "Submit"])


def slack_form(form: Form = FORM) -> str:
    """The form for a clip."""
    return slack_view(form_view(form, FormPlace(channel="C1")))


def slack_view(view: Mapping[str, Any]) -> str:
    """A view, as HTML."""
    fields = "".join(map(_block, view["blocks"]))
    labels = [view[name]["text"] for name in ("close", "submit") if name in view]
    return _frame(view["title"]["text"], fields, labels)


def _part(part: Mapping[str, Any]) -> str:
    if "label" not in part:
        return f'<div class="field">{escape(part["content"])}</div>'
    about = part.get("description") or ""
    return _field(part["label"], _drawn(part["component"]), about)


def _block(block: Mapping[str, Any]) -> str:
    if block["type"] != "input":
        return f'<div class="field">{escape(block["text"]["text"])}</div>'
    return _field(
        block["label"]["text"],
        _drawn(block["element"]),
        block.get("hint", {}).get("text", ""),
        is_optional=block.get("optional", False),
    )


def _frame(title: str, fields: str, buttons: list[str]) -> str:
    drawn = " ".join(f'<span class="button">{escape(label)}</span>' for label in buttons)
    return (
        f'<div class="form"><div class="head">{escape(title)}</div>{fields}'
        f'<div class="buttons">{drawn}</div></div>'
    )


def _field(label: str, inside: str, about: str, *, is_optional: bool = False) -> str:
    note = f'<div class="note">{escape(about)}</div>' if about else ""
    optional = '<span class="note"> (optional)</span>' if is_optional else ""
    return f'<div class="field"><div><b>{escape(label)}</b>{optional}</div>{inside}{note}</div>'


def _drawn(element: Mapping[str, Any]) -> str:
    """An input: its text, the choice of a list, or every choice with its mark."""
    if element.get("type") in {"checkboxes", "radio_buttons", 21, 22}:
        drawn = " ".join(f'<span class="choice">{each}</span>' for each in _choices(element))
        return f"<div>{drawn}</div>"
    chosen = element.get("initial_option") or next(
        (option for option in element.get("options", []) if option.get("default")), None
    )
    typed = element.get("initial_value") or element.get("value")
    if chosen is not None:
        return f'<div class="input">{escape(_name(chosen))} ▾</div>'
    if typed:
        lines = "<br>".join(escape(line) for line in str(typed).split("\n"))
        return f'<div class="input">{lines}</div>'
    empty = element.get("placeholder") or ""
    words = empty if isinstance(empty, str) else empty["text"]
    return f'<div class="input note">{escape(words)}</div>'


def _choices(element: Mapping[str, Any]) -> Iterator[str]:
    chosen = [element.get("initial_option"), *element.get("initial_options", [])]
    signs = "◉○" if element["type"] in {"radio_buttons", 21} else "☑☐"
    for option in element["options"]:
        is_chosen = bool(option.get("default")) or option in chosen
        yield f"{signs[0] if is_chosen else signs[1]} {escape(_name(option))}"


def _name(option: Mapping[str, Any]) -> str:
    return str(option.get("label") or option["text"]["text"])
