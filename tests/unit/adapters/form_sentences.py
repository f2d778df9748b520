"""Every sentence of the form for a clip, for the tests of the catalogue."""

from collections.abc import Iterator

from generation.domain.job import JobId
from generation.protocol.errors import Violation
from generation.protocol.request import Endpoint
from generation.rules.forms.form import NUMBERS, Form, FormField, form_of
from generation.rules.forms.styles import starter_styles
from generation.rules.limits import Limits
from generation.text.dialect import Dialect
from generation.text.forms import fields as forms
from unit.adapters.sentence_examples import the_errors

WHOLE = (
    forms.shape_words,
    forms.no_text_words,
    forms.where_words,
    forms.close_words,
    forms.submit_words,
    forms.loading_words,
    forms.try_again_words,
    forms.late_form_words,
)


def the_forms() -> Iterator[Form]:
    """An empty form, a full one, and one with values that the server does not allow."""
    full = {
        FormField.PROMPT: "<&*" * 666,
        FormField.NEGATIVE: "_&" * 1_000,
        FormField.QUALITY: "turbo",
        FormField.SIZE: "1536x680",
        FormField.MOTIONS: "zoom-in,zoom-out,pan-left,pan-right,tilt-up,tilt-down",
        FormField.STYLE: "paper cutout",
        FormField.FRAMES: "32",
        FormField.FPS: "30",
        FormField.STEPS: "50",
        FormField.GUIDANCE: "19.75",
        FormField.SEED: str(2**32 - 1),
    }
    narrow = Limits(max_frames=1, max_steps=1, max_pixels=64 * 64, endpoints=frozenset({Endpoint.TURBO}))
    yield form_of({}, Limits(), starter_styles())
    yield form_of(full, Limits(), starter_styles(), parent=JobId("f" * 24))
    yield form_of({**full, FormField.QUALITY: "standard", FormField.STYLE: "gone"}, narrow, starter_styles())


def form_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """Each text, and whether it begins like a sentence."""
    for form in the_forms():
        yield forms.title_words(form, d), True
        yield from ((forms.range_words(form, field, d), False) for field in NUMBERS)
        yield from ((forms.size_words(size), False) for size in form.sizes)
        yield forms.lowered_words(form, d) or "X", True
        yield forms.kept_draft_words(form.values, d), True
    for field in FormField:
        yield forms.label_words(field, d), True
        yield forms.placeholder_words(field, d), False
    yield from ((forms.quality_words(endpoint, d), False) for endpoint in Endpoint)
    yield from ((words(d), True) for words in WHOLE)
    yield forms.no_style_words(d), False
    for error in the_errors():
        yield from ((said, True) for said in forms.field_errors(error, d).values())
    yield forms.named_violation(Violation("video_size.width", "a multiple of 8", "650"), d)[1], True
