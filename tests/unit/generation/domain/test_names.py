"""What servers, channels and members are called: bounded, without tricks, and never needed."""

import pytest

from generation.domain.names import NameBook
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef

ADA = UserRef(Platform.DISCORD, "7001")
SERVER = ServerRef(Platform.DISCORD, "1")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Ada", "Ada"),
        ("  Ada \n Lovelace\t", "Ada Lovelace"),
        ("<b>Ada</b>", "<b>Ada</b>"),  # escaped where it is shown
        ("Ada\u202egnp.exe", "Adagnp.exe"),
        ("A\u200bd\u2060a\x00", "Ada"),
        ("A" * 5000, "A" * 100),
        ("\u3164", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_kept_as_people_can_read_it(told: str | None, kept: str | None) -> None:
    names = NameBook()
    names.note(ADA, told)
    assert names.name_of(ADA) == kept


def test_a_blank_name_does_not_take_a_known_one_away() -> None:
    names = NameBook()
    names.note(ADA, "Ada")
    names.note(ADA, " ")
    assert names.name_of(ADA) == "Ada"
    names.forget(ADA)
    assert names.name_of(ADA) is None


def test_the_name_that_was_used_longest_ago_makes_room() -> None:
    names, channel = NameBook(most=2), ChannelRef(SERVER, "5")
    names.note(ADA, "Ada")
    names.note(SERVER, "Engines")
    assert names.name_of(ADA) == "Ada"
    names.note(channel, "general")
    assert [names.name_of(each) for each in (ADA, SERVER, channel)] == ["Ada", None, "general"]
