"""Every rule of the table refuses in the terminal too: set by `flipbook admin`, met by `flipbook animate`."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from fixtures.refusals import REFUSALS, Refusal

HERE = "terminal:local"
FLAGS = {
    "num_frames": "--frames",
    "num_inference_steps": "--steps",
    "video_size": "--size",
}
"""Of each field that is asked for with a value."""


def flipbook(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def asks(refusal: Refusal) -> list[str]:
    """`flipbook animate` with what is asked for; the clip is left to others, so none is waited for."""
    prompt = str(refusal.asked.get("prompt", "a paper boat"))
    flags = [
        word for field, flag in FLAGS.items() if (value := refusal.asked.get(field)) for word in (flag, str(value))
    ]
    return ["animate", prompt, "--detach", *flags, *(["--turbo"] if "endpoint" in refusal.asked else [])]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty database and its keys."""
    folder = tmp_path_factory.mktemp("migrated")
    assert flipbook("migrate", "--data-dir", str(folder)).exit_code == 0
    return folder


@pytest.mark.parametrize(
    "refusal", [each for each in REFUSALS if "terminal" in each.platforms], ids=lambda refusal: refusal.name
)
def test_a_rule_refuses_in_the_terminal(refusal: Refusal, migrated: Path, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    price = {"FLIPBOOK_PRICE_WORKER_STANDARD": "0.05"} if refusal.costs else {}
    surroundings = {"FLIPBOOK_DATA_DIR": str(tmp_path), "FLIPBOOK_WORKER_URL": "http://127.0.0.1:9"}
    for variable, value in {**surroundings, **price, **refusal.operator}.items():
        monkeypatch.setenv(variable, value)
    if refusal.limits:
        assert flipbook("admin", "limits", "set", HERE, *refusal.limits).exit_code == 0
    policy = refusal.typed(refusal.policy, member="operator", channel="detached")
    if policy:
        assert flipbook("admin", "policy", "set", HERE, *policy).exit_code == 0
    for _ in range(refusal.before):
        assert flipbook("animate", "a paper boat", "--detach").exit_code == 0
    if refusal.pause:
        assert flipbook("pause", *refusal.pause).exit_code == 0
    refused = flipbook(*asks(refusal))
    assert refused.exit_code == 3, refused.output
    assert refusal.says(place="machine").match(refused.stderr), refused.stderr
