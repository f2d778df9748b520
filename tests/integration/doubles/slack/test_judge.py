"""The judge of Slack traffic agrees with Slack's own samples and with the traffic of slack_sdk."""

import json
from pathlib import Path

import pytest

from judges.slack_validate import SlackJudge
from judges.specs import specs

pytest_plugins = ("doubles.slack.fixtures",)


def test_every_official_sample_answer_passes(slack_referee: SlackJudge) -> None:
    samples = sorted((specs() / "slack-samples").glob("api__*.json"))
    assert len(samples) >= 14
    found = {
        each.name: slack_referee.check_response(_method_of(each), json.loads(each.read_text())) for each in samples
    }
    assert found == {each.name: [] for each in samples}


def _method_of(sample: Path) -> str:
    return sample.stem.removeprefix("api__")


def test_arguments_are_gathered_from_query_form_and_json(slack_referee: SlackJudge) -> None:
    body = b'{"channel": "C1", "ts": "1.2", "text": "done", "file_ids": "F1,F2"}'
    arguments, found = slack_referee.check("chat.update", "application/json", "team_id=T1", body)
    assert (arguments["file_ids"], arguments["team_id"], found) == (["F1", "F2"], "T1", [])

    form = "application/x-www-form-urlencoded"
    query = 'files=[{"id": "F1", "title": "t"}]&channel_id=C1'
    arguments, found = slack_referee.check("files.completeUploadExternal", form, query, b"thread_ts=1.2")
    assert arguments == {"files": [{"id": "F1", "title": "t"}], "channel_id": "C1", "thread_ts": "1.2"}
    assert found == []


def test_a_length_in_a_query_is_a_number_and_the_sdks_alt_txt_is_known(slack_referee: SlackJudge) -> None:
    form = "application/x-www-form-urlencoded"
    query = "filename=clip.mp4&length=3&alt_txt=a+boat"
    assert slack_referee.check("files.getUploadURLExternal", form, query, b"")[1] == []
    assert slack_referee.check("files.getUploadURLExternal", form, "filename=clip.mp4&length=long", b"")[1] != []


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ([{"type": "secton"}], "no known form has the type 'secton'"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x", "bold": True}}], "'bold' was unexpected"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "150"),
        ([{"type": "divider"}] * 51, "51 blocks, at most 50 are allowed"),
        (["words"], "is not of type 'object'"),
        (
            [
                {
                    "type": "actions",
                    "elements": [
                        {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x" * 76}},
                    ],
                }
            ],
            "75 characters",
        ),
    ],
)
def test_wrong_blocks_are_explained(slack_referee: SlackJudge, blocks: list, complaint: str) -> None:
    found = slack_referee.check_blocks(blocks)
    assert any(complaint in each for each in found), found


def test_views_have_their_own_limits(slack_referee: SlackJudge) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": [{"type": "divider"}] * 51}
    (complaint,) = slack_referee.check_view(view)
    assert "title must be between 1 and 24 characters" in complaint


def test_what_has_no_schema_is_known_by_name(slack_referee: SlackJudge) -> None:
    assert slack_referee.check_arguments("files.delete", {"file": "F1"}) == []
    assert slack_referee.check_arguments("chat.shout", {}) == ["chat.shout: no schema"]
    assert slack_referee.check_inbound("app_uninstalled", {}) == []
    assert slack_referee.check_inbound("thunder", {}) == ["thunder: no schema"]
    assert slack_referee.check_response("chat.shout", {}) == ["chat.shout response: no schema"]


def test_a_wrong_delivery_is_refused(slack_referee: SlackJudge) -> None:
    event = {"type": "reaction_added", "user": "U1", "reaction": "repeat", "item_user": "U2", "event_ts": "1.2"}
    complete = event | {"item": {"type": "message", "channel": "C1", "ts": "1.1"}}
    assert slack_referee.check_inbound("reaction_added", complete) == []
    assert slack_referee.check_inbound("reaction_added", event) == ["reaction_added : 'item' is a required property"]


def test_a_manifest_is_judged_by_the_official_schema(slack_referee: SlackJudge) -> None:
    command = {"command": "/animate", "description": "Make a clip"}
    manifest = {"display_information": {"name": "Flipbook"}, "features": {"slash_commands": [command]}}
    assert slack_referee.check_manifest(manifest) == []
    assert slack_referee.check_manifest({"display_information": {}}) != []
    wrong = {**manifest, "features": {"slash_commands": [{**command, "command": "animate"}]}}
    assert slack_referee.check_manifest(wrong) != []
