"""Who may submit, where, and for what."""

import pytest
from pydantic import ValidationError

from factories import a_channel, a_request, a_server, a_user
from generation.domain.refs import Platform, ServerRef
from generation.protocol.errors import (
    ChannelNotAllowed,
    InvalidRequest,
    LastChannel,
    PromptBlocked,
    Refused,
    ServerNotAllowed,
    UserBlocked,
)
from generation.rules.policy import Asker, Policy, check_server
from generation.rules.terms import blocklist


def check(policy: Policy, prompt: str = "a paper boat", *, channel: str = "5001", user: str = "7001") -> None:
    policy.check(a_request(prompt=prompt), Asker(a_user(user), a_channel(channel)))


def test_without_rules_everything_goes():
    check(Policy())


def test_a_blocked_member_is_refused_everywhere():
    with pytest.raises(UserBlocked):
        check(Policy(blocked_users=frozenset({"7001"})))
    check(Policy(blocked_users=frozenset({"7001"})), user="7002")


def test_named_channels_are_the_only_ones():
    policy = Policy(channels=frozenset({"5001", "5002"}))
    check(policy, channel="5002")
    with pytest.raises(ChannelNotAllowed):
        check(policy, channel="5003")


def test_a_blocked_term_is_named_in_the_refusal_but_not_in_its_message():
    with pytest.raises(PromptBlocked) as caught:
        check(Policy(blocked_terms=frozenset({"boat"})))
    assert (caught.value.term, str(caught.value)) == ("boat", "blocked term")


def test_members_come_before_places_and_places_before_words():
    policy = Policy(blocked_users=frozenset({"7001"}), channels=frozenset({"5002"}), blocked_terms=frozenset({"boat"}))
    refusals: list[type[Refused]] = []
    for channel, user in (("5001", "7001"), ("5001", "7002"), ("5002", "7002")):
        with pytest.raises(Refused) as caught:
            check(policy, channel=channel, user=user)
        refusals.append(type(caught.value))
    assert refusals == [UserBlocked, ChannelNotAllowed, PromptBlocked]


@pytest.mark.parametrize("term", ["", "   ", "x" * 101, None, 5])
def test_a_term_has_bounds(term):
    with pytest.raises(ValidationError):
        Policy.model_validate({"blocked_terms": [term]})


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValidationError):
        Policy.model_validate({"channel": ["5001"]})


def test_a_policy_survives_being_stored():
    policy = Policy(channels=frozenset({"1"}), blocked_users=frozenset({"2"}), blocked_terms=frozenset({"  a b "}))
    assert policy.blocked_terms == {"a b"}
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_without_a_list_every_server_may_use_the_bot():
    check_server(a_server(), frozenset())


def test_a_server_must_be_on_the_operators_list():
    check_server(a_server("1"), frozenset({a_server("1"), a_server("2")}))
    with pytest.raises(ServerNotAllowed) as caught:
        check_server(a_server("3"), frozenset({a_server("1")}))
    assert caught.value.server == "discord:3"


def test_the_same_id_on_another_platform_is_another_server():
    with pytest.raises(ServerNotAllowed):
        check_server(ServerRef(Platform.SLACK, "1"), frozenset({a_server("1")}))


@pytest.mark.parametrize(
    ("kept", "removed", "left"),
    [
        ({"1", "2"}, {"1"}, {"2"}),
        ({"1", "2"}, {"3"}, {"1", "2"}),
        ({"1"}, {"3"}, {"1"}),
        (set(), {"1"}, set()),
        ({"1"}, set(), {"1"}),
    ],
)
def test_channels_are_removed_from_the_allow_list(kept: set[str], removed: set[str], left: set[str]) -> None:
    assert Policy(channels=frozenset(kept)).without_channels(frozenset(removed)) == left


@pytest.mark.parametrize("removed", [{"1", "2"}, {"1", "2", "3"}])
def test_the_last_channels_are_not_removed_because_none_means_every_channel(removed: set[str]) -> None:
    with pytest.raises(LastChannel):
        Policy(channels=frozenset({"1", "2"})).without_channels(frozenset(removed))


@pytest.mark.parametrize("term", ["", "   ", "\u200b", "\u2800\u3164", "\ufe0f\u00ad", "x" * 101], ids=ascii)
def test_a_term_that_shows_nothing_or_is_too_long_is_no_term(term):
    with pytest.raises(InvalidRequest) as refused:
        Policy(blocked_terms=frozenset({"gore"})).with_term(term)
    assert [violation.field for violation in refused.value.violations] == ["term"]


@pytest.mark.parametrize(
    ("blocked", "written"),
    [
        ("Gore", "gore"),
        ("Gore", "GORE"),
        ("bad wolf", "  Bad   Wolf "),
        ("cat", "c\u200bat"),
        ("cat", "\uff43\uff41\uff54"),
        ("caf\u0065\u0301", "café"),
        ("straße", "STRASSE"),
    ],
    ids=ascii,
)
def test_a_term_is_unblocked_by_the_rule_that_blocks_it(blocked, written):
    policy = Policy(blocked_terms=frozenset({blocked, "other"}))
    assert blocklist(policy.blocked_terms).first(written) == blocked
    assert policy.with_term(written) == policy.blocked_terms
    assert policy.without_term(written) == {"other"}
