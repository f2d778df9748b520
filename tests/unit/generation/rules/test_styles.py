"""Prompt styles: names, words, what is joined, and what is refused."""

import pytest

from factories import a_job, a_request
from generation.domain.style import MAX_WORDS, PromptStyle, styled
from generation.protocol.errors import InvalidRequest, StyleTooLong, StyleUnknown
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint, VideoSizePreset
from generation.rules.forms.styles import MAX_STYLES, Styles, starter_styles, style_of, with_shape
from generation.rules.limits import Limits
from generation.text.forms.styles import style_lines

FILM = PromptStyle(name="film", prefix="film still", suffix="grain, ", negative_prompt="cartoon")


def test_there_is_a_good_starter_set() -> None:
    names = starter_styles().names
    assert len(names) >= 8
    assert {"anime", "film", "pixel art", "watercolor", "claymation"} <= set(names)
    for style in starter_styles().styles:
        assert style.prefix
        assert style.negative_prompt
        assert len(styled(a_request(prompt="x" * 1_800), style).prompt) <= 2_000
    assert len(style_lines(starter_styles())) == len(names) + 1


@pytest.mark.parametrize("typed", ["pixel art", "Pixel-Art", " pixel_art ", "PIXEL  ART"])
def test_a_name_is_found_however_it_is_typed(typed: str) -> None:
    assert starter_styles().named(typed).name == "pixel art"


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(StyleUnknown) as refused:
        Styles(styles=(FILM,)).named("dance")
    assert refused.value.known == ("film",)


def test_a_style_stands_around_the_members_words() -> None:
    request = a_request(prompt="a fox, ")
    sent = styled(request, FILM)
    assert sent.prompt == "film still, a fox, grain"
    assert sent.negative_prompt == f"{DEFAULT_NEGATIVE_PROMPT}, cartoon"
    assert sent.model_copy(update={"prompt": request.prompt, "negative_prompt": request.negative_prompt}) == request
    job = a_job(request=request, style=FILM)
    assert (job.request, job.sent_request) == (request, sent)
    assert a_job(request=request).sent_request is job.request


@pytest.mark.parametrize(("field", "room"), [("prompt", 2_000 - 19), ("negative_prompt", 2_000 - 9)])
def test_prompt_and_style_together_are_no_longer_than_a_prompt_may_be(field: str, room: int) -> None:
    assert len(getattr(styled(a_request(**{field: "x" * room}), FILM), field)) == 2_000
    with pytest.raises(StyleTooLong) as refused:
        styled(a_request(**{field: "x" * (room + 1)}), FILM)
    assert (refused.value.field, refused.value.allowed, refused.value.given) == (field, room, room + 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 31}, "name"),
        ({"name": "a=b"}, "name"),
        ({"name": "a,b"}, "name"),
        ({"name": "<@U1>"}, "name"),
        ({"name": "a", "prefix": "x" * (MAX_WORDS + 1)}, "prefix"),
        ({"name": "a", "suffix": "a\0b"}, "suffix"),
        ({"name": "a", "endpoint": "quick"}, "endpoint"),
        ({"name": "a", "video_size": "huge"}, "video_size"),
        ({"name": "a", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_part_of_a_style_is_named(values: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        style_of(values)
    assert [violation.field for violation in refused.value.violations] == [field]


def test_styles_are_added_changed_and_removed_by_name() -> None:
    styles = Styles().added(FILM).added(style_of({"name": "Low  Poly"}))
    assert styles.names == ("film", "low poly")
    assert styles.edited("LOW-poly", {"name": "lowpoly", "suffix": "facets"}).named("lowpoly").suffix == "facets"
    assert styles.removed("film").names == ("low poly",)
    for refused in (
        lambda: styles.added(style_of({"name": "FILM"})),
        lambda: styles.edited("film", {"name": "low-poly"}),
        lambda: styles.edited("film", {"prefix": "x" * 500}),
    ):
        with pytest.raises(InvalidRequest):
            refused()
    for missing in (lambda: styles.removed("ink"), lambda: styles.edited("ink", {})):
        with pytest.raises(StyleUnknown):
            missing()
    full = Styles(styles=tuple(PromptStyle(name=f"s {number}") for number in range(MAX_STYLES)))
    with pytest.raises(InvalidRequest):
        full.added(FILM)


def test_a_styles_shape_is_taken_where_the_member_chose_none_and_the_limits_allow_it() -> None:
    quick = PromptStyle(name="quick", endpoint=Endpoint.TURBO, video_size=VideoSizePreset.SQUARE_HD)
    shaped = with_shape(a_request(), quick, Limits())
    assert (shaped.endpoint, shaped.pixels, shaped.num_inference_steps) == (Endpoint.TURBO, (1024, 1024), 4)
    chosen = a_request(endpoint=Endpoint.STANDARD, video_size="portrait_4_3")
    assert with_shape(chosen, quick, Limits()) == chosen
    narrow = Limits(endpoints=frozenset({Endpoint.STANDARD}), max_pixels=512 * 512)
    assert with_shape(a_request(), quick, narrow) == a_request()
