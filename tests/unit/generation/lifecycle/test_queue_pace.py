"""How fast a backend's queue moves, learnt from the jobs that move up in it."""

from dataclasses import replace

import pytest

from factories import a_job, later, moved
from generation.domain.job import JobStatus
from generation.lifecycle.durations import QueuePace

JOB = moved(a_job(), JobStatus.QUEUED)


@pytest.mark.parametrize(
    ("seen", "pace"),
    [
        ([], None),
        ([(7, 0)], None),
        # when it got to its first position nobody saw
        ([(7, 0), (6, 1)], None),
        ([(7, 0), (6, 1), (5, 11)], 10),
        # the same position again is no move
        ([(7, 0), (6, 1), (6, 5), (6, 9), (5, 11)], 10),
        # four at a time: four places in a minute
        ([(12, 0), (8, 1), (4, 61)], 15),
        # someone was let in ahead: the pace counts from the next move on
        ([(7, 0), (6, 1), (8, 2), (7, 5), (6, 12)], 7),
    ],
)
def test_the_pace_of_a_place(seen, pace):
    learnt = QueuePace()
    for position, second in seen:
        learnt.seen(JOB, position, later(seconds=second))
    assert learnt.seconds_per_place(JOB) == pace


def test_each_backend_has_its_own_pace():
    learnt = QueuePace()
    for position, second in ((7, 0), (6, 1), (5, 11)):
        learnt.seen(JOB, position, later(seconds=second))
    assert learnt.seconds_per_place(replace(JOB, backend="worker")) is None
