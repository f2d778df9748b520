"""Whose share a request uses, as the header says it."""

import pytest

from generation.protocol.fairness import NO_SHARE, ShareNames, lanes_of_share, seconds_until_done


def test_a_share_names_a_server_and_a_member() -> None:
    assert lanes_of_share("0123456789abcdef/fedcba9876543210") == ("0123456789abcdef", "fedcba9876543210")
    assert lanes_of_share("a/b") == ("a", "b")
    assert lanes_of_share("a" * 31 + "/" + "b" * 32) == ("a" * 31, "b" * 32)


@pytest.mark.parametrize(
    "share", [None, "", "a", "/", "a/", "/b", "a/b/c", "a b/c", "a/b\n", "ä/b", "a/\0", "a" * 32 + "/" + "b" * 32]
)
def test_what_is_no_share_is_ignored(share: str | None) -> None:
    assert lanes_of_share(share) == NO_SHARE


def test_names_tell_members_apart_and_say_nothing_of_them() -> None:
    names = ShareNames("a secret")
    share = names.of("discord:1", "discord:2")
    server, member = lanes_of_share(share)
    assert (len(server), len(member), int(server, 16) > 0, "discord" in share) == (16, 16, True, False)
    assert names.of("discord:1", "discord:2") == ShareNames("a secret").of("discord:1", "discord:2") == share
    # the same member in another server cannot be recognised, nor by another bot
    others = {share, names.of("discord:3", "discord:2"), names.of("discord:1", "discord:4")}
    others.add(ShareNames("another").of("discord:1", "discord:2"))
    members = {lanes_of_share(other)[1] for other in others}
    assert (len(others), len(members)) == (4, 4)
    assert lanes_of_share(names.of("discord:1", "discord:4"))[0] == server


def test_the_order_is_played_through_on_the_slots() -> None:
    assert seconds_until_done([], [2.0, 2.0, 2.0], 1) == [2.0, 4.0, 6.0]
    assert seconds_until_done([1.0], [2.0, 2.0, 2.0], 2) == [2.0, 3.0, 4.0]
    # more render than there are slots, as after a change of engine
    assert seconds_until_done([5.0, 1.0], [2.0], 1) == [3.0]


def test_nothing_is_said_about_what_comes_behind_the_unknown() -> None:
    assert seconds_until_done([None], [2.0], 4) == []
    assert seconds_until_done([], [2.0, None, 2.0], 1) == [2.0]
