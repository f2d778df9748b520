"""The worker does what its OpenAPI document says, whatever it is sent."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from generation.request import Endpoint
from worker.openapi import document

PROCESS = Path(__file__).parents[3] / "doubles" / "worker_process.py"
OPERATIONS = [(path, method.upper()) for path, methods in document()["paths"].items() for method in methods]
SOME = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

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
    """The document of a worker in a process of its own."""
    folder = tmp_path_factory.mktemp("data")
    command = [sys.executable, str(PROCESS), str(folder), "max_queue=100000", "exit_with_parent=true"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        assert worker.stdout is not None
        assert worker.stdin is not None
        url = json.loads(worker.stdout.readline())["url"]
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")
        worker.stdin.close()
        assert worker.wait(10) == 0


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_the_document_names(
    described: schemathesis.BaseSchema, path: str, method: str
) -> None:
    @SOME
    @given(case=described[path][method].as_strategy())
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()


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
