"""`flipbook run` without any token says what to set, and serves the web endpoints all the same."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from bot import __version__

ROOT = Path(__file__).resolve().parents[3]

DASHBOARD = "The dashboard is at /dashboard; `flipbook dashboard` lets you in."


def test_without_a_token_it_says_what_to_set_and_serves_the_web_endpoints(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FLIPBOOK_DATA_DIR": str(tmp_path / "data"),
        "FLIPBOOK_WEB_PORT": str(port),
        "FLIPBOOK_WORKER_URL": "http://127.0.0.1:9",  # none of its own is started
        "FLIPBOOK_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "bot", "run"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(json.loads(line))
            if lines[-1]["event"] == "no chat is configured":
                break
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
        front = httpx.get(f"http://127.0.0.1:{port}/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert answer.status_code == 200
    assert (front.status_code, front.text) == (
        200,
        f"Flipbook {__version__}. Health is at /healthz and /readyz, metrics are at /metrics. {DASHBOARD}\n",
    )
    started, settings, _ = lines
    assert (started["event"], started["backends"], started["web"]) == ("started", "worker", f"127.0.0.1 port {port}")
    assert (settings["event"], settings["detail"]) == (
        "settings",
        f"of the environment; there is no {tmp_path / '.env'}",
    )
    for words in ("DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "flipbook setup discord", "flipbook animate"):
        assert words in lines[-1]["next"]
