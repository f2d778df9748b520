"""The words after ``/animate``: flags anywhere between them, quotes as people type them, one error for the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.errors import CommandMisread, CommandProblem
from adapters.slack.handlers.parsing import request_from_words
from adapters.slack.typed.words import words_of
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import Endpoint, GenerationRequest


def asked(text: str) -> GenerationRequest:
    return request_from_words(text, seed=5).request


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a fox in snow", {"prompt": "a fox in snow", "seed": 5, "endpoint": Endpoint.STANDARD}),
        ("a fox --turbo in snow", {"prompt": "a fox in snow", "endpoint": Endpoint.TURBO}),
        ("--seed 0 a fox", {"prompt": "a fox", "seed": 0}),
        ('"a fox in snow" --no "blurry, text"', {"prompt": "a fox in snow", "negative_prompt": "blurry, text"}),
        ("'red fox' --no 'blurry, text'", {"prompt": "red fox", "negative_prompt": "blurry, text"}),
        ("the fox's den, it's deep", {"prompt": "the fox's den, it's deep"}),
        ("a\n fox\tin\u00a0snow", {"prompt": "a fox in snow"}),
        ("a fox --motion zoom-in,pan-left", {"motions": ("zoom-in", "pan-left")}),
        ("a fox --size 640X384", {"pixels": (640, 384)}),
        ("a fox --size “640 × 384”", {"pixels": (640, 384)}),
        ("a fox --size portrait_4_3", {"pixels": (768, 1024)}),
        ("a fox at -5 degrees", {"prompt": "a fox at -5 degrees"}),
        ("a C:\\fox\\n", {"prompt": "a C:\\fox\\n"}),
        ("a fox --frames=24", {"num_frames": 24}),
        ("a fox --seed 1 --seed 2", {"seed": 2}),
        ("waves --seconds 2.5 on a beach", {"prompt": "waves on a beach", "seconds": 2.5, "frames": 20}),
        ("waves --length 6", {"seconds": 6}),
        ("waves --loop on a beach", {"prompt": "waves on a beach", "loop": "seamless"}),
        ("waves --loop ping-pong", {"prompt": "waves", "loop": "ping-pong"}),
        ("waves --loop=pingpong", {"loop": "ping-pong"}),
        ("waves --loop=no", {"loop": None}),
        ("waves --smooth 24", {"prompt": "waves", "smooth_fps": 24}),
    ],
)
def test_words_become_a_request(text: str, fields: dict[str, object]) -> None:
    request = asked(text)
    assert {name: getattr(request, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("text", "problem", "given_part"),
    [
        ('a "fox --turbo', CommandProblem.OPEN_QUOTE, '"fox'),
        ("a fox --hd", CommandProblem.UNKNOWN_FLAG, "--hd"),
        ("a fox --fram 3", CommandProblem.UNKNOWN_FLAG, "--fram"),
        ("a fox -x", CommandProblem.UNKNOWN_FLAG, "-x"),
        ("a fox --frames", CommandProblem.MISSING_VALUE, "--frames"),
        ("a fox --frames --turbo", CommandProblem.MISSING_VALUE, "--frames"),
        ("a fox --turbo=fast", CommandProblem.NO_VALUE_TAKEN, "--turbo"),
    ],
)
def test_what_makes_no_sense_is_named(text: str, problem: CommandProblem, given_part: str) -> None:
    with pytest.raises(CommandMisread) as caught:
        asked(text)
    assert (caught.value.problem, caught.value.given) == (problem, given_part)


def test_wrong_values_are_named_by_their_flags() -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked("a fox --fps 99 --size 641x384 --guidance much")
    assert caught.value.violations == (
        Violation("--guidance", "a number from 0 to 20", "'much'"),
        Violation("--fps", "a whole number from 1 to 30", "'99'"),
        Violation("--size width", "a multiple of 8 from 64 to 1536", "641"),
    )


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        asked(text)
    except (CommandMisread, InvalidRequest):
        return


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1))
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    assert [word.text for word in words_of(" ".join(words))] == words
