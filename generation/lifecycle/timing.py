"""How long a job's steps wait for what."""

from dataclasses import dataclass, field

from generation.backends.circuit_breaker import FAIL_OVER_AFTER
from generation.protocol.backoff import Backoff


@dataclass(frozen=True, slots=True)
class LifecycleTiming:
    """How long a job waits for what, in seconds.

    ``queued`` and ``running`` are how long a backend may say nothing new about a job, ``grace`` the
    least that a job still gets which was late already when its run began, ``fetching`` how long a
    finished clip is fetched for, ``confirmation`` how long a submission without an answer is waited
    for where it is not safe to repeat. ``retry`` are the pauses between two attempts.

    A backend's waiting jobs go to the next backend after ``failover_waiting`` seconds of trouble;
    the jobs that a worker has accepted go there once it has been out of reach for
    ``failover_queued``, or for ``failover_running`` where it renders them.
    """

    retry: Backoff = field(default_factory=lambda: Backoff(first=1.0, longest=60.0))
    queued: float = 24 * 3600.0
    running: float = 1800.0
    grace: float = 300.0
    fetching: float = 3600.0
    confirmation: float = 600.0
    failover_waiting: float = FAIL_OVER_AFTER
    failover_queued: float = 120.0
    failover_running: float = 300.0
