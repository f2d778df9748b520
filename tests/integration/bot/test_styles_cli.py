"""``flipbook admin styles`` and ``flipbook animate --style``: the same words as in the chats."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(tmp_path / "data"))
    for name in ("FAL_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "FLIPBOOK_WORKER_URL"):
        monkeypatch.delenv(name, raising=False)


def styles(*words: str) -> tuple[int, str]:
    done = runner.invoke(app, ["admin", "styles", *words])
    return done.exit_code, (done.stdout or done.stderr).strip()


def test_styles_are_added_changed_and_removed() -> None:
    code, said = styles("add", "discord:1", "Night Film", "prefix=film, noir", "no=colours", "size=square_hd")
    assert code == 0
    assert "- night film · before the prompt: film, noir · to avoid: colours · size: square_hd" in said
    assert (
        "- night film · before the prompt: film, noir · to avoid: colours\n"
        in styles("edit", "discord:1", "night-film", "size=-")[1]
    )
    assert "night film" not in styles("list", "discord:2")[1]
    assert "night film" not in styles("remove", "discord:1", "night film")[1]
    assert styles("reset", "discord:1") == styles("list", "discord:2")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list", "discord"), 2, "Name the server as platform:id"),
        (("add", "discord:1", "ink", "prefix"), 2, "Write part=value, such as prefix='ink drawing', not 'prefix'."),
        (("add", "discord:1", "ink", "colour=red"), 2, "part must be name, prefix"),
        (("add", "discord:1", "ink", "prefix=x"), 2, "name must be one that no style has yet"),
        (("remove", "discord:1", "dance"), 3, "There is no style 'dance' here."),
    ],
)
def test_what_is_wrong_is_one_sentence(words: tuple[str, ...], code: int, said: str) -> None:
    found, text = styles(*words)
    assert (found, said in text) == (code, True), text


def test_a_clip_in_a_style_from_the_terminal(tmp_path: Path) -> None:
    refused = runner.invoke(app, ["animate", "a fox", "--style", "dance", "--detach"])
    assert (refused.exit_code, "There is no style 'dance' here." in refused.stderr) == (3, True)
    ordered = runner.invoke(app, ["animate", "a fox", "--style", "Pixel Art", "--detach", "--json"])
    assert (ordered.exit_code, json.loads(ordered.stdout)["status"]) == (0, "pending")
