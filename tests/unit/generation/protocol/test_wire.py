"""The queue protocol's JSON: tolerant in reading, exact in writing."""

import json

import pytest
from pydantic import ValidationError

from generation.protocol.request import Endpoint
from generation.protocol.wire import (
    CancelAnswer,
    CancelStatus,
    DetailItem,
    ErrorBody,
    ErrorType,
    File,
    LogEntry,
    MetricsBody,
    ModelErrorType,
    Output,
    QueueStatus,
    RequestState,
    SubmitAnswer,
    WebhookBody,
    WebhookStatus,
    detail_url,
    full_request_urls,
    input_to_bytes,
    request_urls,
    submit_url,
)
from generation.protocol.wire.base import Wire

URLS = {"response_url": "r", "status_url": "s", "cancel_url": "c"}
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"


def written(body: Wire) -> object:
    return json.loads(body.to_bytes())


def test_a_submit_answer_has_every_key_that_fals_clients_demand() -> None:
    assert written(SubmitAnswer(request_id=ID, queue_position=3, **URLS)) == {
        "status": "IN_QUEUE",
        "request_id": ID,
        **URLS,
        "logs": None,
        "metrics": {},
        "queue_position": 3,
    }


@pytest.mark.parametrize("request_id", ["", "../../etc", "a/b", "a b", ".", "x" * 129, "é"])
def test_a_request_id_that_could_leave_its_path_is_refused(request_id: str) -> None:
    with pytest.raises(ValidationError):
        SubmitAnswer.model_validate({"request_id": request_id})


def test_a_queued_status_has_a_position_and_null_logs() -> None:
    assert written(QueueStatus(status=RequestState.IN_QUEUE, request_id=ID, queue_position=0, **URLS)) == {
        "status": "IN_QUEUE",
        "request_id": ID,
        **URLS,
        "queue_position": 0,
        "logs": None,
        "metrics": {},
    }


def test_a_failed_status_is_completed_with_an_error() -> None:
    status = QueueStatus(
        status=RequestState.COMPLETED,
        request_id=ID,
        logs=(),
        error="Request was cancelled",
        error_type=ErrorType.CLIENT_CANCELLED,
        **URLS,
    )
    assert status.failed
    assert written(status) == {
        "status": "COMPLETED",
        "request_id": ID,
        **URLS,
        "logs": [],
        "metrics": {},
        "error": "Request was cancelled",
        "error_type": "client_cancelled",
    }


def test_a_completed_status_has_its_time_and_no_error() -> None:
    status = QueueStatus(status=RequestState.COMPLETED, logs=None, metrics=MetricsBody(inference_time=3.25))
    assert not status.failed
    assert written(status) == {
        "status": "COMPLETED",
        "request_id": "",
        "response_url": "",
        "status_url": "",
        "cancel_url": "",
        "logs": None,
        "metrics": {"inference_time": 3.25},
    }


def test_a_log_entry_is_written_with_all_five_fields() -> None:
    assert written(LogEntry(message="1/4", level="STDERR", timestamp="2026-11-20T12:00:00.000000")) == {
        "message": "1/4",
        "level": "STDERR",
        "source": "USER",
        "timestamp": "2026-11-20T12:00:00.000000",
        "labels": {},
    }


def test_what_fal_adds_leaves_out_or_sends_as_null_is_read() -> None:
    status = QueueStatus.model_validate_json(
        '{"status":"IN_PROGRESS","gateway_request_id":"g","metrics":null,"error":{"code":7},'
        '"logs":[{"timestamp":"2024-12-20T15:37:17.120314","message":"hi","labels":null},{}]}'
    )
    assert status == QueueStatus(
        status=RequestState.IN_PROGRESS,
        logs=(LogEntry(message="hi", timestamp="2024-12-20T15:37:17.120314"), LogEntry()),
        error='{"code": 7}',
    )


def test_a_state_that_the_protocol_does_not_know_is_refused() -> None:
    with pytest.raises(ValidationError):
        QueueStatus.model_validate({"status": "FAILED"})


def test_an_output_is_read_without_its_seed_as_fals_own_example_writes_it() -> None:
    assert Output.model_validate({"video": {"url": "u", "file_data": 1}}) == Output(video=File(url="u"))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (CancelStatus.OK, 200),
        (CancelStatus.CANCELLATION_REQUESTED, 202),
        (CancelStatus.ALREADY_COMPLETED, 400),
        (CancelStatus.NOT_FOUND, 404),
    ],
)
def test_each_cancel_answer_has_its_status_code(status: CancelStatus, code: int) -> None:
    assert (written(CancelAnswer(status=status)), status.http_status) == ({"status": status.name}, code)


def test_each_error_type_has_its_status_code() -> None:
    assert {kind.value: kind.http_status for kind in ErrorType} == {
        "request_timeout": 504,
        "startup_timeout": 504,
        "runner_scheduling_failure": 503,
        "runner_connection_timeout": 503,
        "runner_disconnected": 503,
        "runner_connection_refused": 503,
        "runner_connection_error": 503,
        "runner_incomplete_response": 502,
        "runner_server_error": 500,
        "client_disconnected": 499,
        "client_cancelled": 499,
        "bad_request": 400,
        "internal_error": 500,
    }


def test_model_errors_are_422_unless_fal_says_otherwise() -> None:
    assert {kind.value: kind.http_status for kind in ModelErrorType} == {
        "internal_server_error": 500,
        "generation_timeout": 504,
        "downstream_service_error": 400,
        "downstream_service_unavailable": 500,
        "content_policy_violation": 422,
        "feature_not_supported": 422,
        "no_media_generated": 422,
    }


def test_a_detail_item_is_written_without_what_it_does_not_have() -> None:
    bare = DetailItem(loc=("body", "prompt"), msg="Field required", type="missing")
    full = DetailItem(
        loc=("body", "num_frames"), msg="m", type="less_than_equal", url=detail_url("less_than_equal"), ctx={"le": 32},
        input=None,
    )  # fmt: skip
    assert written(ErrorBody(detail=(bare, full))) == {
        "detail": [
            {"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"},
            {
                "loc": ["body", "num_frames"],
                "msg": "m",
                "type": "less_than_equal",
                "url": "https://docs.fal.ai/errors/#less_than_equal",
                "ctx": {"le": 32},
                "input": None,
            },
        ]
    }


@pytest.mark.parametrize(
    ("body", "sentence", "items"),
    [
        (b'{"detail":"Request timed out","error_type":"request_timeout"}', "Request timed out", 0),
        (b'{"detail":[{"loc":["body","fps"],"msg":"too low","type":"x"}]}', "body.fps: too low", 1),
        (b"<html>502 Bad Gateway</html>", "<html>502 Bad Gateway</html>", 0),
        (b"null", "null", 0),
        (b"\xff\xfe", "��", 0),
        (b"x" * 5000, "x" * 500, 0),
        (b"", "", 0),
    ],
)
def test_any_body_reads_as_an_error(body: bytes, sentence: str, items: int) -> None:
    error = ErrorBody.from_any(body)
    assert (error.sentence, len(error.items)) == (sentence, items)


def test_webhook_bodies_are_written_as_fal_writes_them() -> None:
    done = WebhookBody(request_id=ID, gateway_request_id=ID, status=WebhookStatus.OK, payload={"seed": 1})
    failed = WebhookBody(
        request_id=ID, status=WebhookStatus.ERROR, error="Invalid status code: 422", payload={"detail": []}
    )
    assert [written(done), written(failed)] == [
        {"request_id": ID, "gateway_request_id": ID, "status": "OK", "payload": {"seed": 1}},
        {
            "request_id": ID,
            "gateway_request_id": "",
            "status": "ERROR",
            "error": "Invalid status code: 422",
            "payload": {"detail": []},
        },
    ]


def test_an_input_is_sent_raw() -> None:
    assert input_to_bytes({"prompt": "a fox 🦊", "seed": 7}) == '{"prompt":"a fox 🦊","seed":7}'.encode()


def test_requests_live_under_owner_and_alias_and_may_be_asked_for_by_the_full_id() -> None:
    short = request_urls("https://queue.fal.run/", Endpoint.TURBO, ID)
    full = full_request_urls("https://queue.fal.run", Endpoint.TURBO, ID)
    app = "https://queue.fal.run/fal-ai/fast-animatediff"
    assert [short.response, short.status, short.stream, short.cancel, full.response] == [
        f"{app}/requests/{ID}",
        f"{app}/requests/{ID}/status",
        f"{app}/requests/{ID}/status/stream",
        f"{app}/requests/{ID}/cancel",
        f"{app}/turbo/text-to-video/requests/{ID}",
    ]


def test_a_webhook_url_is_quoted_into_the_submit_url() -> None:
    assert submit_url("http://127.0.0.1:8650/queue", Endpoint.STANDARD) == (
        "http://127.0.0.1:8650/queue/fal-ai/fast-animatediff/text-to-video"
    )
    assert submit_url("http://h", Endpoint.TURBO, webhook="https://e.com/hook?x=1&y=2") == (
        "http://h/fal-ai/fast-animatediff/turbo/text-to-video?fal_webhook=https%3A%2F%2Fe.com%2Fhook%3Fx%3D1%26y%3D2"
    )
