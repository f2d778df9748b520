"""The form in which a member changes their own defaults, and what was changed in it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.slack.ids import DEFAULTS_FORM
from adapters.slack.models import Block
from adapters.slack.text.form import chosen_in
from adapters.slack.text.home.limits import PLAIN, State, WrongFields
from adapters.slack.text.markup import SLACK
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import Endpoint, VideoSizePreset
from generation.rules.choices import DEFAULT_NAMES, MemberChoices
from generation.rules.forms.form import FormField, values_of_choices
from generation.rules.forms.styles import Styles
from generation.rules.policy import MAX_ADDED_NEGATIVE
from generation.text.controls import home as words
from generation.text.dialect import capital
from generation.text.errors import sentence
from generation.text.forms import choices
from generation.text.forms.fields import CLOSE, label_words, quality_words, size_words

View = dict[str, Any]
_NONE: Final = "none"
_LONGEST: Final = 40
_CUT: Final = 3_000


def defaults_view(chosen: MemberChoices, styles: Styles) -> View:
    """The form with what is chosen; it carries that along, so that only what was changed is
    saved."""
    shown = typed_values(chosen)
    return {
        "type": "modal",
        "callback_id": DEFAULTS_FORM,
        "title": _plain(SLACK.gettext(words.MY_DEFAULTS)),
        "submit": _plain(SLACK.gettext(words.SAVE)),
        "close": _plain(SLACK.gettext(CLOSE)),
        "private_metadata": json.dumps(shown, ensure_ascii=False)[:_CUT],
        "blocks": [_input(name, shown[name], styles) for name in DEFAULT_NAMES],
    }


def typed_values(chosen: MemberChoices) -> dict[str, str]:
    """Each default as its member would type it."""
    given = values_of_choices(chosen)
    return {name: given.get(FormField(name), _NONE) for name in DEFAULT_NAMES}


def changes_in(state: State, before: Mapping[str, str]) -> dict[str, object]:
    """The defaults that were changed in the form. Raises WrongFields."""
    changes: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name in DEFAULT_NAMES:
        text = chosen_in(state, name).strip() or _NONE
        if name not in state or text == before.get(name):
            continue
        try:
            changes[name] = choices.default_value(name, text, PLAIN)
        except InvalidRequest as error:
            errors[name] = sentence(error, PLAIN)
    if errors:
        raise WrongFields(errors)
    return changes


def _input(name: str, value: str, styles: Styles) -> Block:
    hint = _plain(capital(choices.allowed_default_words(name, PLAIN)))
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": _plain(label_words(FormField(name), SLACK)),
        "hint": hint,
        "element": {"action_id": name, **_element(name, value, styles)},
    }


def _element(name: str, value: str, styles: Styles) -> Block:
    match FormField(name):
        case FormField.QUALITY:
            return _select([(e.label, quality_words(e, SLACK)) for e in Endpoint], value)
        case FormField.SIZE:
            # a size of one's own is none of the usual ones
            sizes = dict.fromkeys([*(p.value for p in VideoSizePreset), value])
            return _select([(size, size_words(size)) for size in sizes if size != _NONE], value)
        case FormField.STYLE:
            names = dict.fromkeys([*styles.names, value])
            return _select([(style, style) for style in names if style != _NONE], value)
        case _:
            is_text = name == FormField.NEGATIVE
            most = MAX_ADDED_NEGATIVE if is_text else _LONGEST
            given = {} if value == _NONE else {"initial_value": value[:most]}
            return {
                "type": "plain_text_input",
                "multiline": is_text,
                "max_length": most,
                **given,
            }


def _select(offered: Sequence[tuple[str, str]], value: str) -> Block:
    usual = (_NONE, str(choices.servers_choice_words(SLACK)))
    options = [{"text": _plain(label), "value": chosen} for chosen, label in (usual, *offered)]
    first = next((each for each in options if each["value"] == value), options[0])
    return {"type": "static_select", "options": options, "initial_option": first}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
