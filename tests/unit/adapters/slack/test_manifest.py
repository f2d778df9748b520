"""The manifest is what the code uses: every scope and event of it, and no more; the documentation says why."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.slack import creation_url, manifest, missing_scopes
from adapters.slack.scopes import SCOPES_OF
from adapters.slack.setup.manifest import EVENTS, OPTIONAL, REASONS, missing_optional, scopes
from doubles.slack.inbound.events import SCOPE_OF
from judges.slack_validate import SlackJudge

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs/slack.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("public_url", [None, "https://flipbook.example/", "https://flipbook.example/sub"])
def test_slacks_own_schema_takes_it(slack_referee: SlackJudge, public_url: str | None) -> None:
    assert slack_referee.check_manifest(manifest(public_url=public_url)) == []


def test_every_scope_has_a_reason_and_every_reason_a_scope() -> None:
    assert sorted(REASONS) == scopes()


def test_scopes_are_those_of_commands_events_and_calls() -> None:
    needed = {"commands", *(scope for each in (*EVENTS.values(), *SCOPES_OF.values()) for scope in each)}
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_every_event_has_the_scope_that_slack_asks_for_it() -> None:
    assert {name: scope for name, (scope,) in ((n, s) for n, s in EVENTS.items() if s)} == {
        name: SCOPE_OF[name] for name in EVENTS if name in SCOPE_OF
    }


def test_every_call_in_the_code_is_listed_with_its_scopes() -> None:
    files = ("web_api.py", "wire.py", "handlers/forms/handler.py", "handlers/home/pages.py")
    source = "".join((ROOT / "adapters/slack" / path).read_text() for path in files)
    called = set(re.findall(r'"((?:auth|bots|chat|conversations|files|users|views)\.[A-Za-z]+)"', source))
    assert called == set(SCOPES_OF)


def test_over_http_every_address_is_the_same() -> None:
    made = manifest(public_url="https://flipbook.example")
    addresses = {command["url"] for command in made["features"]["slash_commands"]}
    addresses |= {made["settings"][part]["request_url"] for part in ("event_subscriptions", "interactivity")}
    assert addresses == {"https://flipbook.example/slack/events"}
    assert made["settings"]["socket_mode_enabled"] is False


def test_over_a_socket_there_is_no_address() -> None:
    made = manifest()
    assert "http" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True


def test_the_link_that_makes_the_app_holds_the_whole_manifest() -> None:
    link = urlsplit(creation_url(manifest()))
    query = parse_qs(link.query, strict_parsing=True)
    assert (link.scheme, link.netloc, link.path) == ("https", "api.slack.com", "/apps")
    assert query["new_app"] == ["1"]
    assert json.loads(query["manifest_json"][0]) == manifest()


def test_missing_scopes_are_named() -> None:
    assert missing_scopes(scopes()) == []
    assert missing_scopes(set(scopes()) - {"files:read", "commands"}) == ["commands", "files:read"]
    assert missing_scopes(set(scopes()) - {"im:history", "commands"}) == ["commands"]
    assert missing_optional(set(scopes()) - {"im:history", "commands"}) == ["im:history"]
    assert {scope for scope in scopes() if scope.endswith(":history")} == OPTIONAL


def test_the_page_shows_the_manifest_as_it_is() -> None:
    shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == manifest()


def test_the_page_gives_each_scope_with_its_reason() -> None:
    rows = re.findall(r"^\| `([a-z_.:]+)` \| (.+?) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == dict(REASONS)


def test_the_page_names_every_event_and_command() -> None:
    for name in (*EVENTS, *(command["command"] for command in manifest()["features"]["slash_commands"])):
        assert f"`{name}" in PAGE
