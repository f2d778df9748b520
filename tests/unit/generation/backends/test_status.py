"""What statuses and log lines mean, odd ones too, and that a watch survives them all."""

import json
import math
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubles.backends.queue_backend import (
    DONE,
    POLL,
    STREAM,
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
from doubles.backends.scripted_queue import Reply, ScriptedQueue, event_stream, events
from doubles.clock import START, AutoClock
from generation.backends.responses import read_leniently
from generation.backends.watch import StepsReader, update_of
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import BackendError
from generation.protocol.progress import Steps
from generation.protocol.wire import LogEntry, QueueStatus

IN_QUEUE, IN_PROGRESS, COMPLETED = BackendState.IN_QUEUE, BackendState.IN_PROGRESS, BackendState.COMPLETED
REFUSED = Reply(405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize(
    ("body", "update"),
    [
        (in_queue(-1), queued(None)),
        (in_queue(10**30), queued(None)),
        (in_queue("7"), queued(7)),
        (in_queue("soon"), queued(None)),
        (in_queue(None), queued(None)),
        ({"status": "IN_QUEUE"}, queued(None)),
        (in_progress(5, "x", None), running()),
        (in_progress(log(step=3, steps=4), {"message": 5, "labels": [1]}), running(3, 4)),
        (in_progress({"labels": {"step": "3", "steps": "4"}, "timestamp": 17}), running(3, 4)),
        (in_progress(log(step=5, steps=4)), running()),
        (in_progress(log(step="9" * 5000, steps="9" * 5000)), running()),
        ({**in_progress(), "logs": "text"}, running()),
        ({**in_progress(), "logs": None, "metrics": None}, running()),
    ],
)
async def test_odd_values_are_left_out_and_the_rest_is_kept(queue, clock, body, update):
    queue.on(STREAM, event_stream(events(body, completed())))
    assert await watched(queue, clock) == [update, DONE]


@pytest.mark.parametrize("metrics", [{}, None, [], {"inference_time": "fast"}, {"inference_time": -1}, {"x": 1}])
async def test_an_inference_time_that_makes_no_sense_is_left_out(queue, clock, metrics):
    queue.on(STREAM, event_stream(events(completed(metrics=metrics))))
    assert await watched(queue, clock) == [BackendUpdate(COMPLETED)]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_an_inference_time_that_is_no_number_is_left_out(queue, clock, number):
    queue.on(STREAM, event_stream(events(f'{{"status": "COMPLETED", "metrics": {{"inference_time": {number}}}}}')))
    assert await watched(queue, clock) == [BackendUpdate(COMPLETED)]


async def test_a_request_put_back_into_the_queue_starts_its_steps_anew(queue, clock):
    chunks = events(
        in_progress(log(step=9, steps=25)), in_queue(0), in_progress(), in_progress(log(step=1, steps=25)), completed()
    )
    queue.on(STREAM, event_stream(chunks))
    assert await watched(queue, clock) == [running(9), queued(0), running(), running(1), DONE]


# Logs


def entries(*logs: dict[str, object]) -> list[LogEntry]:
    return [LogEntry.model_validate(entry) for entry in logs]


def test_cumulative_logs_and_deltas_read_alike():
    lines = [log(f"{n * 4}%|█ | {n}/25 [00:01<00:02]", at=START + timedelta(seconds=n)) for n in range(1, 6)]
    cumulative, deltas = StepsReader(), StepsReader()
    assert [cumulative.read(entries(*lines[: n + 1])) for n in range(5)] == [
        deltas.read(entries(line)) for line in lines
    ]


def test_without_times_a_bar_never_runs_backwards():
    reader = StepsReader()
    assert reader.read(entries(log("9/25 [00:01<00:02]"), log("3/25 [00:01<00:02]"))) == Steps(9, 25)


def test_another_bar_is_another_bar():
    reader = StepsReader()
    assert reader.read(entries(log("100%|██| 6/6 [00:01<00:00]"), log("4%| | 1/25 [00:01<00:24]"))) == Steps(1, 25)


def test_a_later_time_may_run_backwards_because_the_runner_began_again():
    reader = StepsReader()
    reader.read(entries(log("9/25 [00:01<00:02]", at="2026-11-20T12:00:01.000001")))
    assert reader.read(entries(log("1/25 [00:01<00:02]", at="2026-11-20T12:00:02Z"))) == Steps(1, 25)


def test_labels_are_believed_over_bars():
    reader = StepsReader()
    reader.read(entries(log(step=2, steps=25)))
    assert reader.read(entries(log("100%|██| 6/6 [00:01<00:00]"))) == Steps(2, 25)


def test_lines_without_steps_keep_the_last_step():
    reader = StepsReader()
    reader.read(entries(log(step=2, steps=25)))
    assert [reader.read(None), reader.read([]), reader.read(entries(log("hello", at="never")))] == [Steps(2, 25)] * 3


def test_only_the_end_of_an_endless_log_is_read():
    reader = StepsReader()
    lines = entries(log(step=20, steps=25)) * 10_000
    assert reader.read([*lines, *entries(log(step=21, steps=25))]) == Steps(21, 25)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    bodies=st.lists(
        st.fixed_dictionaries(
            {"status": st.sampled_from(["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED"]) | _JSON},
            optional={
                "queue_position": _JSON,
                "logs": st.lists(
                    st.fixed_dictionaries({}, optional={"message": _JSON, "timestamp": _JSON, "labels": _JSON})
                )
                | _JSON,
                "metrics": st.fixed_dictionaries({"inference_time": _JSON}) | _JSON,
                "error": _JSON,
                "error_type": _JSON,
            },
        ),
        max_size=5,
    )
)
async def test_every_watch_ends_with_completed_or_an_error_of_ours(bodies):
    queue = ScriptedQueue()
    queue.on(STREAM, REFUSED)
    queue.on(POLL, *(Reply(200, body) for body in bodies), Reply(200, {"status": 0}))
    updates = []
    try:
        async with fal(queue, AutoClock()) as backend:
            await collect(backend, updates)
    except BackendError:
        assert COMPLETED not in {update.state for update in updates}
    else:
        assert [update.state for update in updates].index(COMPLETED) == len(updates) - 1
    assert all(one != other for one, other in pairwise(updates))
    assert all(update.inference_seconds is None or math.isfinite(update.inference_seconds) for update in updates)


@pytest.mark.parametrize(
    ("sent", "known"), [(12.5, 12.5), (0, 0.0), (-1, None), ("soon", None), (None, None), (math.inf, None)]
)
@pytest.mark.parametrize("state", ["IN_QUEUE", "IN_PROGRESS"])
def test_an_eta_is_read_where_it_makes_sense(state: str, sent: object, known: object) -> None:
    status = read_leniently(QueueStatus, json.dumps({"status": state, "eta_seconds": sent}))
    assert status is not None
    assert update_of(status, StepsReader()).eta_seconds == known


def test_a_changed_eta_alone_is_not_a_change() -> None:
    assert BackendUpdate(IN_QUEUE, position=1, eta_seconds=9) == BackendUpdate(IN_QUEUE, position=1, eta_seconds=8)
