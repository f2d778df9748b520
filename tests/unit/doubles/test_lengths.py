"""The judge of lengths sees what is one character, or one entry, too long."""

from typing import Any

from judges.lengths import too_long_for_discord, too_long_for_slack


def a_button(text: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": text}}


def test_slacks_limits() -> None:
    row = {"type": "actions", "elements": [a_button("x" * 75)]}
    assert too_long_for_slack([row]) == []
    assert too_long_for_slack([{**row, "elements": [a_button("x" * 76)]}]) == ["button: text has 76, at most 75"]
    assert too_long_for_slack({"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}}) == [
        "modal: title has 25, at most 24"
    ]
    menu = {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "x" * 76}, "value": "v"}]}
    assert too_long_for_slack(menu) == ["None: text has 76, at most 75"]
    asked = {**a_button("x"), "confirm": {"text": {"type": "plain_text", "text": "x" * 301}}}
    assert too_long_for_slack(asked) == ["None: text has 301, at most 300"]
    assert too_long_for_slack({"type": "mrkdwn", "text": " "}) == ["mrkdwn: an empty text"]


def test_discords_limits() -> None:
    modal = {"title": "x" * 45, "components": [{"type": 18, "label": "x" * 45}]}
    assert too_long_for_discord(modal) == []
    assert too_long_for_discord({**modal, "title": "x" * 46}) == ["None: title has 46, at most 45"]
    select = {"type": 3, "options": [{"label": "x" * 101, "value": "v"}] * 26}
    assert too_long_for_discord(select)[0] == "3: options has 26, at most 25"
    assert too_long_for_discord(select)[1] == "None: label has 101, at most 100"
