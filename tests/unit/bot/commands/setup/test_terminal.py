"""Lines of a setup are wrapped at the terminal's width, between words, with links left whole."""

import pytest

from bot.commands.setup.terminal import wrapped
from bot.commands.setup.text import DISCORD_STEPS

LINK = "https://api.slack.com/apps?new_app=1&manifest_json=%7B%22_metadata%22%3A%7B%22major"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", "short"),
        ("", ""),
        ("a line\n\nanother", "a line\n\nanother"),
        (f"{'word ' * 9}end", f"{'word ' * 7}word\nword end"),
        (
            f"  1. {'word ' * 8}end",
            "  1. word word word word word word word\n     word end",
        ),
        (f"     {LINK}", f"     {LINK}"),
        (f"open {LINK} now", f"open\n{LINK}\nnow"),
        ("Ctrl-C or well-known-words-with-hyphens-stay", "Ctrl-C or\nwell-known-words-with-hyphens-stay"),
    ],
)
def test_a_line_is_wrapped_below_its_own_beginning(text: str, expected: str) -> None:
    assert wrapped(text, 40) == expected


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_of_the_steps_is_wider_than_the_terminal(width: int) -> None:
    lines = wrapped(DISCORD_STEPS, width).split("\n")
    assert all(len(line) <= width or "https://" in line for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(DISCORD_STEPS.split())


@pytest.mark.parametrize("width", [0, 1, 39])
def test_a_terminal_that_names_no_width_gets_a_readable_one(width: int) -> None:
    assert wrapped(f"{'word ' * 9}end", width) == wrapped(f"{'word ' * 9}end", 40)
