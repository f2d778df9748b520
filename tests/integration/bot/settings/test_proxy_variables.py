"""Every form of proxy variable, over every command: what needs only this machine works, the rest says one sentence."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

runner = CliRunner()
SMALL = ["--size", "64x64", "--frames", "4", "--steps", "2", "--engine", "preview"]
UNUSABLE = {
    "a scheme that nobody knows": {"ALL_PROXY": "gopher://127.0.0.1:9"},
    "an old scheme": {"all_proxy": "socks4://127.0.0.1:9"},
    "a port that is none": {"HTTPS_PROXY": "http://me:hunter2@127.0.0.1:port"},
    "a password with a sign that ends an address": {"https_proxy": "http://me:hunter2#@127.0.0.1:9"},
    "brackets that do not close": {"ALL_PROXY": "http://[::1"},
}
USABLE = {
    "socks": {"ALL_PROXY": "socks5://127.0.0.1:9"},
    "a desktop's socks": {"ALL_PROXY": "socks://127.0.0.1:9/"},
    "exceptions in brackets": {"NO_PROXY": "[::1],10.0.0.0/8", "HTTP_PROXY": "http://127.0.0.1:9"},
    "without a scheme": {"HTTP_PROXY": "127.0.0.1:9", "HTTPS_PROXY": "127.0.0.1:9"},
    "in quotation marks": {"HTTP_PROXY": '"http://127.0.0.1:9"'},
}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(tmp_path / "data"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


QUICK = {"a scheme that nobody knows", "without a scheme"}
"""One of either kind; the others render a whole clip each for the same answer."""


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(values, id=name, marks=() if name in QUICK else pytest.mark.slow)
        for name, values in (UNUSABLE | USABLE).items()
    ],
)
def test_a_clip_of_this_machine_needs_no_proxy(environment: dict[str, str], tmp_path: Path) -> None:
    result = runner.invoke(app, ["animate", "a fox", *SMALL, "-o", "fox.mp4"], env=environment)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "fox.mp4").stat().st_size > 0


@pytest.mark.parametrize("environment", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["animate", "a fox"], {"FAL_KEY": "a:b"}),
        (["animate", "a fox"], {"FLIPBOOK_WORKER_URL": "https://gpu.test"}),
        (["run"], {"DISCORD_TOKEN": "a.b.c"}),
        (["run"], {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}),
        (["run"], {"FAL_KEY": "a:b"}),
        (["setup", "slack", "--token-file", "tokens"], {}),
    ],
)
def test_what_goes_out_says_which_variable_cannot_be_understood(
    environment: dict[str, str], arguments: list[str], needs: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text("xoxb-1-2-abc\nxapp-1-2-abc\n")
    result = runner.invoke(app, arguments, env=environment | needs)
    (variable,) = (name.upper() for name in environment)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(variable)
    assert "hunter2" not in result.output


@pytest.mark.parametrize("environment", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("needs", [{}, {"DISCORD_TOKEN": "a.b.c"}, {"FAL_KEY": "a:b"}])
def test_doctor_names_it(environment: dict[str, str], needs: dict[str, str]) -> None:
    result = runner.invoke(app, ["doctor", "--engine", "preview"], env=environment | needs)
    (variable,) = (name.upper() for name in environment)
    assert f"BAD  proxies: {variable}" in result.stdout
    assert "hunter2" not in result.output


def test_doctor_says_which_way_each_address_is_reached() -> None:
    environment = {"HTTPS_PROXY": "http://me:hunter2@127.0.0.1:9", "NO_PROXY": "slack.com", "FAL_KEY": "a:b"}
    result = runner.invoke(app, ["doctor"], env=environment | {"SLACK_BOT_TOKEN": "xoxb-1"})
    assert "ok   proxies: fal through http://127.0.0.1:9, Slack directly\n" in result.stdout
    assert "hunter2" not in result.output


def test_a_proxy_may_stand_in_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://me:hunter2@proxy.test:3128\nFAL_KEY=a:b\n")
    result = runner.invoke(app, ["config"])
    assert "HTTPS_PROXY=http://me:********@proxy.test:3128" in result.stdout.splitlines()


@pytest.mark.engine
@pytest.mark.parametrize("environment", UNUSABLE.values(), ids=UNUSABLE)
def test_the_models_hub_is_not_asked_through_a_proxy_that_cannot_be_understood(environment: dict[str, str]) -> None:
    download = ["worker", "models", "download", "--accept-licences"]
    result = runner.invoke(app, download, env=environment | {"HF_ENDPOINT": "https://hub.test"})
    (variable,) = (name.upper() for name in environment)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(variable)
    assert "hunter2" not in result.output


@pytest.mark.engine
@pytest.mark.parametrize("environment", [*UNUSABLE.values(), *USABLE.values()], ids=[*UNUSABLE, *USABLE])
def test_a_mirror_on_this_machine_needs_no_proxy(environment: dict[str, str], unused_tcp_port: int) -> None:
    mirror = f"http://127.0.0.1:{unused_tcp_port}"
    result = runner.invoke(app, ["worker", "models", "download", "--accept-licences", "--hub", mirror], env=environment)
    assert result.exit_code == 1
    assert "The hub did not answer" in result.stderr
