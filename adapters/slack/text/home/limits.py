"""The form in which admins change the limits of their workspace, and what was changed in it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapters.slack.ids import LIMITS_FORM
from adapters.slack.models import Block
from adapters.slack.text.form import FormRefusal, chosen_in
from adapters.slack.text.markup import SLACK
from generation.domain.refs import Platform
from generation.protocol.errors import FlipbookError, InvalidRequest
from generation.rules.limits import LimitName, Limits
from generation.text.controls import home as words
from generation.text.dialect import capital, plain_for, utc_moment
from generation.text.errors import sentence
from generation.text.forms.fields import CLOSE
from generation.text.limits import limit_label, limit_range_words, limit_value, limit_words

View = dict[str, Any]
State = Mapping[str, Mapping[str, Mapping[str, Any]]]
PLAIN: Final = replace(plain_for(Platform.SLACK), when=utc_moment)
"""At a field Slack shows plain text."""
_LONGEST: Final = 60
_CUT: Final = 3_000


def limits_view(limits: Limits) -> View:
    """The form with what is set; it carries that along, so that only what was changed is saved."""
    shown = typed_values(limits)
    return {
        "type": "modal",
        "callback_id": LIMITS_FORM,
        "title": _plain(SLACK.gettext(words.CHANGE_LIMITS)),
        "submit": _plain(SLACK.gettext(words.SAVE)),
        "close": _plain(SLACK.gettext(CLOSE)),
        "private_metadata": json.dumps(shown, ensure_ascii=False)[:_CUT],
        "blocks": [_input(name, shown[name.value]) for name in LimitName],
    }


def typed_values(limits: Limits) -> dict[str, str]:
    """Each limit as an admin would type it."""
    return {name.value: str(limit_words(limits, name, PLAIN)) for name in LimitName}


def shown_before(metadata: str) -> Mapping[str, str]:
    """What stood in the form when it was opened; nothing where it cannot be read."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def changes_in(state: State, before: Mapping[str, str]) -> dict[str, object]:
    """The limits that were changed in the form. Raises WrongFields."""
    changes: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name in LimitName:
        text = chosen_in(state, name.value).strip()
        if name.value not in state or text == before.get(name.value):
            continue
        try:
            changes[name.value] = limit_value(name, text, PLAIN)
        except InvalidRequest as error:
            errors[name.value] = sentence(error, PLAIN)
    if errors:
        raise WrongFields(errors)
    return changes


class WrongFields(FlipbookError):
    """Fields of the form that are wrong, each with a sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def fields_refusal(errors: Mapping[str, str]) -> FormRefusal:
    """What is wrong, at its field."""
    return FormRefusal(" ".join(errors.values()), errors=errors)


def _input(name: LimitName, value: str) -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": name.value,
        "max_length": _LONGEST,
        "initial_value": value[:_LONGEST],
    }
    return {
        "type": "input",
        "block_id": name.value,
        "label": _plain(capital(limit_label(name, SLACK))),
        "hint": _plain(capital(limit_range_words(name, PLAIN))),
        "element": element,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
