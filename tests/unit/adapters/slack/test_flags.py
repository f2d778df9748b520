"""What members type after ``/animate``: a flag never becomes part of the prompt; what may be two things is refused."""

import contextlib
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.commands import ANIMATE, FLAGS
from adapters.slack.errors import CommandMisread, CommandProblem
from adapters.slack.handlers.parsing import carries_flag, command_line, request_from_words
from factories import a_job
from generation.domain.style import PromptStyle
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import Endpoint, GenerationRequest, Motion

EVERY_DASH = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d\u2e3a\u2e3b"
TURBO = {"endpoint": Endpoint.TURBO}
BOTH = {"motions": (Motion.ZOOM_IN, Motion.PAN_LEFT)}
SMALL = {"pixels": (640, 384)}


def asked(text: str) -> GenerationRequest:
    return request_from_words(text, seed=5).request


@pytest.mark.parametrize("dashes", [*EVERY_DASH, *(2 * dash for dash in EVERY_DASH), "-\u2014", "\u2013-", "---"])
@pytest.mark.parametrize("between", ["", " "], ids=["attached", "apart"])
def test_every_dash_of_every_keyboard_begins_a_flag(dashes: str, between: str) -> None:
    request = asked(f"a fox {dashes}{between}seed 9 {dashes}{between}turbo")
    assert (request.prompt, request.seed, request.endpoint) == ("a fox", 9, Endpoint.TURBO)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        # lists go on behind commas, spaces and words between
        ("a fox --motion zoom-in, pan-left", BOTH),
        ("a fox --motion zoom-in , pan-left", BOTH),
        ("a fox --motion zoom-in ,pan-left", BOTH),
        ("a fox --motion zoom-in,pan-left,", BOTH),
        ("a fox --motion zoom-in pan-left", BOTH),
        ("a fox --motion zoom-in and pan-left", BOTH),
        ("a fox --motion zoom-in & pan-left", BOTH),
        ("a fox --motion Zoom_In, pan left", BOTH),
        ("a fox --motion zoom in, pan left", BOTH),
        ("a fox --motion “zoom-in, pan-left”", BOTH),
        ("a fox --motion=zoom-in, pan-left", BOTH),
        ("a fox --motions zoom—in, pan–left", BOTH),
        ("a --motion zoom-in, pan-left fox", BOTH),
        ("a fox --no blurry, text", {"negative_prompt": "blurry, text"}),
        ("a fox --no blurry, text, ugly", {"negative_prompt": "blurry, text, ugly"}),
        ("a fox --no “blurry”, text", {"negative_prompt": "blurry, text"}),
        ("a fox --no='blurry, text'", {"negative_prompt": "blurry, text"}),
        ("a fox --negative-prompt “blurry, text”", {"negative_prompt": "blurry, text"}),
        # yes and no
        ("a fox --turbo yes", TURBO),
        ("a fox --turbo true", TURBO),
        ("a fox --turbo on", TURBO),
        ("a fox --turbo=yes", TURBO),
        ("a fox --turbo no", {"endpoint": Endpoint.STANDARD}),
        ("a fox --turbo off --seed 3", {"endpoint": Endpoint.STANDARD, "seed": 3}),
        ("a --turbo fox", TURBO),
        # names
        ("a fox --Seed 9", {"seed": 9}),
        ("a fox --SEED 9", {"seed": 9}),
        ("a fox -seed 9", {"seed": 9}),
        ("a fox --seed: 9", {"seed": 9}),
        ("a fox --seed = 9", {"seed": 9}),
        ("a fox --seed=9", {"seed": 9}),
        ("a fox --seed 9,", {"seed": 9}),
        ("a fox, --seed 9", {"prompt": "a fox,", "seed": 9}),
        ("a fox--seed 9", {"seed": 9}),
        ("a fox--turbo", TURBO),
        ("a fox --num_frames 24 --num-inference-steps 6", {"num_frames": 24, "num_inference_steps": 6}),
        ("a fox --guidance_scale 2.5", {"guidance_scale": 2.5}),
        # units
        ("a fox --fps 8 fps", {"fps": 8}),
        ("a fox --steps 12 steps", {"num_inference_steps": 12}),
        ("a fox --frames 24 frames, --turbo", {"num_frames": 24, **TURBO}),
        # sizes
        ("a fox --size 640 x 384", SMALL),
        ("a fox --size 640x 384", SMALL),
        ("a fox --size 640 ×384", SMALL),
        ("a fox --size 640 by 384", SMALL),
        ("a fox --size Landscape-16:9", {"pixels": (1024, 576)}),
        ("a fox --size landscape 16:9", {"pixels": (1024, 576)}),
        ("a fox --size square hd", {"pixels": (1024, 1024)}),
    ],
)
def test_a_flag_and_all_of_its_value_leave_the_prompt_as_it_is(text: str, fields: dict[str, Any]) -> None:
    request = asked(text)
    assert request.prompt == fields.get("prompt", "a fox")
    assert {name: getattr(request, name) for name in fields} == fields


@pytest.mark.parametrize(
    "prompt",
    [
        'a 12" vinyl',
        'two 5" disks and a 12" vinyl',
        'a sign that says "OPEN"',
        "a 'red fox'",
        "the fox's den, it's deep",
        "'tis the season, the boys' club",
        "rock 'n' roll",
        'a "fox',
        "a fox — running, fast",
        "a fox – no, two",
        "sunflower—seed of life",
        "—Hola, dijo el zorro",
        "a well-known no-man's land",
        "a fox at -5 degrees",
        "a fox - in snow",
        "3-2-1 go",
        "コーヒー ー 赤い狐",
        "a C:\\fox\\n",
        "a turbo engine, size matters, no frames",
        'a "--seed" pod',
    ],
)
def test_words_that_only_look_like_flags_or_quotes_stay_as_typed(prompt: str) -> None:
    assert asked(prompt).prompt == prompt
    if '"fox' not in prompt:
        assert asked(f"{prompt} --seed 9 --turbo").prompt == prompt


@pytest.mark.parametrize(
    ("text", "problem", "given", "instead"),
    [
        ("a fox --sede 9", CommandProblem.UNKNOWN_FLAG, "--sede", "--seed"),
        ("a fox -sede 9", CommandProblem.UNKNOWN_FLAG, "-sede", "--seed"),
        ("a fox —sede 9", CommandProblem.UNKNOWN_FLAG, "—sede", "--seed"),
        ("a fox --trubo", CommandProblem.UNKNOWN_FLAG, "--trubo", "--turbo"),
        ("a fox --fram 3", CommandProblem.UNKNOWN_FLAG, "--fram", "--frames"),
        ("a fox --hd", CommandProblem.UNKNOWN_FLAG, "--hd", ""),
        ("a fox --ar 16:9", CommandProblem.UNKNOWN_FLAG, "--ar", ""),
        ("a fox --seed9", CommandProblem.UNKNOWN_FLAG, "--seed9", "--seed"),
        ("a fox --frames", CommandProblem.MISSING_VALUE, "--frames", ""),
        ("a fox --frames —turbo", CommandProblem.MISSING_VALUE, "--frames", ""),
        ("a fox --turbo=fast", CommandProblem.NO_VALUE_TAKEN, "--turbo", ""),
        ("a fox --no blurry in snow", CommandProblem.AMBIGUOUS, "--no blurry in", '--no "blurry"'),
        ("--no blurry a fox", CommandProblem.AMBIGUOUS, "--no blurry a", '--no "blurry"'),
        ("a fox -- no blurry", CommandProblem.AMBIGUOUS, "-- no", "--no"),
        ("a fox — no hat", CommandProblem.AMBIGUOUS, "— no", "--no"),
        ("a fox -- seed pods", CommandProblem.AMBIGUOUS, "-- seed", "--seed"),
        ("a fox — turbo engine", CommandProblem.AMBIGUOUS, "— turbo", "--turbo"),
        ("a fox—seed 9", CommandProblem.AMBIGUOUS, "fox—seed", "--seed"),
        ('"a fox --turbo --seed 9"', CommandProblem.AMBIGUOUS, "a fox --turbo --seed 9", "no quotes around"),
        ('a "fox --turbo', CommandProblem.OPEN_QUOTE, '"fox', ""),
        ('a fox --no "blurry, text', CommandProblem.OPEN_QUOTE, '"blurry,', ""),
    ],
)
def test_what_may_be_two_things_or_none_is_refused(
    text: str, problem: CommandProblem, given: str, instead: str
) -> None:
    with pytest.raises(CommandMisread) as caught:
        asked(text)
    assert (caught.value.problem, caught.value.given, caught.value.instead) == (problem, given, instead)


@pytest.mark.parametrize("text", ["a fox --motion zoom-in, pan-lft", "a fox --motion spin", "a fox --size 640"])
def test_a_value_that_there_is_not_is_refused_and_never_part_of_the_prompt(text: str) -> None:
    with pytest.raises(InvalidRequest):
        asked(text)


@given(
    st.lists(st.sampled_from(["a", "fox", "in", "snow,", '12"', "it's", "seed"]), min_size=1, max_size=6),
    st.lists(
        st.sampled_from(["--turbo", "—seed 7", "-- fps 9", "–motion zoom-in, pan-left", '--no "a, b"']), max_size=4
    ),
    st.data(),
)
def test_no_flag_ever_becomes_part_of_a_prompt(words: list[str], flags: list[str], data: st.DataObject) -> None:
    parts = data.draw(st.permutations([*words, *flags]))
    try:
        prompt = asked(" ".join(parts)).prompt
    except (CommandMisread, InvalidRequest):
        return
    assert sorted(prompt.split()) == sorted(words)


@given(
    st.lists(
        st.sampled_from(["a", "fox", "--turbo", "-5", "—seed", '12"', "it's", "say", "no", "-- seed 9"]), min_size=1
    )
)
def test_the_command_of_a_clip_asks_for_the_same_clip_again(words: list[str]) -> None:
    wanted = GenerationRequest(
        prompt=" ".join(words),
        seed=7,
        endpoint=Endpoint.TURBO,
        motions=(Motion.TILT_UP,),
        negative_prompt="blurry, text",
    )
    line = command_line(a_job(request=wanted, style=PromptStyle(name="pixel art")))
    again, style, _ = request_from_words(line.removeprefix(f"{ANIMATE.name} "), seed=1)
    assert style == "pixel-art"
    assert again.model_copy(update={"prompt": "", "video_size": None}) == wanted.model_copy(
        update={"prompt": "", "video_size": None}
    )
    assert again.pixels == wanted.pixels
    assert again.prompt.replace('"', "'") == wanted.prompt.replace('"', "'")


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_a_flag_in_a_text_is_found(flag: Any) -> None:
    assert carries_flag(f"a fox {flag.name} {flag.example or ''}")
    assert not carries_flag(f"a fox {flag.bare} {flag.example or ''}")


@pytest.mark.parametrize(
    "piece", ['"a ', "'a ", "- ", "a-", '--no="', "-", "a—seed ", "'\" ", 'a" ', "-- seed ", "zoom-in, ", "— "]
)
def test_no_text_costs_more_than_its_length(piece: str) -> None:
    def steps(times: int) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            with contextlib.suppress(CommandMisread, InvalidRequest):
                asked(f"a fox --motion {piece * times}")
        finally:
            sys.setprofile(None)
        return counted

    steps(10)  # what is built once
    assert steps(1600 // len(piece)) < 6 * steps(400 // len(piece)) + 500
