"""How the relay spends its time."""

from dataclasses import dataclass, field

from generation.protocol.backoff import Backoff


@dataclass(frozen=True, slots=True)
class RelayTiming:
    """How the relay works, in seconds.

    ``first_answer`` is how long an outcome waits for the first answer that it may replace,
    ``poll_every`` the pause between two searches for due outcomes while nothing wakes the relay,
    ``min_pause`` the pause after each, ``window`` how many each finds, ``busy_pause`` the pause
    while more were found than may be delivered ``at_once``. ``retry`` are the pauses between tries
    of one step, of which there are ``tries_per_step``; while every step has to wait, delivery goes
    on for ``give_up_after``. ``progress_edit`` is how long one edit of progress may take, ``lease``
    how long an outcome stays held without a renewal, ``settle`` how long a stop waits.
    """

    first_answer: float = 10.0
    poll_every: float = 1.0
    min_pause: float = 0.02
    busy_pause: float = 0.01
    window: int = 64
    retry: Backoff = field(default_factory=lambda: Backoff(first=2.0, longest=300.0))
    tries_per_step: int = 8
    give_up_after: float = 3 * 24 * 3600.0
    progress_edit: float = 20.0
    at_once: int = 16
    settle: float = 5.0
    lease: float = 30.0
