"""Every refusal and failure that the protocol knows, and what it becomes here."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubles.clock import START
from generation.backends.errors import error_of_read, error_of_result, error_of_status, error_of_submit, one_line
from generation.backends.responses import BackendResponse
from generation.domain.job import FailureKind
from generation.lifecycle.failures import failure_of
from generation.protocol.errors import (
    AccountLocked,
    BackendError,
    BackendUnavailable,
    ClipWithheld,
    ContentRejected,
    CredentialsRejected,
    GenerationFailed,
    GenerationTimedOut,
    ProtocolViolation,
    RequestCancelled,
    RequestNotFound,
    RequestRejected,
    Violation,
)
from generation.protocol.wire import DetailItem, ErrorBody, ErrorType, QueueStatus, RequestState
from worker.engine import UnsafeClip
from worker.scheduling.failures import of_engine

RETRYABLE_TYPES = {
    "startup_timeout",
    "runner_scheduling_failure",
    "runner_connection_timeout",
    "runner_disconnected",
    "runner_connection_refused",
    "runner_connection_error",
    "runner_incomplete_response",
    "runner_server_error",
    "internal_error",
}


def answer(status: int, detail: object = "", *, error_type: str | None = None, **headers: str) -> BackendResponse:
    body = ErrorBody.model_validate({"detail": detail, "error_type": error_type}).to_bytes()
    return BackendResponse(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def item(kind: str, *loc: str | int, **fields: object) -> dict[str, object]:
    return {"loc": ["body", *loc], "msg": f"the message of {kind}", "type": kind, **fields}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("request_timeout", GenerationTimedOut),
        ("startup_timeout", GenerationFailed),
        ("runner_scheduling_failure", GenerationFailed),
        ("runner_connection_timeout", GenerationFailed),
        ("runner_disconnected", GenerationFailed),
        ("runner_connection_refused", GenerationFailed),
        ("runner_connection_error", GenerationFailed),
        ("runner_incomplete_response", GenerationFailed),
        ("runner_server_error", GenerationFailed),
        ("client_disconnected", RequestCancelled),
        ("client_cancelled", RequestCancelled),
        ("bad_request", RequestRejected),
        ("internal_error", GenerationFailed),
    ],
)
def test_every_error_type_of_a_request(kind, error):
    status = ErrorType(kind).http_status
    by_body = error_of_result("fal", answer(status, "Said so", error_type=kind))
    by_header = error_of_result("fal", answer(status, "Said so", x_fal_error_type=kind))
    by_status = error_of_status("fal", QueueStatus(status=RequestState.COMPLETED, error="Said so", error_type=kind))
    assert {type(by_body), type(by_header), type(by_status)} == {error}
    assert (by_body.detail, by_status.detail) == (f"HTTP {status} Said so", "Said so")
    if isinstance(by_body, GenerationFailed):
        assert (by_body.error_type, by_body.retryable) == (kind, kind in RETRYABLE_TYPES)


def test_every_error_type_is_in_the_table_above():
    assert {kind.value for kind in ErrorType} == RETRYABLE_TYPES | {
        "request_timeout",
        "client_disconnected",
        "client_cancelled",
        "bad_request",
    }


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (500, "internal_server_error", GenerationFailed),
        (504, "generation_timeout", GenerationTimedOut),
        (400, "downstream_service_error", GenerationFailed),
        (500, "downstream_service_error", GenerationFailed),
        (500, "downstream_service_unavailable", GenerationFailed),
        (422, "content_policy_violation", ContentRejected),
        (422, "no_media_generated", GenerationFailed),
        (422, "feature_not_supported", RequestRejected),
    ],
)
def test_every_type_of_the_model_that_is_no_field_error(status, kind, error):
    found = error_of_result("fal", answer(status, [item(kind, "prompt")]))
    assert type(found) is error
    if isinstance(found, GenerationFailed):
        assert (found.error_type, found.retryable) == (kind, False)


@pytest.mark.parametrize(
    ("kind", "context", "allowed"),
    [
        ("greater_than", {"gt": 0}, "more than 0"),
        ("greater_than_equal", {"ge": 1}, "at least 1"),
        ("less_than", {"lt": 33}, "less than 33"),
        ("less_than_equal", {"le": 32}, "at most 32"),
        ("multiple_of", {"multiple_of": 8}, "a multiple of 8"),
        ("sequence_too_short", {"min_length": 1}, "at least 1 long"),
        ("sequence_too_long", {"max_length": 4}, "at most 4 long"),
        ("string_too_long", {"max_length": 9}, "at most 9 characters"),
        ("string_too_short", {"min_length": 1}, "at least 1 characters"),
        ("too_short", {"min_length": 1}, "at least 1 long"),
        ("too_long", {"max_length": 4}, "at most 4 long"),
        ("one_of", {"expected": ["a", "b"]}, "one of a, b"),
        ("enum", {"expected": "'a' or 'b'"}, "'a' or 'b'"),
        ("literal_error", {"expected": "'a'"}, "'a'"),
        ("missing", None, "a value"),
        ("value_error.missing", None, "a value"),
        ("less_than_equal", {}, "the message of less_than_equal"),
        ("image_too_small", {"min_height": 1, "min_width": 1}, "the message of image_too_small"),
        ("image_too_large", None, "the message of image_too_large"),
        ("image_load_error", None, "the message of image_load_error"),
        ("image_aspect_ratio_error", None, "the message of image_aspect_ratio_error"),
        ("file_download_error", None, "the message of file_download_error"),
        ("face_detection_error", None, "the message of face_detection_error"),
        ("file_too_large", {"max_size": 1}, "the message of file_too_large"),
        ("invalid_archive", None, "the message of invalid_archive"),
        ("archive_file_count_below_minimum", None, "the message of archive_file_count_below_minimum"),
        ("archive_file_count_exceeds_maximum", None, "the message of archive_file_count_exceeds_maximum"),
        ("audio_duration_too_long", None, "the message of audio_duration_too_long"),
        ("audio_duration_too_short", None, "the message of audio_duration_too_short"),
        ("unsupported_audio_format", None, "the message of unsupported_audio_format"),
        ("unsupported_image_format", None, "the message of unsupported_image_format"),
        ("unsupported_video_format", None, "the message of unsupported_video_format"),
        ("video_duration_too_long", None, "the message of video_duration_too_long"),
        ("video_duration_too_short", None, "the message of video_duration_too_short"),
        ("int_parsing", None, "the message of int_parsing"),
    ],
)
def test_every_type_of_a_field_error(kind, context, allowed):
    refused = answer(422, [item(kind, "num_frames", ctx=context, input=99)])
    given = "nothing" if "missing" in kind else "99"
    for error in (error_of_result("fal", refused), error_of_submit("fal", refused, resubmits_safely=False, now=START)):
        assert isinstance(error, RequestRejected)
        assert error.violations == (Violation("num_frames", allowed, given),)


def test_a_field_is_named_as_members_know_it():
    items = [
        item("less_than_equal", "video_size", "custom", "width", ctx={"le": 1024}, input=2048),
        item("enum", "motions", 1, ctx={"expected": "'zoom-in'"}, input="spin"),
        item("missing", "prompt"),
    ]
    error = error_of_result("fal", answer(422, items))
    assert isinstance(error, RequestRejected)
    assert error.violations == (
        Violation("video_size.width", "at most 1024", "2048"),
        Violation("motions", "'zoom-in'", "'spin'"),
        Violation("prompt", "a value", "nothing"),
    )


def test_a_prompt_is_never_quoted():
    error = error_of_result("fal", answer(422, [item("string_too_long", "prompt", input="secret text " * 300)]))
    assert isinstance(error, RequestRejected)
    assert error.violations[0].given == "3,599 characters"
    assert "secret" not in str(error) + repr(error.violations)


def test_a_hostile_list_of_complaints_is_bounded():
    items = [item("x" * 5000, f"field{n}" * 500, input="y" * 5000) for n in range(500)]
    error = error_of_result("fal", answer(422, items))
    assert isinstance(error, RequestRejected)
    assert len(error.violations) == 20
    assert max(len(v.field + v.allowed + v.given) for v in error.violations) < 250
    assert len(str(error)) < 400


def test_complaints_of_the_wrong_shape_still_refuse():
    body = b'{"detail": [{"loc": "prompt", "msg": 5}, "odd", null], "error_type": null}'
    error = error_of_result("fal", BackendResponse(422, body))
    assert isinstance(error, RequestRejected)


def test_a_clip_that_a_check_has_stopped_is_told_from_a_refused_prompt():
    """Our worker names the whole body, where a refused prompt is named by its field."""
    failure = of_engine(UnsafeClip("The safety checker saw nudity."))
    assert failure.http_status == 422
    error = error_of_result("worker", BackendResponse(422, failure.body.to_bytes()))
    assert type(error) is ClipWithheld
    assert failure_of(error).kind is FailureKind.WITHHELD


def test_content_policy_is_found_among_other_complaints():
    items = [item("missing", "prompt"), item("content_policy_violation", "prompt")]
    assert isinstance(error_of_result("fal", answer(422, items)), ContentRejected)
    refused = error_of_submit("fal", answer(422, items), resubmits_safely=False, now=START)
    assert isinstance(refused, ContentRejected)


@pytest.mark.parametrize("header", ["x_fal_retryable", "x_fal_needs_retry"])
@pytest.mark.parametrize(("value", "retryable"), [("true", True), ("1", True), ("yes", True), ("false", False)])
def test_the_backends_own_word_on_retrying_counts_most(header, value, retryable):
    for kind in ("internal_server_error", "runner_server_error"):
        error = error_of_result("fal", answer(500, "x", error_type=kind, **{header: value}))
        assert isinstance(error, GenerationFailed)
        assert error.retryable is retryable


@pytest.mark.parametrize(
    ("given_answer", "error"),
    [
        (answer(400, "Request is still in progress"), BackendUnavailable),
        (answer(400, "no such thing"), RequestRejected),
        (answer(401, "No user found"), CredentialsRejected),
        (answer(403, "User is locked."), AccountLocked),
        (answer(404, "Request not found"), RequestNotFound),
        (BackendResponse(404, b'{"status": "NOT_FOUND"}'), RequestNotFound),
        (BackendResponse(404, b"<html>"), BackendUnavailable),
        (answer(410, "gone"), RequestNotFound),
        (answer(408, "x"), BackendUnavailable),
        (answer(425, "x"), BackendUnavailable),
        (answer(429, "x"), BackendUnavailable),
        (answer(499, "cancelled"), RequestCancelled),
        (answer(500, "Internal Server Error"), GenerationFailed),
        (BackendResponse(500, b"oops"), BackendUnavailable),
        (BackendResponse(500, b"{}"), BackendUnavailable),
        (BackendResponse(500, b"{}", {"x-fal-request-id": "r"}), GenerationFailed),
        (BackendResponse(502, b"<html>nginx</html>"), BackendUnavailable),
        (answer(503, "Runner gone"), GenerationFailed),
        (BackendResponse(503, b""), BackendUnavailable),
        (answer(504, "Request timed out"), GenerationTimedOut),
        (BackendResponse(504, b"<html>"), BackendUnavailable),
        (BackendResponse(301, b""), BackendUnavailable),
        (answer(418, "teapot"), ProtocolViolation),
        (BackendResponse(200, b"{}"), ProtocolViolation),
        (BackendResponse(200, b"<html>"), BackendUnavailable),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else f"{value.status} {value.body[:24]!r}",
)
def test_what_a_results_status_code_means(given_answer, error):
    assert type(error_of_result("fal", given_answer)) is error


@pytest.mark.parametrize(
    ("given_answer", "error"),
    [
        (answer(401, "x"), CredentialsRejected),
        (BackendResponse(401, b"<html>"), CredentialsRejected),
        (answer(403, "x"), AccountLocked),
        (BackendResponse(404, b'{"status": "NOT_FOUND"}'), RequestNotFound),
        (BackendResponse(404, b""), BackendUnavailable),
        (answer(400, "x"), ProtocolViolation),
        (answer(429, "x"), BackendUnavailable),
        (answer(500, "x"), BackendUnavailable),
        (BackendResponse(302, b""), BackendUnavailable),
        (BackendResponse(200, b"[]"), BackendUnavailable),
        (BackendResponse(200, b'{"status": "FAILED"}'), ProtocolViolation),
    ],
)
def test_what_a_status_that_cannot_be_read_means(given_answer, error):
    assert type(error_of_read("worker", given_answer)) is error


def test_a_detail_is_one_short_line():
    assert one_line("  a\n\tb\x00c\x1b[31m ") == "a bc[31m"
    assert len(one_line("x" * 10_000)) == 300


def test_a_detail_that_is_no_sentence_keeps_its_error_type():
    error = error_of_result(
        "fal", BackendResponse(503, b'{"detail": {"code": 5}, "error_type": "runner_disconnected"}')
    )
    assert isinstance(error, GenerationFailed)
    assert error.error_type == "runner_disconnected"


@settings(deadline=None)
@given(
    status=st.integers(100, 599),
    body=st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda detail, kind: ErrorBody(detail=detail, error_type=kind).to_bytes(),
            st.one_of(st.text(), st.lists(st.builds(DetailItem, msg=st.text(), type=st.text()), max_size=3)),
            st.one_of(st.none(), st.text(), st.sampled_from(list(ErrorType))),
        ),
    ),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-fal-error-type", "x-fal-retryable", "x-fal-request-id"]), st.text()
    ),
)
def test_every_answer_becomes_an_error_of_the_tree(status, body, headers):
    given_answer = BackendResponse(status, body, headers)
    for error in (
        error_of_result("fal", given_answer),
        error_of_read("fal", given_answer),
        error_of_submit("fal", given_answer, resubmits_safely=False, now=START),
        error_of_submit("worker", given_answer, resubmits_safely=True, now=START),
    ):
        assert isinstance(error, BackendError)
        assert len(error.detail) <= 320
        assert error.detail.isprintable()
