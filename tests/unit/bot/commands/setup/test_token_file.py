"""Tokens in a file are found by name, by form or by order, without what was copied along with them."""

import io
from pathlib import Path

import pytest

from bot.commands.setup.chats import ChatSetup, discord_setup, slack_setup
from bot.commands.setup.token_file import MOST_BYTES, cleaned, read_token_file, tokens_in
from bot.settings import load_settings
from doubles.clock import ManualClock

BOT, APP, TOKEN = "xoxb-1-2-z", "xapp-1-A1-2-z", "MTI5MDAw.abcdef.ghijkl"


def discord() -> ChatSetup:
    return discord_setup(load_settings(), ManualClock())


def slack() -> ChatSetup:
    return slack_setup(load_settings(), ManualClock(), signed_http=False)


@pytest.mark.parametrize(
    "text", [TOKEN, f"\n# mine\n  {TOKEN}\r\n", f"Bot {TOKEN}", f'"{TOKEN}"', f"export DISCORD_TOKEN = '{TOKEN}' # x"]
)
def test_one_token_is_found(text: str) -> None:
    assert tokens_in(text, discord()) == {"DISCORD_TOKEN": TOKEN}


@pytest.mark.parametrize(
    "text",
    [
        f"{BOT}\n{APP}\n",
        f"{APP}\n{BOT}\n",
        f"FAL_KEY=a:b\nSLACK_APP_TOKEN={APP}\n{BOT}",
        f"SLACK_BOT_TOKEN={BOT}\nDISCORD_TOKEN={TOKEN}\nSLACK_APP_TOKEN={APP}",
    ],
)
def test_two_tokens_are_told_apart(text: str) -> None:
    assert tokens_in(text, slack()) == {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}


def test_what_has_no_known_form_takes_the_next_variable_so_that_it_can_be_named() -> None:
    assert tokens_in("xoxp-1-z", slack()) == {"SLACK_BOT_TOKEN": "xoxp-1-z"}


def test_nothing_given_is_nothing() -> None:
    assert tokens_in("\n# only words\nSLACK_BOT_TOKEN=\n", slack()) == {}


def test_a_header_is_cleaned() -> None:
    assert cleaned(" Bearer xoxb-1 ") == "xoxb-1"


def test_a_dash_reads_standard_input_and_long_or_strange_files_are_refused(tmp_path: Path) -> None:
    assert read_token_file(Path("-"), io.BytesIO(b"\xef\xbb\xbfabc")) == "abc"
    (tmp_path / "long").write_bytes(b"x" * (MOST_BYTES + 1))
    (tmp_path / "strange").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="too long"):
        read_token_file(tmp_path / "long", io.BytesIO())
    with pytest.raises(ValueError, match="UTF-8"):
        read_token_file(tmp_path / "strange", io.BytesIO())
