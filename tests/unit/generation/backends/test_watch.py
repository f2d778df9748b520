"""Following a request: stream, fall-back to polling, back-off, and what counts as a change."""

from contextlib import aclosing
from datetime import timedelta

import httpx
import pytest

from doubles.backends.queue_backend import (
    DONE,
    POLL,
    STREAM,
    a_handle,
    collect,
    completed,
    fal,
    in_progress,
    in_queue,
    log,
    queued,
    running,
    watched,
)
from doubles.backends.scripted_queue import Reply, event_stream, events
from doubles.clock import START
from generation.backends.watch import PollIntervals
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import (
    AccountLocked,
    BackendUnavailable,
    CredentialsRejected,
    ProtocolViolation,
    RequestNotFound,
)

IN_QUEUE, IN_PROGRESS, COMPLETED = BackendState.IN_QUEUE, BackendState.IN_PROGRESS, BackendState.COMPLETED
REFUSED = Reply(405, {"detail": "Method Not Allowed"})


# The stream


async def test_a_stream_brings_every_change_once(queue, clock):
    chunks = events(
        in_queue(2),
        in_queue(2),
        in_queue(1),
        in_progress(),
        in_progress(log(step=1, steps=25)),
        in_progress(),
        in_progress(log(step=2, steps=25)),
        completed(),
        ping=True,
    )
    queue.on(STREAM, event_stream(chunks))
    assert await watched(queue, clock) == [queued(2), queued(1), running(), running(1), running(2), DONE]
    assert (queue.asked, clock.slept) == ([STREAM], [])


async def test_events_cut_anywhere_are_put_together(queue, clock):
    chunks = events(in_queue(1), in_progress(log("36%|██ | 9/25 [00:02<00:04]")), completed())
    queue.on(STREAM, event_stream(*(chunks[n : n + 1] for n in range(len(chunks)))))
    assert await watched(queue, clock) == [queued(1), running(9), DONE]


async def test_the_stream_asks_for_logs_with_the_key_and_takes_events_only(queue, clock):
    queue.on(STREAM, event_stream(events(completed())))
    await watched(queue, clock)
    headers = queue.requests[0].headers
    assert (headers["authorization"], headers["accept"]) == ("Key kid:s3cret", "text/event-stream")


async def test_nothing_is_asked_once_the_request_has_completed(queue, clock):
    queue.on(STREAM, event_stream(events(completed(), in_progress(), completed()), None))
    assert await watched(queue, clock) == [DONE]


async def test_a_failed_request_completes_like_any_other(queue, clock):
    queue.on(STREAM, event_stream(events(completed(error="boom", error_type="internal_error", metrics={}))))
    assert await watched(queue, clock) == [BackendUpdate(COMPLETED)]


# Falling back to polling


@pytest.mark.parametrize(
    "refusal",
    [
        Reply(401, b""),
        Reply(404, {"status": "NOT_FOUND"}),
        REFUSED,
        Reply(406, b""),
        Reply(500, b""),
        Reply(200, in_queue()),
        Reply(200, b"<html>"),
        Reply(307, b"", headers={"location": "https://elsewhere.test/"}),
        Reply(200, b"", headers={"content-type": "text/event-stream", "content-encoding": "gzip"}),
    ],
    ids=lambda reply: str(reply.status),
)
async def test_a_refused_stream_is_not_asked_for_again(queue, clock, refusal):
    queue.on(STREAM, refusal)
    queue.on(POLL, Reply(202, in_queue(1)), Reply(202, in_progress()), Reply(200, completed()))
    assert await watched(queue, clock) == [queued(1), running(), DONE]
    assert queue.asked == [STREAM, POLL, POLL, POLL]


async def test_polling_slows_down_while_nothing_changes_and_is_quick_after_a_change(queue, clock):
    same = Reply(202, in_queue(3))
    queue.on(STREAM, REFUSED)
    queue.on(POLL, *[same] * 9, Reply(202, in_progress()), Reply(202, in_progress()), Reply(200, completed()))
    await watched(queue, clock)
    assert [round(seconds, 2) for seconds in clock.slept] == [
        *(0.5, 0.75, 1.12, 1.69, 2.53, 3.8, 5.0, 5.0, 5.0),
        *(0.5, 0.75),
    ]


def test_poll_intervals_vary_by_a_fifth():
    assert [PollIntervals(lambda: 0.0).draw(), PollIntervals(lambda: 1.0).draw()] == [
        pytest.approx(0.4),
        pytest.approx(0.6),
    ]


async def test_a_stream_that_breaks_is_resumed_without_loss_or_repetition(queue, clock):
    t = [START + timedelta(seconds=n) for n in range(10)]
    first = events(in_queue(1), in_progress(log(at=t[1], step=1, steps=25), log(at=t[2], step=2, steps=25)))
    polled = in_progress(*(log(at=t[n], step=n, steps=25) for n in (1, 2, 3)))
    again = events(
        in_progress(log(at=t[1], step=1, steps=25)),
        in_progress(log(at=t[2], step=2, steps=25)),
        in_progress(log(at=t[3], step=3, steps=25)),
        in_progress(log(at=t[4], step=4, steps=25)),
        completed(),
    )
    queue.on(STREAM, event_stream(first, httpx.ReadError("reset")), event_stream(again))
    queue.on(POLL, Reply(202, polled))
    assert await watched(queue, clock) == [queued(1), running(2), running(3), running(4), DONE]
    assert queue.asked == [STREAM, POLL, STREAM]


@pytest.mark.parametrize("end", [(), (httpx.ReadTimeout(""),), (httpx.RemoteProtocolError("incomplete"),)])
async def test_a_stream_that_ends_too_early_is_checked_by_asking(queue, clock, end):
    queue.on(STREAM, event_stream(events(in_progress()), *end))
    queue.on(POLL, Reply(200, completed()))
    assert await watched(queue, clock) == [running(), DONE]
    assert queue.asked == [STREAM, POLL]


async def test_a_silent_stream_is_checked_by_asking_and_listened_to_again(queue, clock):
    queue.on(STREAM, event_stream(b": ping\n\n", None), event_stream(events(completed())))
    queue.on(POLL, Reply(202, in_queue(4)))
    assert await watched(queue, clock, events=0.02) == [queued(4), DONE]
    assert queue.asked == [STREAM, POLL, STREAM]


@pytest.mark.parametrize("end", [httpx.ReadError("reset"), httpx.ConnectError("refused"), event_stream()])
async def test_streams_without_an_event_are_given_up_after_three(queue, clock, end):
    queue.on(STREAM, end)
    queue.on(POLL, *[Reply(202, in_queue())] * 5, Reply(200, completed()))
    assert await watched(queue, clock) == [queued(), DONE]
    assert queue.asked.count(STREAM) == 3


async def test_a_stream_of_unreadable_events_is_left_for_polling(queue, clock):
    unreadable = events("unreadable", "null", "[]", '{"status": "FAILED"}', '{"error": "x"}') * 10
    queue.on(STREAM, event_stream(unreadable, None))
    queue.on(POLL, Reply(200, completed()))
    assert await watched(queue, clock) == [DONE]


async def test_an_endless_event_is_cut_off(queue, clock):
    queue.on(STREAM, event_stream(b"data: ", *[b"x" * 60_000] * 1000))
    queue.on(POLL, Reply(200, completed()))
    assert await watched(queue, clock) == [DONE]


async def test_endless_lines_of_one_event_are_cut_off(queue, clock):
    queue.on(STREAM, event_stream(*[b"data: x\n" * 10_000] * 1000))
    queue.on(POLL, Reply(200, completed()))
    assert await watched(queue, clock) == [DONE]


async def test_leaving_early_closes_the_stream(queue, clock):
    queue.on(STREAM, event_stream(events(in_queue()), None))
    async with fal(queue, clock) as backend, aclosing(backend.watch(a_handle())) as updates:
        assert await anext(updates) == queued()
    assert queue.asked == [STREAM]


# Failures


async def test_a_backend_that_comes_back_in_time_is_followed_on(queue, clock):
    queue.on(STREAM, REFUSED)
    queue.on(
        POLL,
        Reply(202, in_queue(1)),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(""),
        Reply(502, b"<html>"),
        Reply(202, in_queue(0)),
        Reply(200, completed()),
    )
    assert await watched(queue, clock) == [queued(1), queued(0), DONE]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("refused"), BackendUnavailable),
        (httpx.ReadTimeout(""), BackendUnavailable),
        (Reply(500, {"detail": "x"}), BackendUnavailable),
        (Reply(429, {"detail": "x"}), BackendUnavailable),
        (Reply(404, b"<html>tunnel not found</html>"), BackendUnavailable),
        (Reply(200, b"<html>hotel</html>"), BackendUnavailable),
        (Reply(200, {"status": "FAILED"}), ProtocolViolation),
        (Reply(200, {"status": 5}), ProtocolViolation),
        (Reply(200, {}), ProtocolViolation),
    ],
    ids=lambda value: getattr(value, "__name__", None) or f"{getattr(value, 'status', value)}",
)
async def test_a_passing_failure_is_raised_after_ten_seconds(queue, clock, failure, error):
    queue.on(STREAM, REFUSED)
    queue.on(POLL, Reply(202, in_queue(1)), failure)
    seen = []
    async with fal(queue, clock) as backend:
        with pytest.raises(error):
            await collect(backend, seen)
    assert seen == [queued(1)]
    assert timedelta(seconds=10) <= clock.now() - START < timedelta(seconds=17)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404, {"status": "NOT_FOUND"}), RequestNotFound),
        (Reply(404, {"detail": "Not Found"}), RequestNotFound),
        (Reply(401, {"detail": "No user found"}), CredentialsRejected),
        (Reply(403, {"detail": "locked"}), AccountLocked),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "status", None)),
)
async def test_what_waiting_does_not_help_is_raised_at_once(queue, clock, reply, error):
    queue.on(STREAM, REFUSED)
    queue.on(POLL, reply)
    with pytest.raises(error):
        await watched(queue, clock)
    assert clock.slept == []


async def test_watching_again_begins_with_how_it_stands(queue, clock):
    queue.on(STREAM, REFUSED)
    queue.on(POLL, Reply(202, in_queue(1)), *[httpx.ConnectError("refused")] * 9, Reply(200, completed()))
    async with fal(queue, clock) as backend:
        with pytest.raises(BackendUnavailable):
            [_ async for _ in backend.watch(a_handle())]
        assert [update async for update in backend.watch(a_handle())] == [DONE]
