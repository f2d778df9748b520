"""The check of words that product code no longer uses."""

from pathlib import Path

import pytest

from words import EXCEPTED, Hit, complaints, hits_in, product_files


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("desk = 1", "desk"),
        ("class FrontDesk: ...", "desk"),
        ("class HTTPDoor: ...", "door"),
        ("DESK_SIZE = 1", "desk"),
        ("def open_doors(): ...", "doors"),
        ("list_of_wishes = []", "wishes"),
        ("call(carrier=1)", "carrier"),
        ("import lookout", "lookout"),
        ("value = f'{vigil.seconds}'", "vigil"),
        ("value = f'{job.errand}'", "errand"),
        ("x = 1  # whoever reads this", "whoever"),
        ('"""Takes a parcel."""', "parcel"),
        ("x = 1\n'''How long the reception is open.'''", "reception"),
    ],
)
def test_a_forbidden_word_is_found(source: str, word: str) -> None:
    assert [hit.word for hit in hits_in(source)] == [word]


@pytest.mark.parametrize(
    "source",
    [
        "text = 'Whoever comes through the door'",
        "say(f'a parcel for {name}')",
        "outdoors = indoor = 1",
        "desktop = shown = carry = 0",
    ],
)
def test_strings_for_people_and_longer_words_pass(source: str) -> None:
    assert hits_in(source) == []


def test_a_hit_names_the_line_within_a_docstring() -> None:
    source = 'def f():\n    """One.\n\n    Two, by the door.\n    """\n'
    assert hits_in(source) == [Hit(4, "door")]


def test_a_complaint_names_file_line_and_word_and_the_file_name_counts(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/desk.py").write_text("x = 1\nwish = 2\n")
    assert complaints(tmp_path, product_files(tmp_path)) == ["bot/desk.py:1 desk", "bot/desk.py:2 wish"]


def test_excepted_folders_are_not_checked(tmp_path: Path) -> None:
    for folder in EXCEPTED:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "one.py").write_text("door = 1\n")
    assert list(product_files(tmp_path)) == []
