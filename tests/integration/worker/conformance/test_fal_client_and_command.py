"""fal's Python client 1.0.3, unmodified, against the command that an operator starts: ``flipbook worker``."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles.http.connect_proxy import leading_everybody_to
from generation.protocol.request import Endpoint
from workers import KEY

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parents[3] / "doubles" / "backends" / "fal_script.py"
STEPS = [{"step": str(number), "steps": "3"} for number in (1, 2, 3)]
Said = list[dict[str, Any]]


@dataclass
class Command:
    """The worker's process: its port, and the certificate of its authority."""

    port: int
    ca: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The client's: its key, the CA that it trusts, and the worker's prefixes in place of fal's hosts."""
        hosts = {"FAL_RUN_HOST": f"127.0.0.1:{self.port}/run", "FAL_QUEUE_RUN_HOST": f"127.0.0.1:{self.port}/queue"}
        trust = {"FAL_KEY": KEY, "SSL_CERT_FILE": str(self.ca), "NO_PROXY": "127.0.0.1"}
        return {**os.environ, **trust, **(more or hosts)}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Command]:
    """``flipbook worker --engine preview`` with a key and a certificate."""
    given = ["--engine", "preview", "--port", "0", "--step-seconds", "0.2", "--exit-with-parent"]
    given += ["--data-dir", str(tmp_path_factory.mktemp("data"))]
    given += ["--ssl-certfile", str(certificates / "cert.pem"), "--ssl-keyfile", str(certificates / "key.pem")]
    settings = {"FLIPBOOK_WORKER_KEY": KEY, "FLIPBOOK_WORKER_WEBHOOKS_TO_PRIVATE": "true"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [Path(sys.executable).with_name("flipbook"), "worker", *given],
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **settings},
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        ready = json.loads(process.stdout.readline())
        assert ready["engine"] == "preview"
        yield Command(int(ready["url"].rpartition(":")[2]), certificates / "ca.pem")
        process.stdin.close()
        assert process.wait(10) == 0


def told(mode: str, scenario: str, argument: str, environment: dict[str, str]) -> Said:
    """Everything that the client told its caller, who never has anything to add."""
    command = [sys.executable, str(SCRIPT), mode, scenario, argument]
    done = subprocess.run(command, env=environment, input=b"\n", stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def of(said: Said, kind: str) -> list[Any]:
    """What was reported under that name."""
    return [line[kind] for line in said if kind in line]


def subscribed(said: Said) -> None:
    """Every state with its logs, then the clip."""
    updates, (result,) = of(said, "update"), of(said, "result")
    kinds = [update["kind"] for update in updates]
    assert list(dict.fromkeys(kinds))[-2:] == ["InProgress", "Completed"]
    assert [entry["labels"] for entry in updates[-1]["logs"]] == STEPS
    assert (result["seed"], result["video"]["content_type"]) == (7, "video/mp4")


def handled(said: Said) -> None:
    """By the handle and by the request's id alike: status, events, result."""
    statuses, results, events = of(said, "status"), of(said, "result"), of(said, "event")
    assert of(said, "urls_agree") == [True]
    assert statuses[0]["kind"] in {"Queued", "InProgress"}
    assert events[-1]["kind"] == "Completed"
    assert [entry["labels"] for entry in statuses[1]["logs"]] == STEPS
    assert results[0] == results[1]
    assert results[0]["seed"] == 7


def cancelled(said: Said) -> None:
    """A cancelled request is completed with an error; its result is a 499, and it cannot be cancelled again."""
    (status,), (result, again) = of(said, "status"), of(said, "error")
    assert of(said, "cancelled") == [None]
    assert (status["kind"], status["error"], status["error_type"]) == (
        "Completed",
        "Request was cancelled",
        "client_cancelled",
    )
    assert (result["code"], result["type"], again["code"]) == (499, "client_cancelled", 400)


def refused(said: Said) -> None:
    """An input out of bounds is refused at once."""
    (error,) = of(said, "error")
    (item,) = error["message"]
    assert (error["code"], item["loc"], item["type"]) == (422, ["body", "num_frames"], "less_than_equal")


def not_found(said: Said) -> None:
    """What is not there."""
    assert [error["code"] for error in of(said, "error")] == [404, 404, 404]


def ran(said: Said) -> None:
    """The result on the same connection, or its error."""
    (result,), (error,) = of(said, "result"), of(said, "error")
    assert (result["seed"], error["code"], error["message"][0]["type"]) == (7, 422, "less_than_equal")


SCENARIOS: list[tuple[str, Endpoint, Callable[[Said], None]]] = [
    ("subscribe", Endpoint.STANDARD, subscribed),
    ("subscribe", Endpoint.TURBO, subscribed),
    ("handle", Endpoint.TURBO, handled),
    ("cancel", Endpoint.STANDARD, cancelled),
    ("invalid", Endpoint.STANDARD, refused),
    ("unknown", Endpoint.STANDARD, not_found),
    ("run", Endpoint.TURBO, ran),
]


@pytest.mark.parametrize(("scenario", "endpoint", "holds"), SCENARIOS)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_command_does_for_the_client_what_fal_does(
    command: Command, mode: str, scenario: str, endpoint: Endpoint, holds: Callable[[Said], None]
) -> None:
    holds(told(mode, scenario, endpoint.value, command.environment()))


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_uploads_reach_the_command_under_fals_own_names_and_are_read_back(
    command: Command, certificates: Path, mode: str
) -> None:
    async with leading_everybody_to(command.port) as proxy:
        environment = command.environment(HTTPS_PROXY=proxy, NO_PROXY="")
        urls = of(await asyncio.to_thread(told, mode, "upload", "101", environment), "url")
        trust = ssl.create_default_context(cafile=certificates / "ca.pem")
        async with httpx.AsyncClient(verify=trust, proxy=proxy, trust_env=False) as http:
            small, stored, large = [(await http.get(url)).content for url in urls]
    assert [url.split("/")[2] for url in urls] == ["v3.fal.media", "rest.fal.ai", "rest.fal.ai"]
    assert (small, stored) == (b"Hello, World!", b"Hello, World!")
    assert large == bytes(range(256)) * 4096 * 101


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_command_calls_the_webhook(command: Command, mode: str) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            calls.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.timeout = 60
        url = f"http://127.0.0.1:{server.server_port}/hook?x=1&y=2"
        (request_id,) = of(told(mode, "webhook", url, command.environment()), "request_id")
        server.handle_request()
    ((path, body),) = calls
    assert (path, body["request_id"], body["status"]) == ("/hook?x=1&y=2", request_id, "OK")
    assert (body["payload"]["seed"], body["payload"]["video"]["content_type"]) == (7, "video/mp4")
