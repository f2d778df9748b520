"""The key of an act is made of what survives a redelivery, and differs between real acts."""

import pytest

from adapters.slack.handlers.payloads import (
    Removal,
    UnreadablePayload,
    click_in,
    command_in,
    mention_in,
    reaction_in,
    removal_in,
)

COMMAND = {"command": "/animate", "text": "a fox", "channel_id": "C1", "user_id": "U1", "trigger_id": "1.2.a"}
CLICK = {
    "user": {"id": "U1", "team_id": "T1"},
    "container": {"message_ts": "9.1", "channel_id": "C1", "thread_ts": "8.1"},
    "channel": {"id": "C1"},
    "actions": [{"action_id": "v1:reroll", "action_ts": "10.5", "value": "f" * 24}],
    "response_url": "https://hooks.example/1",
}
MENTION = {"event_id": "Ev1", "event": {"type": "app_mention", "channel": "C1", "ts": "5.1", "user": "U1", "text": "x"}}
REACTION = {
    "event_id": "Ev2",
    "event": {
        "user": "U1",
        "reaction": "repeat",
        "event_ts": "7.7",
        "item": {"type": "message", "channel": "C1", "ts": "5.1"},
        "item_user": "U0BOT",
    },
}


def changed(payload: dict, **fields: object) -> dict:
    return payload | {"event": payload["event"] | fields}


def test_keys_are_made_of_content() -> None:
    keys = [
        command_in(COMMAND, "T1").act.key,
        click_in(CLICK, "T1").act.key,
        mention_in(MENTION, "T1", "U0BOT").act.key,
        reaction_in(REACTION, "T1").act.key,
    ]
    assert keys == ["command:C1:U1:1.2.a", "click:C1:9.1:U1:10.5", "mention:C1:5.1", "reaction:C1:5.1:U1:7.7"]


def test_another_event_id_is_the_same_act() -> None:
    again = MENTION | {"event_id": "Ev9", "event_time": 99}
    assert mention_in(again, "T1", "U0BOT").act == mention_in(MENTION, "T1", "U0BOT").act
    assert reaction_in(REACTION | {"event_id": "Ev9"}, "T1") == reaction_in(REACTION, "T1")


def test_honest_acts_differ() -> None:
    assert command_in(COMMAND | {"trigger_id": "1.2.b"}, "T1").act.key != command_in(COMMAND, "T1").act.key
    assert mention_in(changed(MENTION, ts="5.2"), "T1", "U0BOT").act.key != mention_in(MENTION, "T1", "U0BOT").act.key
    assert reaction_in(changed(REACTION, event_ts="7.8"), "T1").act.key != reaction_in(REACTION, "T1").act.key


@pytest.mark.parametrize("missing", ["command", "channel_id", "user_id", "trigger_id"])
def test_a_command_without_what_every_command_has_is_unreadable(missing: str) -> None:
    with pytest.raises(UnreadablePayload, match=f"Slash: {missing}"):
        command_in({name: value for name, value in COMMAND.items() if name != missing}, "T1")


@pytest.mark.parametrize("body", [{}, {"actions": []}, {"user": {"id": "U1"}, "actions": "x"}, CLICK | {"user": None}])
def test_a_broken_click_is_unreadable(body: dict) -> None:
    with pytest.raises(UnreadablePayload):
        click_in(body, "T1")


def test_what_is_wrong_is_named_and_never_shown() -> None:
    with pytest.raises(UnreadablePayload) as caught:
        mention_in({"event": {"channel": 5, "text": "a secret prompt"}}, "T1", "U0BOT")
    assert str(caught.value) == "MentionEvent: channel, ts"


def test_bots_are_known_by_their_bot_id() -> None:
    assert mention_in(changed(MENTION, bot_id="B1"), "T1", "U0BOT").is_of_bot
    assert not mention_in(MENTION, "T1", "U0BOT").is_of_bot


@pytest.mark.parametrize(
    ("event", "removal"),
    [
        ({"type": "app_uninstalled"}, Removal.APP),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0BOT"]}}, Removal.ACCESS),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}, None),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, None),
    ],
)
def test_only_what_was_taken_from_the_bot_counts(event: dict, removal: Removal | None) -> None:
    assert removal_in({"event": event}) is removal
