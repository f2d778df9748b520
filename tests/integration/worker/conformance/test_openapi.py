"""The worker does what its OpenAPI document says, for any input and any caller."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis import checks

from generation.protocol.request import Endpoint
from worker.api.openapi.document import document
from workers import APP, INPUT

PROCESS = Path(__file__).parents[3] / "doubles" / "worker" / "worker_process.py"
OPERATIONS = [(path, method.upper()) for path, methods in document()["paths"].items() for method in methods]
PROXY = "/api/fal/proxy"
SOME = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CALLERS = {"one": "Key one:s1", "two": "Key two:s2", "nobody": "Key three:s3"}

pytestmark = pytest.mark.conformance
checks.load_all_checks()
CHECKS = [
    checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document of a worker with two keys, in a process of its own."""
    folder = tmp_path_factory.mktemp("data")
    given = ["max_queue=100000", 'key="one:s1,two:s2"', "exit_with_parent=true"]
    command = [sys.executable, str(PROCESS), str(folder), *given]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        assert worker.stdout is not None
        assert worker.stdin is not None
        url = json.loads(worker.stdout.readline())["url"]
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")
        worker.stdin.close()
        assert worker.wait(10) == 0


class ByProxy(HTTPAdapter):
    """Sends every request to the proxy's address, with the one that was meant in a header."""

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        assert request.url is not None
        start, _, path = request.url.partition("//")[2].partition("/")
        request.headers["x-fal-target-url"] = f"https://queue.fal.run/{path}"
        request.url = f"http://{start}{PROXY}"
        return super().send(request, *args, **named)


@pytest.fixture
def by_proxy() -> Iterator[requests.Session]:
    """A session through the proxy."""
    with requests.Session() as session:
        session.mount("http://", ByProxy())
        yield session


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_the_document_names(
    described: schemathesis.BaseSchema, path: str, method: str, caller: str
) -> None:
    seen = set()

    @SOME
    @given(case=described[path][method].as_strategy())
    def holds(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(checks=CHECKS, headers={"authorization": CALLERS[caller]})
        seen.add(answer.status_code)

    holds()
    assert caller != "nobody" or is_open(path, method) or 401 in seen


def is_open(path: str, method: str) -> bool:
    """Whether no key is needed there, or the proxy answers before it knows what is meant."""
    return document()["paths"][path][method.lower()].get("security") == [{}] or path == PROXY


@pytest.mark.parametrize(("path", "method"), [pair for pair in OPERATIONS if pair[0] != PROXY])
def test_the_proxy_answers_as_the_meant_address_does(
    described: schemathesis.BaseSchema, by_proxy: requests.Session, path: str, method: str
) -> None:
    @SOME
    @given(case=described[path][method].as_strategy())
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, session=by_proxy, headers={"authorization": CALLERS["one"]})

    holds()


def test_a_requests_whole_life_is_as_described(described: schemathesis.BaseSchema) -> None:
    def ask(path: str, method: str, *, caller: str = "one", **given: Any) -> requests.Response:
        case = described[path][method].Case(**given)
        return case.call_and_validate(checks=CHECKS, headers={"authorization": CALLERS[caller]})

    turbo, kind = f"/{Endpoint.TURBO.value}", {"media_type": "application/json"}
    assert ask(turbo, "POST", body={**INPUT, "fps": 0}, **kind).status_code == 422
    submitted = ask(turbo, "POST", body=INPUT, **kind)
    base, about = f"{APP}/requests/{{request_id}}", {"request_id": submitted.json()["request_id"]}
    answers = [
        ask(f"{base}/status/stream", "GET", path_parameters=about, query={"logs": "1"}),
        ask(f"{base}/status", "GET", path_parameters=about, query={"logs": "true"}),
        ask(base, "GET", path_parameters=about),
        ask(f"{base}/cancel", "PUT", path_parameters=about),
        ask(base, "GET", path_parameters=about, caller="two"),
        ask(f"{base}/cancel", "PUT", path_parameters=about, caller="two"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 404, 404]
    name = {"name": answers[2].json()["video"]["url"].rpartition("/")[2]}
    assert ask("/files/{name}", "GET", path_parameters=name).headers["content-type"] == ["video/mp4"]
    assert ask("/files/{name}", "GET", path_parameters=name, headers={"Range": "bytes=0-7"}).status_code == 206


def test_an_uploads_whole_life_is_as_described(described: schemathesis.BaseSchema) -> None:
    def ask(path: str, method: str, **given: Any) -> requests.Response:
        case = described[path][method].Case(**given)
        return case.call_and_validate(checks=CHECKS, headers={"authorization": CALLERS["two"]})

    wanted = {"content_type": "text/plain", "file_name": "a.txt"}
    told = ask("/storage/upload/initiate", "POST", body=wanted, media_type="application/json").json()
    ticket = {"ticket": told["upload_url"].partition("?")[0].rpartition("/")[2]}
    bytes_ = {"body": b"Hello", "media_type": "application/octet-stream"}
    assert ask("/files/write/{ticket}", "PUT", path_parameters=ticket, **bytes_).status_code == 200
    name = {"name": told["file_url"].rpartition("/")[2]}
    assert ask("/files/uploads/{name}", "GET", path_parameters=name).content == b"Hello"
    begun = ask("/files/upload/multipart", "POST").json()
    base = "/files/uploads/{name}/multipart/{ticket}"
    about = {"name": begun["access_url"].rpartition("/")[2], "ticket": begun["uploadId"]}
    part = ask(f"{base}/{{number}}", "PUT", path_parameters={**about, "number": 1}, **bytes_)
    whole = {"body": {"parts": [part.json()]}, "media_type": "application/json"}
    assert ask(f"{base}/complete", "POST", path_parameters=about, **whole).json() == {"access_url": begun["access_url"]}


def test_the_document_is_valid_openapi(described: schemathesis.BaseSchema) -> None:
    described.validate()


def test_the_document_holds_both_inputs_as_fal_publishes_them() -> None:
    schemas = document()["components"]["schemas"]
    bodies = [
        document()["paths"][f"/{endpoint.value}"]["post"]["requestBody"]["content"]["application/json"]["schema"][
            "$ref"
        ]
        for endpoint in Endpoint
    ]
    defaults = [schemas[ref.rsplit("/", 1)[1]]["properties"]["num_inference_steps"]["default"] for ref in bodies]
    assert defaults == [25, 4]
