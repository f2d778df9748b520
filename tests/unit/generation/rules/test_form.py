"""The form for a clip: what stands in it, what may be chosen, what is read back, and which field is wrong."""

import pytest

from factories import a_job, a_request
from generation.domain.style import PromptStyle
from generation.protocol import errors as e
from generation.protocol.request import MAX_SEED, Endpoint, Motion
from generation.rules.forms.form import FormField, form_of, pixels_in, request_in, values_of
from generation.rules.forms.styles import Styles, starter_styles
from generation.rules.limits import LimitName, Limits
from generation.text.forms.fields import field_errors, lowered_words

F = FormField
NARROW = Limits(max_frames=8, max_steps=10, max_pixels=256 * 256, endpoints=frozenset({Endpoint.TURBO}))
FULL = {
    F.PROMPT: "a fox,\nin snow",
    F.NEGATIVE: "blurry",
    F.QUALITY: "turbo",
    F.SIZE: "640x384",
    F.MOTIONS: "zoom-in,pan-left",
    F.STYLE: "film",
    F.FRAMES: "24",
    F.FPS: "12",
    F.STEPS: "6",
    F.GUIDANCE: "1.5",
    F.SEED: "0",
}


def seven() -> int:
    return 7


def test_an_untouched_form_asks_for_the_usual_clip() -> None:
    form = form_of({}, Limits(), starter_styles())
    assert form.values == {F.QUALITY: "standard", F.SIZE: "square", F.FRAMES: "16", F.FPS: "8"}
    assert (form.qualities, form.styles, form.lowered) == (tuple(Endpoint), starter_styles().names, ())
    assert form.bounds[F.FRAMES] == (1, 32)
    assert form.bounds[F.SEED] == (0, MAX_SEED)
    wanted = request_in({**form.values, F.PROMPT: " a fox "}, seven)
    assert (wanted.request.model_dump(), wanted.style) == (a_request(prompt="a fox", seed=7).model_dump(), None)


def test_what_was_filled_in_comes_back_and_makes_the_same_clip() -> None:
    request, style, _ = request_in(FULL, seven)
    job = a_job(request=request, style=PromptStyle(name=style or ""))
    assert values_of(job) == FULL
    assert request_in(values_of(job), seven) == (request, "film", False)
    assert request.motions == (Motion.ZOOM_IN, Motion.PAN_LEFT)
    assert form_of(FULL, Limits(), starter_styles()).values == FULL
    assert "640x384" in form_of(FULL, Limits(), starter_styles()).sizes


def test_the_defaults_of_a_quality_are_not_carried_into_another() -> None:
    values = values_of(a_job(request=a_request(endpoint=Endpoint.STANDARD)))
    assert F.STEPS not in values
    assert F.NEGATIVE not in values
    request, _, _ = request_in({**values, F.QUALITY: "turbo"}, seven)
    assert (request.num_inference_steps, request.guidance_scale) == (4, 1)


def test_a_form_never_opens_with_what_the_server_does_not_allow() -> None:
    form = form_of({**FULL, F.QUALITY: "standard", F.STEPS: "25", F.STYLE: "gone"}, NARROW, starter_styles())
    assert {field: form.value(field) for field in (F.QUALITY, F.SIZE, F.FRAMES, F.STEPS, F.STYLE)} == {
        F.QUALITY: "turbo",
        F.SIZE: "256x256",
        F.FRAMES: "8",
        F.STEPS: "10",
        F.STYLE: "",
    }
    assert form.lowered == (F.QUALITY, F.SIZE, F.STYLE, F.FRAMES, F.STEPS)
    assert lowered_words(form) == "Changed to what this machine allows: quality, size, style, frames, steps"
    assert (form.sizes, form.qualities) == (("256x256",), (Endpoint.TURBO,))
    with pytest.raises(e.LimitExceeded):
        form_of({}, Limits(endpoints=frozenset()), Styles())


def test_a_styles_shape_stands_in_the_form_where_nothing_else_was_asked_for() -> None:
    styles = Styles(styles=(PromptStyle(name="quick", endpoint=Endpoint.TURBO, video_size="square_hd"),))  # type: ignore[arg-type]
    form = form_of({F.STYLE: "Quick"}, Limits(), styles)
    assert (form.value(F.QUALITY), form.value(F.SIZE), form.lowered) == ("turbo", "square_hd", ())
    assert form_of({F.STYLE: "quick", F.QUALITY: "standard"}, Limits(), styles).value(F.QUALITY) == "standard"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        (
            {F.PROMPT: "  "},
            F.PROMPT,
            "Prompt must be 1 to 2,000 characters",
        ),
        (
            {F.PROMPT: "x" * 4_000},
            F.PROMPT,
            "Prompt must be 1 to 2,000 characters",
        ),
        ({F.NEGATIVE: "x" * 2_001}, F.NEGATIVE, "Negative prompt must be at most 2,000 characters"),
        ({F.FRAMES: "33"}, F.FRAMES, "Frames must be a whole number from 1 to 32, not '33'."),
        ({F.FRAMES: "many"}, F.FRAMES, "Frames must be a whole number"),
        ({F.SEED: "-1"}, F.SEED, "Seed must be a whole number from 0 to 4294967295"),
        ({F.GUIDANCE: "nan"}, F.GUIDANCE, "Guidance must be a number from 0 to 20"),
        ({F.SIZE: "650x384"}, F.SIZE, "Size (width) must be a multiple of 8"),
        ({F.SIZE: "huge"}, F.SIZE, "Size must be square_hd"),
        ({F.QUALITY: "fast"}, F.QUALITY, "Quality must be "),
        ({F.MOTIONS: "spin"}, F.MOTIONS, "Camera must be any of"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changes: dict[FormField, str], field: FormField, said: str) -> None:
    with pytest.raises(e.InvalidRequest) as refused:
        request_in({**FULL, **changes}, seven)
    errors = field_errors(refused.value)
    assert list(errors) == [field]
    assert errors[field].startswith(said)


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (e.LimitExceeded(LimitName.MAX_FRAMES, allowed="8", used="16"), F.FRAMES),
        (e.LimitExceeded(LimitName.MAX_PIXELS, allowed="65536", used="512×512"), F.SIZE),
        (e.LimitExceeded(LimitName.ENDPOINTS, allowed="turbo", used="standard"), F.QUALITY),
        (e.LimitExceeded(LimitName.USER_CLIPS_PER_DAY, allowed="8", used="8"), F.PROMPT),
        (e.StyleUnknown("film"), F.STYLE),
        (e.StyleTooLong("film", "negative_prompt", allowed=1, given=2), F.NEGATIVE),
        (e.PromptBlocked("gore"), F.PROMPT),
        (e.FlipbookError(), F.PROMPT),
    ],
)
def test_every_refusal_has_a_field(error: e.FlipbookError, field: FormField) -> None:
    assert list(field_errors(error)) == [field]


def test_sizes_are_compared_by_their_pixels() -> None:
    sizes = ("square", "640×384", " 8 x 8", "huge", "")
    assert [pixels_in(size) for size in sizes] == [262_144, 245_760, 64, None, None]
