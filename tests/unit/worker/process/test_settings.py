"""The worker's settings: what is asked of them before anything starts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from generation.protocol.hosts import is_loopback
from worker.settings import WorkerSettings


def settings(**given: object) -> WorkerSettings:
    return WorkerSettings(_env_file=None, **given)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_PORT", "0")
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY", "kid:s3cret")
    monkeypatch.setenv("FLIPBOOK_WORKER_URL", "http://another.worker")
    found = settings()
    assert (found.port, found.host, list(found.keys)) == (0, "127.0.0.1", ["kid"])
    assert found.models_folder == Path("data/worker/models")


def test_several_keys_are_separated_by_commas() -> None:
    found = settings(key="one:s:1, two:s2,")
    assert {name: secret.get_secret_value() for name, secret in found.keys.items()} == {"one": "s:1", "two": "s2"}


@pytest.mark.parametrize("key", ["secret", "id:", ":secret", "one:s1,two"])
def test_a_key_that_is_none_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ValidationError, match="must be id:secret") as refusal:
        settings(key=key)
    assert key not in str(refusal.value).replace("id:secret", "")


def test_secrets_do_not_show() -> None:
    assert "s3cret" not in repr(settings(key="kid:s3cret"))


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("Localhost", True),
        ("::ffff:127.0.0.1", True),
        ("[::FFFF:127.0.0.1]", True),
        ("0:0:0:0:0:0:0:1", True),
        ("::ffff:192.0.2.1", False),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_known_in_any_spelling(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize("step_seconds", [-1, float("nan"), float("inf"), 61])
def test_a_step_takes_a_time_that_can_be_waited_for(step_seconds: float) -> None:
    with pytest.raises(ValidationError):
        settings(step_seconds=step_seconds)
