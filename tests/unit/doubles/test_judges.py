"""The judges judge: what is wrong is refused with a reason, what correct clients send passes, and skips are seen."""

import pytest

from judges.discord_spec import DiscordSpec, discord_spec
from judges.gateway_spec import GatewaySpec, gateway_spec
from judges.specs import specs, specs_if_any

CREATE = ("POST", "/channels/1/messages", "application/json")


@pytest.fixture
def rest() -> DiscordSpec:
    return discord_spec(specs())


@pytest.fixture
def gateway() -> GatewaySpec:
    return gateway_spec(specs())


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ((*CREATE, {"content": "x" * 4001}), "is too long"),
        ((*CREATE, {"contnt": "hello"}), "'contnt' was unexpected"),
        (("POST", "/channels/1/messages", "text/plain", {}), "content type text/plain"),
        (("POST", "/channels/1/massages", "application/json", {}), "no such operation"),
        (("GET", "/users/@me", "application/json", {"a": 1}), "takes no body"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(rest, request_, complaint):
    (found,) = rest.request(*request_)
    assert complaint in found


@pytest.mark.parametrize(
    "request_",
    [
        (*CREATE, {"content": "hello", "tts": False, "flags": "4"}),
        ("PATCH", "/channels/1/messages/2", "application/json", {"content": "hello", "tts": False}),
        (
            "PATCH",
            "/webhooks/1/token/messages/@original",
            "multipart/form-data",
            {"content": "done", "attachments": [{"id": 0, "filename": "clip.mp4"}]},
        ),
        ("PUT", "/applications/1/commands", "application/json", [{"name": "a", "description": "A", "nsfw": False}]),
        (
            "PATCH",
            "/channels/1/messages/2",
            "application/json",
            {"attachments": [{"id": "3", "filename": "clip.mp4", "size": 1, "url": "http://127.0.0.1/3"}]},
        ),
    ],
    ids=["integers as strings", "tts on edits", "index as attachment id", "nsfw on commands", "kept attachment"],
)
def test_what_correct_clients_send_passes(rest, request_):
    assert rest.request(*request_) == []


def test_an_answer_is_held_to_the_description_as_well(rest):
    assert rest.response("POST", "/channels/1/messages", 403, {"code": 50013, "message": "Missing Permissions"}) == []
    assert "'message' is a required property" in rest.response("POST", "/channels/1/messages", 403, {"code": 1})[0]
    assert "status 201 not documented" in rest.response("POST", "/channels/1/messages", 201, {})[0]
    assert "204 has no body" in rest.response("DELETE", "/channels/1/messages/2", 204, {"a": 1})[0]


def test_a_gateway_payload_that_only_one_client_would_take_is_refused(gateway):
    ready = {"v": 10, "guilds": [], "session_id": "1", "resume_gateway_url": "ws://127.0.0.1", "application": {}}
    assert any("'flags_new' is a required property" in found for found in gateway.payload("READY", ready))
    assert gateway.payload("NO_SUCH_EVENT", {}) == ["gateway NO_SUCH_EVENT: no schema"]
    assert gateway.payload("CHANNEL_DELETE", {}) == []


def test_the_older_name_of_an_activity_is_taken(gateway):
    presence = {"status": "online", "since": 0, "afk": False, "game": None}
    properties = {"os": "linux", "browser": "any", "device": "any"}
    assert (
        gateway.payload("IDENTIFY", {"token": "t", "intents": 1, "properties": properties, "presence": presence}) == []
    )


def test_without_the_descriptions_a_test_skips_and_says_why(monkeypatch):
    monkeypatch.delenv("FLIPBOOK_SPECS", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="FLIPBOOK_SPECS is not set"):
        specs()
    assert specs_if_any() is None


def test_without_the_descriptions_a_run_that_requires_them_fails(monkeypatch):
    monkeypatch.delenv("FLIPBOOK_SPECS", raising=False)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("FLIPBOOK_SPECS_REQUIRED", "1")
    for asked in (specs, specs_if_any):
        with pytest.raises(pytest.fail.Exception, match="requires the judges"):
            asked()


def test_a_folder_that_is_not_there_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("FLIPBOOK_SPECS", str(tmp_path / "nowhere"))
    with pytest.raises(pytest.fail.Exception, match="not a folder"):
        specs()
