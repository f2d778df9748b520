"""In the terminal the shell has taken its quotes away, so a prompt is what is left, character by character."""

import pytest
import typer

from bot.commands.animate.options import prompt_of
from generation.domain.parsing import parse_request

TYPED = [
    'a "red" fox',
    "a “red” fox",
    "a «red» ‘fox’",
    "the fox’s den, it's deep",
    'a 12" vinyl and a 5″ disk',
    "a fox — no hat, – seed pods",
    "--turbo — a fox",
    "fox & hen <3",
]


@pytest.mark.parametrize("typed", TYPED)
def test_a_prompt_in_quotation_marks_is_taken_as_it_is(typed: str) -> None:
    assert parse_request({"prompt": prompt_of([typed]), "seed": 1}).prompt == typed


@pytest.mark.parametrize("words", [typed.split() for typed in TYPED], ids=TYPED)
def test_a_prompt_that_the_shell_has_split_buys_nothing(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        prompt_of(words)
    assert capsys.readouterr().err.startswith("Put the prompt in quotation marks")
