"""Scenes of a prompt: the syntaxes that people paste, what is no scene, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_channel, a_request, a_user
from generation.domain.prompt_syntax import plain_prompt
from generation.domain.style import PromptStyle, styled
from generation.protocol.errors import InvalidRequest, PromptBlocked
from generation.protocol.extensions.capabilities import Capability, needed_by
from generation.protocol.extensions.checks import check_extensions
from generation.protocol.extensions.scenes import Scene, scenes_in, written
from generation.rules.policy import Asker, Policy

SEASONS = "0: spring | 16: winter"


@pytest.mark.parametrize(
    ("prompt", "scenes"),
    [
        (SEASONS, [(0, "spring"), (16, "winter")]),
        (" 4:a cat|  12 : a dog ", [(4, "a cat"), (12, "a dog")]),
        (
            "1girl, best quality,\n0: closed mouth\n8: open mouth\n\nsmile",
            [(0, "1girl, best quality, closed mouth, smile"), (8, "1girl, best quality, open mouth, smile")],
        ),
        ('{"0": "a", "64": "b\\nc"}', [(0, "a"), (64, "b c")]),
        (
            '{"head_prompt": "x,", "prompt_map": {"0": "a", "8": "b | c"}, "tail_prompt": "y"}',
            [(0, "x, a, y"), (8, "x, b , c, y")],
        ),
        ("0: at 10:30 | 8: (noon:1.2)", [(0, "at 10:30"), (8, "(noon:1.2)")]),
    ],
)
def test_scenes_are_read_as_people_write_them(prompt, scenes):
    assert [(scene.frame, scene.words) for scene in scenes_in(prompt)] == scenes
    # and written so that they are read as the same
    assert scenes_in(written(scenes_in(prompt))) == scenes_in(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "a clock at 12: noon | night",
        "a cat | a dog",
        "score 0: 1 wins",
        "at 10:30 the train leaves",
        "0: only one",
        "0: a |",
        "0: | 8: b",
        "0: a\nbetween\n8: b",
        "{",
        "{}",
        '{"0": "a"}',
        '{"0": "a", "8": ""}',
        '{"0": "a", "x": "b"}',
        '{"0": {"a": 1}, "8": "b"}',
        '{"prompt_map": 7}',
        '{"0": "a\\u0000b", "8": "c"}',
        '{"0": "\\ud800", "8": "c"}',
        "{" * 2000,
    ],
)
def test_anything_else_is_a_prompt_like_any_other(prompt):
    assert scenes_in(prompt) == ()
    assert needed_by(a_request(prompt=prompt)) == frozenset()


@given(st.text('01: |\n{}"ab,', max_size=60))
def test_no_text_is_too_odd(text):
    scenes = scenes_in(text)
    assert len(scenes) != 1
    assert scenes_in(written(scenes)) == scenes


@pytest.mark.parametrize(
    "prompt",
    [
        "8: a | 0: b",
        "0: a | 0: b",
        "0: a | 16: b",
        "0: a | 9999: b",
        " | ".join(f"{frame}: a" for frame in range(17)),
        # the first line is in every scene
        "\n".join(["a" * 1000, "0: b", "4: c", "8: d"]),
    ],
)
def test_scenes_out_of_order_past_the_end_too_many_or_too_long_are_refused(prompt):
    with pytest.raises(InvalidRequest) as refused:
        check_extensions(a_request(prompt=prompt, num_frames=16))
    assert [violation.field for violation in refused.value.violations] == ["prompt"]


def test_a_backend_must_offer_scenes():
    assert needed_by(a_request(prompt=SEASONS)) == {Capability.SCENES}
    assert a_request(prompt=SEASONS).is_extended


def test_a_style_is_worn_in_every_scene_and_syntax_taken_out_of_every_scene():
    style = PromptStyle(name="film", prefix="film still", suffix="grain")
    worn = styled(a_request(prompt=SEASONS), style).prompt
    assert worn == "0: film still, spring, grain | 16: film still, winter, grain"
    assert plain_prompt("0: a <lora:x:1> cat\n8: dog BREAK sun").text == "0: a cat | 8: dog, sun"


@pytest.mark.parametrize(
    "prompt",
    ["0: a cat | 8: gore", "a fine\n0: red blood\n8: b", "0: red\n8: green\nblood", '{"0": "x", "8": "go\\u0072e"}'],
)
def test_blocked_terms_are_found_in_every_scene(prompt):
    policy = Policy(blocked_terms=frozenset({"gore", "red blood", "green, blood"}))
    with pytest.raises(PromptBlocked):
        policy.check(a_request(prompt=prompt), Asker(a_user(), a_channel()))


def test_scenes_are_values():
    assert Scene(0, "a") == scenes_in("0: a | 8: b")[0]
