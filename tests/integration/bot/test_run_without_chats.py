"""`flipbook run` without any token says what to set, and serves the web endpoints all the same."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]


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
        line = next(line for line in process.stderr if "no chat is configured" in line)
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert answer.status_code == 200
    for words in ("DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "flipbook setup discord", "flipbook animate"):
        assert words in line
