"""The form for a clip as Slack lays it out: a view with an input for each field; and what was
filled into it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.slack.errors import AccessRefused
from adapters.slack.ids import DRAFT_ACTION, EDIT_ACTION, FORM, WHERE
from adapters.slack.models import Act, Block, SlackContent
from adapters.slack.text.markup import SLACK
from adapters.slack.text.render import error_sentence
from generation.domain.refs import Platform
from generation.protocol.errors import FlipbookError
from generation.protocol.request import Motion, bounds_of
from generation.rules.forms.form import NO_SMOOTH, NUMBERS, Form, FormField, FormValues
from generation.text.dialect import Dialect, plain_for, utc_moment
from generation.text.forms import fields as words
from generation.text.help import MAKE_A_CLIP

_PLAIN: Final = replace(plain_for(Platform.SLACK), when=utc_moment)
View = dict[str, Any]
_NO_STYLE: Final = "-"
_NO_LOOP: Final = "none"


class FormPlace(BaseModel):
    """Where a form was opened, and the clip that it edits. It decides nothing: who may ask where is
    checked when the form is sent off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: int = Field(default=1, ge=1, le=1)
    channel: str = Field(default="", max_length=32)
    thread: str | None = Field(default=None, max_length=32)
    direct: bool = False
    answers: str | None = Field(default=None, max_length=500)
    """A ``response_url``, for answers that come after the form has closed."""
    parent: str | None = Field(default=None, pattern=r"^[0-9a-f]{24}$")

    @classmethod
    def of(cls, act: Act, parent: str | None) -> Self:
        """The place of an act."""
        return cls(
            channel=act.channel,
            thread=act.thread,
            direct=act.is_direct,
            answers=act.response_url,
            parent=parent,
        )

    @classmethod
    def parse(cls, metadata: str) -> Self | None:
        """A form's ``private_metadata``; None for one of another version."""
        try:
            return cls.model_validate_json(metadata)
        except ValidationError:
            return None

    def written(self) -> str:
        """As ``private_metadata``: a few hundred of the 3,000 characters that Slack takes."""
        return self.model_dump_json(exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class FormRefusal(SlackContent):
    """A form that was not taken: ``errors`` are shown at its fields while it is open, the rest is
    for afterwards."""

    errors: Mapping[str, str] = field(default_factory=dict)


def loading_view() -> View:
    """What is shown at once, until the form is ready."""
    return _view(SLACK.gettext(MAKE_A_CLIP), [_section(words.loading_words(SLACK))])


def refused_view(sentence: str) -> View:
    """Instead of a form that cannot be filled in."""
    return _view(SLACK.gettext(MAKE_A_CLIP), [_section(sentence)])


def form_view(form: Form, place: FormPlace, *, asks_where: bool = False) -> View:
    """The form; ``asks_where``: it was opened outside of any channel."""
    blocks = [_section(lowered)] if (lowered := words.lowered_words(form, SLACK)) else []
    blocks += [_where()] if asks_where else []
    blocks += _inputs(form)
    return {
        **_view(words.title_words(form, SLACK), blocks),
        "callback_id": FORM if form.parent is None else EDIT_ACTION,
        "submit": _plain(words.submit_words(SLACK)),
        "private_metadata": place.written(),
    }


def again_content(text: str, draft_id: str) -> SlackContent:
    """A sentence with the button that opens the form again with what was typed."""
    return SlackContent(text, _again_blocks(text, draft_id))


def form_refusal(error: FlipbookError, values: FormValues, draft_id: str) -> FormRefusal:
    """What is wrong at which field; and afterwards the beginning of what was typed, and a button
    that opens all of it."""
    said = " ".join(_errors(error, SLACK).values())
    text = f"{said}\n{words.kept_draft_words(values, SLACK)}"
    # at a field Slack shows plain text
    errors = {field.value: said for field, said in _errors(error, _PLAIN).items()}
    return FormRefusal(text, _again_blocks(text, draft_id), errors=errors)


def _errors(error: FlipbookError, d: Dialect) -> Mapping[FormField, str]:
    if isinstance(error, AccessRefused):
        # without the bot's id, which is shown as a name in messages only
        known = error if d is SLACK else AccessRefused(error.problem)
        return {FormField.PROMPT: error_sentence(known)}
    return words.field_errors(error, d)


def values_in(state: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> FormValues:
    """What was filled in, from a submitted view's values; what is not there is empty."""
    values = {field: chosen_in(state, field.value) for field in FormField}
    if values[FormField.STYLE] == _NO_STYLE:
        values[FormField.STYLE] = ""
    return {field: text for field, text in values.items() if text.strip()}


def chosen_in(state: Mapping[str, Mapping[str, Mapping[str, Any]]], name: str) -> str:
    """One input's value as text; empty where there is none."""
    given = state.get(name, {}).get(name, {})
    if "selected_options" in given:
        return ",".join(str(each["value"]) for each in given["selected_options"] or [])
    option = given.get("selected_option")
    value = option["value"] if option else given.get("value", given.get("selected_conversation"))
    return "" if value is None else str(value)


def _inputs(form: Form) -> list[Block]:
    numbers = (_number(form, each) for each in NUMBERS)
    return [*_texts(form), *_choices(form), *numbers, _private(form)]


def _texts(form: Form) -> Iterator[Block]:
    for name in (FormField.PROMPT, FormField.NEGATIVE):
        shortest, longest = bounds_of(name.value)
        element = {
            "type": "plain_text_input",
            "multiline": True,
            "max_length": longest,
            "placeholder": _plain(words.placeholder_words(name, SLACK)),
            **({"initial_value": text[:longest]} if (text := form.value(name)) else {}),
        }
        yield _input(name, element, optional=shortest == 0)


def _choices(form: Form) -> Iterator[Block]:
    qualities = [_option(e.label, words.quality_words(e, SLACK)) for e in form.qualities]
    yield _input(FormField.QUALITY, _one_of("radio_buttons", qualities, form, FormField.QUALITY))
    sizes = [_option(size, words.size_words(size)) for size in form.sizes]
    yield _input(FormField.SIZE, _one_of("static_select", sizes, form, FormField.SIZE))
    if form.styles:
        styles = [_option(name, name) for name in form.styles]
        none = _option(_NO_STYLE, words.no_style_words(SLACK))
        element = _one_of("static_select", [none, *styles], form, FormField.STYLE)
        yield _input(FormField.STYLE, {"initial_option": none, **element}, optional=True)
    if form.loops:
        loops = [_option(loop.value, words.loop_choice_words(loop, SLACK)) for loop in form.loops]
        none = _option(_NO_LOOP, words.no_loop_words(SLACK))
        element = _one_of("static_select", [none, *loops], form, FormField.LOOP)
        yield _input(FormField.LOOP, {"initial_option": none, **element}, optional=True)
    if form.smooth:
        rates = [_option(str(fps), words.smooth_choice_words(fps, SLACK)) for fps in form.smooth]
        none = _option(NO_SMOOTH, words.no_smooth_words(SLACK))
        element = _one_of("static_select", [none, *rates], form, FormField.SMOOTH)
        yield _input(FormField.SMOOTH, {"initial_option": none, **element}, optional=True)
    motions = [_option(motion.value, motion.value) for motion in Motion]
    chosen = [each for each in motions if each["value"] in form.value(FormField.MOTIONS).split(",")]
    camera: Block = {"type": "checkboxes", "options": motions}
    # Slack takes no empty list here
    camera |= {"initial_options": chosen} if chosen else {}
    yield _input(FormField.MOTIONS, camera, optional=True)


def _private(form: Form) -> Block:
    yes = [_option("yes", words.only_me_words(SLACK))]
    chosen = {"initial_options": yes} if form.value(FormField.PRIVATE) == "yes" else {}
    element = {"type": "checkboxes", "options": yes, **chosen}
    return _input(FormField.PRIVATE, element, optional=True)


def _number(form: Form, name: FormField) -> Block:
    low, high = form.bounds[name]
    text = form.value(name)
    element = {
        "type": "number_input",
        "is_decimal_allowed": name in {FormField.GUIDANCE, FormField.SECONDS},
        "min_value": str(low),
        "max_value": str(high),
        "placeholder": _plain(words.placeholder_words(name, SLACK)),
        **({"initial_value": text} if text else {}),
    }
    hint = words.range_words(form, name, SLACK)
    return {**_input(name, element, optional=True), "hint": _plain(hint)}


def _where() -> Block:
    element = {
        "type": "conversations_select",
        "action_id": WHERE,
        "default_to_current_conversation": True,
        "filter": {"exclude_external_shared_channels": True, "exclude_bot_users": True},
    }
    label = _plain(words.where_words(SLACK))
    return {"type": "input", "block_id": WHERE, "label": label, "element": element}


def _input(name: FormField, element: Block, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": name.value,
        "label": _plain(words.label_words(name, SLACK)),
        "optional": optional,
        "element": {**element, "action_id": name.value},
    }


def _one_of(kind: str, options: list[Block], form: Form, name: FormField) -> Block:
    chosen = [option for option in options if option["value"] == form.value(name)]
    # it must be one of the options, exactly
    return {"type": kind, "options": options, **({"initial_option": chosen[0]} if chosen else {})}


def _option(value: str, label: str) -> Block:
    return {"text": _plain(label), "value": value}


def _again_blocks(text: str, draft_id: str) -> list[Block]:
    button: Block = {
        "type": "button",
        "action_id": DRAFT_ACTION,
        "text": _plain(f"✏️ {words.try_again_words(SLACK)}"),
        "value": draft_id,
    }
    return [_section(text), {"type": "actions", "elements": [button]}]


def _view(title: str, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "title": _plain(title),
        "close": _plain(words.close_words(SLACK)),
        "blocks": blocks,
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
