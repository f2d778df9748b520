"""From log lines and labels to steps, and from steps to the time left."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles.clock import START
from generation.protocol.progress import (
    DurationEstimate,
    RunningEta,
    Steps,
    eta_of_queued,
    eta_of_running,
    steps_in_labels,
    steps_in_line,
)


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("36%|███▌      | 9/25 [00:02<00:04,  3.6it/s]", Steps(9, 25)),
        ("  0%|          | 0/25 [00:00<?, ?it/s]", Steps(0, 25)),
        ("100%|██████████| 25/25 [01:02:03<00:00,  1.1s/it]", Steps(25, 25)),
        ("Sampling: 4/25 [00:02<00:04]", Steps(4, 25)),
        ("\r  4%|▍| 1/25 [00:00<00:04]\r  8%|▊| 2/25 [00:01<00:04]", Steps(2, 25)),
        (" 12%|█▏        |", Steps(12, 100)),
        (" 1%|▏ |\r 2%|▎ |", Steps(2, 100)),
        ("x" * 5000 + " 9/25 [00:02<00:04]", Steps(9, 25)),
        ("", None),
        ("loading 9/25", None),
        ("12/11 [00:02<00:04]", None),
        ("0/0 [00:00<?]", None),
        ("120%|██|", None),
        ("2026/11/20 [INFO] started", None),
        ("99999/99999 [00:02<00:04]", None),
        ("half done", None),
    ],
)
def test_a_progress_bar_in_a_log_line(line, steps):
    assert steps_in_line(line) == steps


@pytest.mark.parametrize(
    ("labels", "steps"),
    [
        ({"step": 3, "steps": 25}, Steps(3, 25)),
        ({"step": "3", "steps": "25", "more": []}, Steps(3, 25)),
        ({"step": 0, "steps": 1}, Steps(0, 1)),
        ({}, None),
        ({"step": 3}, None),
        ({"steps": 3}, None),
        ({"step": 4, "steps": 3}, None),
        ({"step": -1, "steps": 3}, None),
        ({"step": 0, "steps": 0}, None),
        ({"step": "three", "steps": "25"}, None),
        ({"step": True, "steps": 25}, None),
        ({"step": 1.5, "steps": 25}, None),
        ({"step": None, "steps": 25}, None),
        ({"step": [1], "steps": {"a": 1}}, None),
        ({"step": 1, "steps": 10**9}, None),
        ({"step": "9" * 5000, "steps": "9" * 5000}, None),
    ],
)
def test_a_step_in_the_workers_labels(labels, steps):
    assert steps_in_labels(labels) == steps


@given(st.text() | st.from_regex(r"\d{0,5}/\d{0,5} ?\[\d\d:\d\d|\d{0,4}%\|", fullmatch=True))
def test_every_lines_fraction_is_between_zero_and_one(line):
    steps = steps_in_line(line)
    assert steps is None or 0 <= steps.fraction <= 1


@given(st.dictionaries(st.sampled_from(["step", "steps"]), st.none() | st.integers() | st.floats() | st.text()))
def test_every_labels_fraction_is_between_zero_and_one(labels):
    steps = steps_in_labels(labels)
    assert steps is None or 0 <= steps.fraction <= 1


def test_a_duration_is_unknown_before_the_first_measurement():
    assert DurationEstimate().seconds_for(1) is None


def test_the_first_clip_sets_the_estimate_and_later_ones_move_it():
    estimate = DurationEstimate(weight=0.5)
    estimate.learn(2, 20)
    assert estimate.seconds_for(3) == 30
    estimate.learn(1, 20)
    assert estimate.seconds_for(1) == 15


@pytest.mark.parametrize(("work", "seconds"), [(0, 1), (-1, 1), (1, -1), (1, math.nan), (1, math.inf), (math.nan, 1)])
def test_a_measurement_that_makes_no_sense_teaches_nothing(work, seconds):
    estimate = DurationEstimate()
    estimate.learn(work, seconds)
    assert estimate.seconds_for(1) is None


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 10_000)), min_size=1))
def test_an_estimate_stays_between_the_slowest_and_the_quickest_clip(clips):
    estimate = DurationEstimate()
    for work, seconds in clips:
        estimate.learn(work, seconds)
    rates = [seconds / work for work, seconds in clips]
    learnt = estimate.seconds_for(1)
    assert learnt is not None
    assert min(rates) * 0.999 <= learnt <= max(rates) * 1.001


@pytest.mark.parametrize(
    ("steps", "elapsed", "expected", "eta"),
    [
        (Steps(5, 25), 10.0, 99.0, 40.0),
        (Steps(25, 25), 10.0, None, 0.0),
        (Steps(1, 25), 2.0, 50.0, 48.0),
        (Steps(0, 25), 2.0, None, None),
        (None, 2.0, 50.0, 48.0),
        (None, 60.0, 50.0, 0.0),
        (None, 2.0, None, None),
        (Steps(5, 25), -3.0, None, 0.0),
    ],
)
def test_the_time_left_of_a_running_clip(steps, elapsed, expected, eta):
    assert eta_of_running(steps, elapsed, expected) == eta


@pytest.mark.parametrize(
    ("position", "per_place", "expected", "eta"),
    [
        (0, None, 10.0, 10.0),
        (0, 3.0, 10.0, 10.0),
        (2, 3.0, 10.0, 16.0),  # four at a time: a place takes less than a clip
        # no number rather than one that is several times wrong
        (2, None, 10.0, None),
        (None, 3.0, 10.0, None),
        (3, 3.0, None, None),
    ],
)
def test_the_time_until_a_queued_clip_is_ready(position, per_place, expected, eta):
    assert eta_of_queued(position, per_place, expected) == eta


def test_what_the_backend_expects_counts_until_two_steps_were_seen():
    running = RunningEta()
    assert running.eta(Steps(1, 25), START, 99.0, told=12.0) == 12.0
    assert running.eta(Steps(2, 25), START + timedelta(seconds=1), 99.0, told=11.0) == 11.0
    assert running.eta(Steps(5, 25), START + timedelta(seconds=4), 99.0, told=1.0) == 20.0


def test_an_estimate_may_begin_with_an_earlier_measurement():
    estimate = DurationEstimate(weight=0.5, known=4)
    assert estimate.seconds_for(3) == 12
    estimate.learn(1, 6)
    assert estimate.seconds_for(1) == 5
