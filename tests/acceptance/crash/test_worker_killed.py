"""``flipbook worker`` killed with SIGKILL: no answer is lost, and the running request is rendered again."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from workers import APP, INPUT, STANDARD

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 60.0
SLOW = {**INPUT, "num_inference_steps": 25}


class Killable:
    """A worker's process, and a client of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        assert process.stdout is not None
        self.http = httpx.Client(base_url=json.loads(process.stdout.readline())["url"], timeout=30)

    def kill(self) -> None:
        """Send SIGKILL, as the kernel does when memory runs out."""
        self._process.kill()
        self._process.wait(10)

    def submit(self, **fields: object) -> str:
        """Submit; the request's id."""
        query = {"fal_webhook": fields.pop("webhook")} if "webhook" in fields else {}
        answer = self.http.post(STANDARD, json={**SLOW, **fields}, params=query)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    def status(self, request_id: str) -> dict[str, Any]:
        """The request's status with its logs."""
        answer: dict[str, Any] = self.http.get(f"{APP}/requests/{request_id}/status?logs=1").json()
        return answer

    def reaches(self, request_id: str, state: str, *, logs: int = 0) -> dict[str, Any]:
        """Wait until it is in that state and has that many log lines."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (status := self.status(request_id))["status"] != state or len(status["logs"]) < logs:
            assert time.monotonic() < deadline, status
            time.sleep(0.02)
        return status

    def clip(self, request_id: str) -> bytes:
        """The finished clip's bytes."""
        result = self.http.get(f"{APP}/requests/{request_id}").json()
        return self.http.get("/files/" + result["video"]["url"].rpartition("/")[2]).content


@contextmanager
def worker(folder: Path) -> Iterator[Killable]:
    """The command, with the preview engine slowed down so that there is something to kill."""
    given = ["--engine", "preview", "--port", "0", "--step-seconds", "0.05", "--data-dir", str(folder)]
    environment = {**os.environ, "FLIPBOOK_WORKER_WEBHOOKS_TO_PRIVATE": "true"}
    command = [Path(sys.executable).with_name("flipbook"), "worker", *given]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            opened = Killable(process)
            yield opened
            opened.http.close()
        finally:
            process.kill()


class Receiver(HTTPServer):
    """A webhook receiver that fails the first time."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.calls: list[dict[str, Any]] = []
        self.called = threading.Semaphore(0)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.calls.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(500 if len(self.server.calls) == 1 else 200)
        self.end_headers()
        self.server.called.release()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with Receiver() as opened:
        serving = threading.Thread(target=opened.serve_forever, daemon=True)
        serving.start()
        yield opened
        opened.shutdown()
        serving.join()


def test_requests_logs_results_and_owed_webhooks_outlive_a_kill_and_the_running_one_is_run_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    with worker(tmp_path) as first:
        done = first.submit(prompt="done", webhook=receiver.url)
        before = first.reaches(done, "COMPLETED")
        clip = first.clip(done)
        assert receiver.called.acquire(timeout=PATIENCE_SECONDS)
        running, waiting = first.submit(prompt="running"), first.submit(prompt="waiting")
        first.reaches(running, "IN_PROGRESS", logs=3)
        first.kill()
    with worker(tmp_path) as second:
        again = second.status(done)
        assert (again["status"], again["logs"], again["metrics"]) == ("COMPLETED", before["logs"], before["metrics"])
        assert second.clip(done) == clip
        assert second.reaches(running, "COMPLETED")["logs"][-1]["labels"] == {"step": "25", "steps": "25"}
        undisturbed = second.submit(prompt="running")
        second.reaches(waiting, "COMPLETED")
        second.reaches(undisturbed, "COMPLETED")
        assert second.clip(running) == second.clip(undisturbed)
        assert second.clip(waiting) != second.clip(running)
        assert receiver.called.acquire(timeout=PATIENCE_SECONDS)
    assert [(call["request_id"], call["status"]) for call in receiver.calls] == [(done, "OK")] * 2


def test_a_request_that_is_killed_twice_has_failed_and_no_other_fails_with_it(tmp_path: Path) -> None:
    with worker(tmp_path) as first:
        suspect, other = first.submit(prompt="suspect"), first.submit(prompt="other")
        first.reaches(suspect, "IN_PROGRESS", logs=1)
        first.kill()
    with worker(tmp_path) as second:
        second.reaches(suspect, "IN_PROGRESS", logs=1)
        assert second.status(other)["status"] == "IN_QUEUE"
        second.kill()
    with worker(tmp_path) as third:
        status, result = third.status(suspect), third.http.get(f"{APP}/requests/{suspect}")
        assert (status["status"], status["error_type"]) == ("COMPLETED", "runner_disconnected")
        assert (result.status_code, result.json()["error_type"]) == (500, "runner_disconnected")
        third.reaches(other, "COMPLETED")
        assert third.http.get(f"{APP}/requests/{other}").json()["seed"] == INPUT["seed"]
