"""Every sentence of the form for a clip, for the tests of the catalogue."""

from collections.abc import Iterator

from generation.domain.job import JobId
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import Endpoint, VideoSizePreset
from generation.rules.choices import MemberChoices, OwnChoices
from generation.rules.forms.form import NUMBERS, Form, FormField, form_of
from generation.rules.forms.styles import starter_styles
from generation.rules.limits import Limits
from generation.rules.policy import NotifyWhen, Policy
from generation.text.dialect import Dialect
from generation.text.errors import sentence
from generation.text.forms import choices
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


def the_choices() -> Iterator[OwnChoices]:
    """Of a member who has chosen nothing, of one who has chosen everything, and of one who may not have it all."""
    policy = Policy(default_quality=Endpoint.TURBO, default_frames=8)
    full = MemberChoices(
        endpoint=Endpoint.STANDARD,
        video_size=VideoSizePreset.SQUARE_HD,
        style="x" * 30,
        negative_prompt="<&*_" * 125,
        num_frames=32,
        fps=30,
        num_inference_steps=50,
    )
    for notify in (None, *NotifyWhen):
        yield OwnChoices(MemberChoices(notify=notify), policy, Limits())
    yield OwnChoices(full, policy, Limits())
    yield OwnChoices(full, policy, Limits(max_frames=1, max_steps=1, max_pixels=64 * 64))


def refused_choice(name: str, d: Dialect) -> str:
    """What is said of a value that cannot be."""
    try:
        if name == "notify":
            choices.notify_value("sometimes", d)
        else:
            choices.default_value(choices.default_named(name, d), "?" * 501, d)
    except InvalidRequest as error:
        return sentence(error, d)
    return "X"


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
    yield from (
        (words, False)
        for words in (
            forms.no_style_words(d),
            forms.no_loop_words(d),
            forms.no_smooth_words(d),
            forms.smooth_choice_words(24, d),
        )
    )
    for error in the_errors():
        yield from ((said, True) for said in forms.field_errors(error, d).values())
    for own in the_choices():
        yield from ((line, True) for line in (*choices.notify_lines(own, d), *choices.defaults_lines(own, d)))
    yield choices.how_to_change_words(d), True
    yield from ((words, False) for words, _ in choices.notify_choices(d))
    for wrong in ("frames", "style", "size", "quality", "negative", "notify", "colour"):
        yield refused_choice(wrong, d), True
    yield forms.named_violation(Violation("video_size.width", "a multiple of 8", "650"), d)[1], True
