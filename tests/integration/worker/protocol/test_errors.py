"""The protocol's tables of error types, row by row: what fal sends, what the worker sends, what the core reads."""

import pytest

from generation.backends.errors import error_of_result
from generation.backends.responses import BackendResponse
from generation.protocol.errors import (
    BackendError,
    ContentRejected,
    GenerationFailed,
    GenerationTimedOut,
    RequestCancelled,
    RequestRejected,
)
from generation.protocol.wire import DetailItem, ErrorBody, ErrorType, ModelErrorType, detail_url

REQUEST_ERRORS = {
    "request_timeout": (504, GenerationTimedOut, ("late", 504)),
    "startup_timeout": (504, GenerationFailed, None),
    "runner_scheduling_failure": (503, GenerationFailed, ("large", 500)),
    "runner_connection_timeout": (503, GenerationFailed, None),
    "runner_disconnected": (503, GenerationFailed, ("lost", 500)),
    "runner_connection_refused": (503, GenerationFailed, None),
    "runner_connection_error": (503, GenerationFailed, None),
    "runner_incomplete_response": (502, GenerationFailed, None),
    "runner_server_error": (500, GenerationFailed, ("broken", 500)),
    "client_disconnected": (499, RequestCancelled, None),
    "client_cancelled": (499, RequestCancelled, ("cancelled", 499)),
    "bad_request": (400, RequestRejected, None),
    "internal_error": (500, GenerationFailed, None),
}
"""``error_type``: fal's status code, what it is to the core, and which request of the worker ends so, with what code.

The worker has one runner, in its own process, so nothing can happen on the way to it. Its 502 and 503 would make fal's
clients ask again for half a minute: what is final there is a 500.
"""

MODEL_ERRORS = {
    "internal_server_error": (500, {}, GenerationFailed),
    "generation_timeout": (504, {}, GenerationTimedOut),
    "downstream_service_error": (400, {}, GenerationFailed),
    "downstream_service_unavailable": (500, {}, GenerationFailed),
    "content_policy_violation": (422, {}, ContentRejected),
    "image_too_small": (422, {"min_height": 64, "min_width": 64}, RequestRejected),
    "image_too_large": (422, {"max_height": 64, "max_width": 64}, RequestRejected),
    "image_load_error": (422, {}, RequestRejected),
    "image_aspect_ratio_error": (422, {}, RequestRejected),
    "file_download_error": (422, {}, RequestRejected),
    "face_detection_error": (422, {}, RequestRejected),
    "file_too_large": (422, {"max_size": 1024}, RequestRejected),
    "greater_than": (422, {"gt": 0}, RequestRejected),
    "greater_than_equal": (422, {"ge": 1}, RequestRejected),
    "less_than": (422, {"lt": 33}, RequestRejected),
    "less_than_equal": (422, {"le": 32}, RequestRejected),
    "multiple_of": (422, {"multiple_of": 8}, RequestRejected),
    "sequence_too_short": (422, {"min_length": 1}, RequestRejected),
    "sequence_too_long": (422, {"max_length": 6}, RequestRejected),
    "one_of": (422, {"expected": ["a", "b"]}, RequestRejected),
    "feature_not_supported": (422, {}, RequestRejected),
    "invalid_archive": (422, {}, RequestRejected),
    "archive_file_count_below_minimum": (422, {}, RequestRejected),
    "archive_file_count_exceeds_maximum": (422, {}, RequestRejected),
    "audio_duration_too_long": (422, {}, RequestRejected),
    "audio_duration_too_short": (422, {}, RequestRejected),
    "unsupported_audio_format": (422, {"supported_formats": ["wav"]}, RequestRejected),
    "unsupported_image_format": (422, {"supported_formats": ["png"]}, RequestRejected),
    "unsupported_video_format": (422, {"supported_formats": ["mp4"]}, RequestRejected),
    "video_duration_too_long": (422, {}, RequestRejected),
    "video_duration_too_short": (422, {}, RequestRejected),
    "no_media_generated": (422, {}, GenerationFailed),
    "missing": (422, {}, RequestRejected),
    "int_parsing": (422, {}, RequestRejected),
    "literal_error": (422, {"expected": "'a'"}, RequestRejected),
    "value_error.missing": (422, {}, RequestRejected),
}
"""``type`` of a detail item: status code, context, and what it is to the core."""


@pytest.mark.parametrize("kind", REQUEST_ERRORS)
def test_a_request_error_is_read_for_what_it_is(kind: str) -> None:
    code, error, _ = REQUEST_ERRORS[kind]
    body = ErrorBody(detail="Said so", error_type=kind).to_bytes()
    by_body = error_of_result("fal", BackendResponse(code, body, {}))
    by_header = error_of_result("fal", BackendResponse(code, b'{"detail": "Said so"}', {"x-fal-error-type": kind}))
    assert (ErrorType(kind).http_status, type(by_body), type(by_header)) == (code, error, error)


async def test_a_request_error_that_the_worker_sends_has_its_type_in_status_body_and_header(scene) -> None:
    for kind, (_, _, sent) in REQUEST_ERRORS.items():
        if sent is None:
            continue
        name, code = sent
        status, result = await scene.ask(name, "/status"), await scene.ask(name)
        seen = status.json()["error_type"], result.json()["error_type"], result.headers["x-fal-error-type"]
        assert (result.status_code, seen) == (code, (kind, kind, kind))
        assert status.json()["error"] == result.json()["detail"]


@pytest.mark.parametrize("kind", MODEL_ERRORS)
def test_a_model_error_is_read_for_what_it_is(kind: str) -> None:
    code, context, error = MODEL_ERRORS[kind]
    item = DetailItem(loc=("body", "x"), msg="Said so", type=kind, url=detail_url(kind), ctx=context)
    found = error_of_result("fal", BackendResponse(code, ErrorBody(detail=(item,)).to_bytes(), {}))
    assert isinstance(found, BackendError)
    assert type(found) is error


def test_both_tables_hold_every_type_that_we_have_a_name_for() -> None:
    assert set(REQUEST_ERRORS) == {kind.value for kind in ErrorType}
    assert {kind.value for kind in ModelErrorType} <= set(MODEL_ERRORS)
    assert {kind.value: kind.http_status for kind in ModelErrorType} == {
        kind.value: MODEL_ERRORS[kind.value][0] for kind in ModelErrorType
    }
