"""The protocol's tables of status, result and cancel, row by row: one request in every state."""

import json

import pytest

from generation.protocol.wire import RequestState

OUTCOMES = {
    "finished": (None, None),
    "refused": ("Invalid status code: 422", "bad_request"),
    "empty": ("Invalid status code: 422", "bad_request"),
    "broken": ("Internal Server Error", "runner_server_error"),
    "large": ("Out of memory: 9 GB", "runner_scheduling_failure"),
    "cancelled": ("Request was cancelled", "client_cancelled"),
    "late": ("Request timed out before it could start", "request_timeout"),
    "lost": ("The worker stopped while it was rendering this request", "runner_disconnected"),
}
"""What a COMPLETED status says of an ending."""

STATUS = {
    "first": (202, "IN_QUEUE", 1),
    "second": (202, "IN_QUEUE", 2),
    "running": (202, "IN_PROGRESS", None),
    **dict.fromkeys(OUTCOMES, (200, "COMPLETED", None)),
    "unknown": (404, "NOT_FOUND", None),
    "theirs": (404, "NOT_FOUND", None),
}
"""Status code, status and position. Keys take turns, and ours had the last one: the other key's request is next."""

RESULT = {
    "finished": (200, None),
    "first": (400, "Request is still in progress"),
    "running": (400, "Request is still in progress"),
    "refused": (422, "feature_not_supported"),
    "empty": (422, "no_media_generated"),
    "broken": (500, "runner_server_error"),
    "large": (500, "runner_scheduling_failure"),
    "cancelled": (499, "client_cancelled"),
    "late": (504, "request_timeout"),
    "lost": (500, "runner_disconnected"),
    "unknown": (404, "Request not found"),
    "theirs": (404, "Request not found"),
}
"""Status code, and the error's type, or its sentence where the protocol gives it none."""

CANCEL = {
    "first": (202, "CANCELLATION_REQUESTED"),
    "running": (202, "CANCELLATION_REQUESTED"),
    **dict.fromkeys(OUTCOMES, (400, "ALREADY_COMPLETED")),
    "unknown": (404, "NOT_FOUND"),
    "theirs": (404, "NOT_FOUND"),
}


async def test_status_row_by_row(scene) -> None:
    seen = {}
    for name in STATUS:
        answer = await scene.ask(name, "/status")
        body = answer.json()
        seen[name] = answer.status_code, body["status"], body.get("queue_position")
    assert seen == STATUS


OURS = {"eta_seconds"}
"""What fal does not say: there once the worker knows how long clips take."""


@pytest.mark.parametrize(
    ("query", "kind"),
    [("", None), ("?logs=0", None), ("?logs=false", None), ("?logs=1", list), ("?logs=true", list)],
)
async def test_every_status_has_all_its_keys_and_logs_as_they_were_asked_for(scene, query: str, kind: object) -> None:
    for name, (code, state, _) in STATUS.items():
        if code == 404:
            continue
        body = (await scene.ask(name, f"/status{query}")).json()
        error, error_type = OUTCOMES.get(name, (None, None))
        keys = {"status", "request_id", "response_url", "status_url", "cancel_url", "logs", "metrics"}
        keys |= {"queue_position"} if state == "IN_QUEUE" else set()
        keys |= {"error", "error_type"} if error else set()
        assert set(body) - OURS == keys, name
        assert (body.get("error"), body.get("error_type")) == (error, error_type), name
        assert isinstance(body["logs"], kind) if kind else body["logs"] is None, name
        assert body["metrics"] == ({"inference_time": 0.0} if name == "finished" else {}), name


async def test_a_stream_of_every_request_that_has_ended_is_its_status_and_nothing_more(scene) -> None:
    for name in OUTCOMES:
        stream = await scene.ask(name, "/status/stream?logs=1", accept="application/json, text/event-stream")
        status = await scene.ask(name, "/status?logs=1")
        assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.text.endswith("\n\n")
        assert json.loads(stream.text.removeprefix("data: ")) == status.json()


async def test_result_row_by_row(scene) -> None:
    seen = {}
    for name in RESULT:
        answer = await scene.ask(name)
        body = answer.json()
        detail = body.get("detail")
        said = detail[0]["type"] if isinstance(detail, list) else body.get("error_type", detail)
        seen[name] = answer.status_code, said
        assert answer.headers["content-type"] == "application/json", name
        assert answer.headers["x-fal-request-id"], name
    assert seen == RESULT


async def test_a_finished_result_is_the_bare_output(scene) -> None:
    body = (await scene.ask("finished")).json()
    assert (set(body), set(body["video"])) == (
        {"video", "seed"},
        {"url", "content_type", "file_name", "file_size"},
    )


async def test_no_result_makes_fals_clients_ask_again_for_what_cannot_change(scene) -> None:
    for name in RESULT:
        answer = await scene.ask(name)
        final = answer.status_code not in {408, 409, 429, 502, 503, 504}
        assert final or answer.headers["x-fal-request-timeout-type"] == "user", name


async def test_a_result_names_its_error_in_a_header_and_costs_nothing_where_the_input_was_wrong(scene) -> None:
    for name, (code, kind) in RESULT.items():
        headers = (await scene.ask(name)).headers
        named = code in {499, 500, 504}
        assert headers.get("x-fal-error-type") == (kind if named else None), name
        assert headers.get("x-fal-billable-units") == ("0" if code == 422 else None), name
        assert headers.get("x-fal-request-timeout-type") == ("user" if code == 504 else None), name


async def test_cancel_row_by_row_and_a_second_time(scene) -> None:
    for attempt in (1, 2):
        seen = {}
        for name in CANCEL:
            answer = await scene.ask(name, "/cancel", "PUT")
            seen[name] = answer.status_code, answer.json()["status"]
        ended = {"first": (400, "ALREADY_COMPLETED")} if attempt == 2 else {}
        assert seen == {**CANCEL, **ended}


async def test_the_tables_know_every_state_and_every_ending(scene) -> None:
    states = {name: (await scene.ask(name, "/status")).json()["status"] for name in scene.requests}
    assert {state for state in states.values() if state != "NOT_FOUND"} == {state.value for state in RequestState}
    assert set(STATUS) == set(scene.requests)
    assert set(CANCEL) | {"second"} == set(RESULT) | {"second"} == set(scene.requests)
