"""The form for a clip as people read it: its fields, what may be filled in, and which field is
wrong and why."""

from collections.abc import Mapping
from typing import Final

from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation
from generation.protocol.extensions.loops import Loop
from generation.protocol.messages import mark
from generation.protocol.request import (
    DEFAULTS,
    Endpoint,
    VideoSizePreset,
)
from generation.rules.forms.form import Form, FormField, FormValues
from generation.rules.limits import LimitName
from generation.text.clips import loop_words
from generation.text.controls.labels import TRY_AGAIN
from generation.text.dialect import PLAIN, Dialect, Markup, capital
from generation.text.errors import sentence, violation_sentence
from generation.text.help import EXAMPLE_PROMPT, MAKE_A_CLIP
from generation.text.options import ABOUT
from generation.text.rules.kinds import NO_STYLE

_LABELS: Final[Mapping[FormField, str]] = {
    FormField.PROMPT: mark("Prompt"),
    FormField.NEGATIVE: mark("Negative prompt"),
    FormField.QUALITY: mark("Quality"),
    FormField.SIZE: mark("Size"),
    FormField.MOTIONS: mark("Camera"),
    FormField.STYLE: mark("Style"),
    FormField.LOOP: mark("Loop"),
    FormField.FRAMES: mark("Frames"),
    FormField.SECONDS: mark("Seconds"),
    FormField.FPS: mark("Frames per second"),
    FormField.SMOOTH: mark("Smooth"),
    FormField.STEPS: mark("Steps"),
    FormField.GUIDANCE: mark("Guidance"),
    FormField.SEED: mark("Seed"),
    FormField.PRIVATE: mark("Only for me"),
    FormField.MORE: mark("More"),
}
_FIELD_OF: Final = {
    LimitName.MAX_FRAMES: FormField.FRAMES,
    LimitName.MAX_STEPS: FormField.STEPS,
    LimitName.MAX_PIXELS: FormField.SIZE,
    LimitName.ENDPOINTS: FormField.QUALITY,
}
"""Limits that one field of the form can keep; the others are said at the prompt."""
_QUALITIES: Final = {
    Endpoint.STANDARD: mark("standard (better)"),
    Endpoint.TURBO: mark("turbo (quicker)"),
}
CLOSE: Final = mark("Close")
_DRAFT_ROOM: Final = 300


def title_words(form: Form, d: Dialect = PLAIN) -> Markup:
    """Over the form: at most 24 characters, which is what Slack takes."""
    return d.gettext(MAKE_A_CLIP) if form.parent is None else d.gettext("Edit and run")


def submit_words(d: Dialect = PLAIN) -> Markup:
    """On the button that sends it off."""
    return d.gettext("Make it")


def label_words(field: FormField, d: Dialect = PLAIN) -> Markup:
    """A field's name."""
    return d.gettext(_LABELS[field])


def shape_words(d: Dialect = PLAIN) -> Markup:
    """Quality and size, where they are chosen together."""
    return d.gettext("Quality and size")


def where_words(d: Dialect = PLAIN) -> Markup:
    """Over the choice of a channel."""
    return d.gettext("Where to post it")


def close_words(d: Dialect = PLAIN) -> Markup:
    """On the button that closes the form."""
    return d.gettext(CLOSE)


def no_text_words(d: Dialect = PLAIN) -> Markup:
    """After "Animate this text" on a message without any."""
    return d.gettext("This message has no text to animate.")


def placeholder_words(field: FormField, d: Dialect = PLAIN) -> Markup:
    """What an empty field shows, or what is done where it stays empty."""
    match field:
        case FormField.PROMPT:
            return d.gettext(EXAMPLE_PROMPT)
        case FormField.NEGATIVE:
            return d.gettext("what to avoid; empty: the usual")
        case FormField.SECONDS:
            return d.gettext("empty: as many frames as above")
        case FormField.SEED:
            return d.gettext("empty: another one each time")
        case FormField.STEPS | FormField.GUIDANCE:
            standard, turbo = (getattr(DEFAULTS[each], field.value) for each in Endpoint)
            return d.gettext(
                "empty: {standard} for standard, {turbo} for turbo",
                standard=f"{standard:g}",
                turbo=f"{turbo:g}",
            )
        case _:
            return d.gettext("empty: the usual")


def quality_words(endpoint: Endpoint, d: Dialect = PLAIN) -> Markup:
    """A quality to choose: ``turbo (quicker)``."""
    return d.gettext(_QUALITIES[endpoint])


def size_words(size: str) -> Markup:
    """A size to choose: ``square (512×512)``, ``640×384``."""
    if size not in set(VideoSizePreset):
        return Markup(size.replace("x", "×"))
    width, height = VideoSizePreset(size).pixels
    return Markup(f"{size} ({width}×{height})")


def only_me_words(d: Dialect = PLAIN) -> Markup:
    """The choice that nobody else is to see the clip."""
    return d.gettext(ABOUT["private"])


def range_words(form: Form, field: FormField, d: Dialect = PLAIN) -> Markup:
    """Beside a number: ``1 to 24 here``."""
    low, high = form.bounds[field]
    return d.gettext("{low} to {high} here", low=f"{low:,}", high=f"{high:,}")


def loop_choice_words(loop: Loop, d: Dialect = PLAIN) -> Markup:
    """A loop to choose: ``seamless (seamless loop)``."""
    return capital(loop_words(loop, d))


def smooth_choice_words(fps: int, d: Dialect = PLAIN) -> Markup:
    """A rate to choose: ``24 frames per second``."""
    return d.gettext("{fps} frames per second", fps=fps)


def no_smooth_words(d: Dialect = PLAIN) -> Markup:
    """The choice of no more frames than are drawn."""
    return d.gettext("As drawn")


def no_loop_words(d: Dialect = PLAIN) -> Markup:
    """The choice of no loop."""
    return d.gettext("No loop")


def no_style_words(d: Dialect = PLAIN) -> Markup:
    """The choice of no style."""
    return d.gettext(NO_STYLE)


def lowered_words(form: Form, d: Dialect = PLAIN) -> Markup | None:
    """Which old values this server does not allow, and were changed; None where all stay."""
    if not form.lowered:
        return None
    fields = ", ".join(label_words(field, d).lower() for field in form.lowered)
    return d.gettext("Changed to what this {place} allows: {fields}", fields=fields)


def loading_words(d: Dialect = PLAIN) -> Markup:
    """While a form is being made ready."""
    return d.gettext("One moment…")


def kept_draft_words(values: FormValues, d: Dialect = PLAIN) -> Markup:
    """After a refused form: its text is not lost."""
    prompt = values.get(FormField.PROMPT, "")
    return d.gettext(
        "What you typed is kept for 15 minutes: “{prompt}”",
        prompt=Markup(d.quote(prompt, _DRAFT_ROOM)),
    )


def try_again_words(d: Dialect = PLAIN) -> Markup:
    """On the button that opens a form again with what was typed."""
    return d.gettext(TRY_AGAIN)


def late_form_words(d: Dialect = PLAIN) -> Markup:
    """Where a form could not be opened in time."""
    return d.gettext("The form could not be opened in time. Press the button to open it.")


def field_errors(error: FlipbookError, d: Dialect = PLAIN) -> Mapping[FormField, Markup]:
    """What is wrong, at the fields that can mend it; at the prompt where none can."""
    match error:
        case e.InvalidRequest():
            return _of_violations(error.violations, d)
        case e.LimitExceeded():
            limits = {name.value: field for name, field in _FIELD_OF.items()}
            return {limits.get(error.limit, FormField.PROMPT): sentence(error, d)}
        case e.StyleUnknown():
            return {FormField.STYLE: sentence(error, d)}
        case e.StyleTooLong():
            return {FormField(error.field): sentence(error, d)}
        case _:
            return {FormField.PROMPT: sentence(error, d)}


def _of_violations(violations: tuple[Violation, ...], d: Dialect) -> Mapping[FormField, Markup]:
    found: dict[FormField, Markup] = {}
    for violation in violations:
        field, said = named_violation(violation, d)
        found.setdefault(field, said)
    return found


def named_violation(violation: Violation, d: Dialect = PLAIN) -> tuple[FormField, Markup]:
    """A field that is wrong, and the sentence about it with the field's name in the form."""
    name, _, part = violation.field.partition(".")
    field = FormField(name) if name in set(FormField) else FormField.PROMPT
    label = f"{label_words(field)} ({part})" if part else str(label_words(field))
    return field, violation_sentence(Violation(label, violation.allowed, violation.given), d)
