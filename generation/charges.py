"""Whether a backend has probably charged for a job that brought no clip. Pure.

fal bills by the second of rendering and nothing for an input that it refuses (422). It never tells what it has billed,
so what has begun to render there counts as charged, whatever became of it afterwards.
"""

from typing import Final

from generation.job import Failure, FailureKind, Job
from generation.pricing import FREE, Micros

_INPUT_REFUSED: Final = frozenset({FailureKind.REJECTED, FailureKind.CONTENT})
_RENDERED: Final = frozenset({FailureKind.RESULT_LOST, FailureKind.CORRUPT_VIDEO, FailureKind.STORAGE_FULL})


def probably_charged(job: Job, failure: Failure | None, price: Micros) -> Micros:
    """What of the price at the job's backend has probably been charged. ``failure`` is None for a cancelled job."""
    return price if _is_charged(job, failure.kind if failure else None) else FREE


def _is_charged(job: Job, kind: FailureKind | None) -> bool:
    if kind is FailureKind.OUTCOME_UNKNOWN:
        return True
    if job.handle is None or kind in _INPUT_REFUSED:
        return False  # never accepted, or refused for what it asked for
    return kind in _RENDERED or job.started_at is not None
