"""`.env` keeps all other lines, holds any value, and is readable by its owner only."""

import io
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.setup.dotenv_file import DotEnvFile, quoted, with_values

KEPT = """\
# tokens
FAL_KEY='a:b'   # the second one

export OTHER="two
lines with DISCORD_TOKEN=x in them"
"""


def test_a_new_variable_goes_to_the_end_and_nothing_else_changes() -> None:
    assert with_values(KEPT, {"DISCORD_TOKEN": "a.b.c"}) == KEPT + "DISCORD_TOKEN=a.b.c\n"


def test_a_file_without_a_last_newline_gets_one() -> None:
    assert with_values("A=1", {"B": "2"}) == "A=1\nB=2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("B=old\n", "B=new\n"),
        ("  export B = old\n", "  export B=new\n"),
        ("B=old # mine\n", "B=new # mine\n"),
        ("B='old # no comment' # mine\n", "B=new # mine\n"),
        ('B="old"# mine', "B=new # mine"),
        ("B=old#part\n", "B=new\n"),
        ("B= # mine\n", "B=new # mine\n"),
        ("B=\n", "B=new\n"),
        ("B\n", "B=new\n"),
        ("B='two\nlines'\n", "B=new\n"),
        ("B=1\nA=x\nB=2\n", "B=new\nA=x\n"),
        ("A=1\r\nB=old\r\n", "A=1\r\nB=new\r\n"),
        ("\ufeffB=old\n", "\ufeffB=new\n"),
        ("# B=old\n", "# B=old\nB=new\n"),
        ("what is this\nB=old\n", "what is this\nB=new\n"),
    ],
)
def test_a_variable_is_changed_where_it_stands(before: str, after: str) -> None:
    assert with_values(before, {"B": "new"}) == after


values = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


@given(values)
def test_any_value_is_read_as_it_was_written(value: str) -> None:
    assert dotenv_values(stream=io.StringIO(f"X={quoted(value)}\n", newline=""))["X"] == value


@given(st.text(st.sampled_from("AB='\"\\#$ \n\r\t{}x"), max_size=60), st.text(st.sampled_from("v'\"# $\\")))
def test_whatever_stands_in_the_file_only_ours_changes(text: str, value: str) -> None:
    after = with_values(text, {"OURS": value})
    assert after.startswith(text.rstrip("\r\n"))
    before = [(found.key, found.value) for found in parse_stream(io.StringIO(text, newline="")) if found.key]
    found = [(found.key, found.value) for found in parse_stream(io.StringIO(after, newline="")) if found.key]
    if not any(each.error for each in parse_stream(io.StringIO(text, newline=""))):
        assert found == [*before, ("OURS", quotes_off(value))]


def quotes_off(value: str) -> str:
    """What the parser sees, before it would put variables in."""
    return value.replace("${", "${:-$}{")


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        quoted("a\x00b")


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    file = DotEnvFile(tmp_path / ".env")
    assert file.values() == {}
    file.set({"A": "1"})
    assert file.values() == {"A": "1"}
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    DotEnvFile(path).set({"B": "2"})
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("A=1\nB=2\n", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("elsewhere/kept")
    DotEnvFile(tmp_path / ".env").set({"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "elsewhere/kept").read_text() == "A=2\n"


def test_a_value_that_cannot_be_written_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with pytest.raises(UnicodeEncodeError):
        DotEnvFile(path).set({"B": "\ud800"})
    assert (path.read_text(), [each.name for each in tmp_path.iterdir()]) == ("A=1\n", [".env"])


def test_a_folder_or_bytes_in_its_place_are_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"A=\xff\n")
    for name in ("folder", "bytes"):
        with pytest.raises(OSError, match=name):
            DotEnvFile(tmp_path / name).set({"A": "1"})


def test_empty_variables_count_as_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=\nB=' '\nC\nD=1\n")
    assert DotEnvFile(tmp_path / ".env").values() == {"D": "1"}
