"""fal's own troubles: what it answers, what members read, what the operator is told, whether the breaker opens."""

from pathlib import Path

import httpx
import pytest

from doubles.backends.queue_backend import POLL, RESULT, SUBMIT_TURBO, a_handle, a_request, completed, fal
from doubles.backends.scripted_queue import Line, Reply, ScriptedQueue
from doubles.clock import AutoClock
from generation.backends.circuit_breaker import Breakers, Trouble, trouble_of
from generation.domain.job import Failure, FailureKind
from generation.lifecycle.failures import failure_of
from generation.protocol.errors import BackendError, BackendUnavailable, GenerationFailed
from generation.protocol.request import Endpoint
from generation.text.backends import health_words, waiting_words
from generation.text.errors import failure_sentence

DOCS = (Path(__file__).parents[4] / "docs" / "operators" / "fal.md").read_text()
LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


def complaint(kind: str, *loc: str, msg: str = "no") -> dict[str, object]:
    return {"detail": [{"loc": ["body", *loc], "msg": msg, "type": kind}]}


def typed(kind: str) -> dict[str, object]:
    return {"detail": "No runner", "error_type": kind}


async def error_of(asked: str, line: Line) -> BackendError:
    """What the client raises when fal answers so."""
    queue = ScriptedQueue()
    queue.on(asked, line)
    queue.on(POLL, Reply(200, completed(error="x")))
    async with fal(queue, AutoClock()) as backend:
        request = a_request(endpoint=Endpoint.TURBO, motions=["zoom-in"])
        asking = backend.submit(request, idempotency_key="k") if asked == SUBMIT_TURBO else backend.result(a_handle())
        with pytest.raises(BackendError) as caught:
            await asking
    return caught.value


INVALID, POLICY = "extra_forbidden", "content_policy_violation"
K = FailureKind

FAILS = [
    ("key revoked", SUBMIT_TURBO, Reply(401, {"detail": "Invalid key"}), K.KEY_REFUSED, Trouble.KEY),
    ("out of credit", SUBMIT_TURBO, Reply(403, {"detail": LOCKED}), K.ACCOUNT_LOCKED, Trouble.ACCOUNT),
    ("payment required", SUBMIT_TURBO, Reply(402, {"detail": "Payment required"}), K.ACCOUNT_LOCKED, Trouble.ACCOUNT),
    ("endpoint gone", SUBMIT_TURBO, Reply(404, {"detail": "Application not found"}), K.OPERATOR, None),
    ("method gone", SUBMIT_TURBO, Reply(405, {"detail": "Method Not Allowed"}), K.OPERATOR, None),
    ("field refused at once", SUBMIT_TURBO, Reply(422, complaint(INVALID, "motions")), K.REJECTED, None),
    ("field refused later", RESULT, Reply(422, complaint(INVALID, "motions")), K.REJECTED, None),
    ("no field named", RESULT, Reply(422, {"detail": "Unprocessable"}), K.REJECTED, None),
    ("content refused", RESULT, Reply(422, complaint(POLICY, "prompt")), K.CONTENT, None),
    ("content refused at once", SUBMIT_TURBO, Reply(422, complaint(POLICY)), K.CONTENT, None),
    ("model failed", RESULT, Reply(500, complaint("internal_server_error")), K.GENERATION, None),
    ("machinery failed", RESULT, Reply(503, typed("runner_scheduling_failure")), K.GENERATION, None),
    ("took too long", RESULT, Reply(504, typed("request_timeout")), K.TIMED_OUT, None),
    ("result gone", RESULT, Reply(404, {"detail": "Request not found"}), K.RESULT_LOST, None),
    ("key revoked meanwhile", RESULT, Reply(401, {"detail": "Invalid key"}), K.KEY_REFUSED, Trouble.KEY),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "line", "kind", "trouble"), [row[1:] for row in FAILS], ids=[row[0] for row in FAILS]
)
async def test_what_fal_refuses_is_said_to_members_and_to_the_operator(asked, line, kind, trouble):
    error = await error_of(asked, line)
    failure = failure_of(error)
    assert failure.kind is kind
    # the operator's log has fal's own status and words
    assert f"HTTP {line.status}" in failure.detail
    assert trouble_of(error) is trouble
    rows = [row for row in DOCS.splitlines() if failure_sentence(failure) in row]
    if isinstance(error, GenerationFailed) and error.retryable:
        rows = [row for row in DOCS.splitlines() if "`runner_…`" in row]
    assert len(rows) == 1
    assert rows[0].endswith("| stays |") is (trouble is None)
    assert trouble is None or f'"{trouble.value}"' in rows[0]


WAITS = [
    ("busy", Reply(429, {"detail": "Too many requests"}, headers={"retry-after": "90"}), Trouble.BUSY),
    ("away", httpx.ConnectError("refused"), Trouble.AWAY),
]


@pytest.mark.parametrize(("line", "trouble"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS])
async def test_what_passes_is_waited_for_and_said(line, trouble):
    error, clock = await error_of(SUBMIT_TURBO, line), AutoClock()
    breakers = Breakers(["fal"], clock=clock)
    assert breakers.failed("fal", error) is trouble
    assert not breakers.admits("fal")
    assert trouble.value in health_words(breakers["fal"], clock.now())
    assert f"| waits for {waiting_words('fal', trouble)} |" in DOCS


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
async def test_what_may_have_been_accepted_is_said_to_be_unknown(status):
    error = await error_of(SUBMIT_TURBO, Reply(status, {"detail": "upstream"}))
    assert not isinstance(error, BackendUnavailable)
    assert trouble_of(error) is Trouble.AWAY
    assert f"| {failure_sentence(Failure(FailureKind.OUTCOME_UNKNOWN))} |" in DOCS


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ("[motions] fal: HTTP 422", ("motions",)),
        ("[motions, fps] fal: HTTP 422", ("motions", "fps")),
        ("fal: [motions] HTTP 422", ()),
        ("[<@everyone>] fal", ()),
        ("", ()),
    ],
)
def test_a_stored_refusal_names_its_fields_again(detail, fields):
    assert Failure(FailureKind.REJECTED, detail).fields == fields
    assert Failure(FailureKind.GENERATION, detail).fields == ()


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        (["motions"], "this setting: motions."),
        (["fps", "motions"], "these settings: fps, motions."),
        (["video_size.width"], "this setting: video_size."),
        (["<@everyone>", "fps"], "this setting: fps."),
        (["https://evil.test"], "refused these settings."),
        (["flux_capacitor"], "refused these settings."),
    ],
)
async def test_members_read_only_names_of_our_own_fields(named, shown):
    body = {"detail": [{"loc": ["body", *name.split(".")], "msg": "no", "type": "extra_forbidden"} for name in named]}
    failure = failure_of(await error_of(RESULT, Reply(422, body)))
    assert shown in failure_sentence(failure)
