"""What people read about a backend in trouble: members beside the queue, operators on health pages. Pure."""

from collections.abc import Mapping
from datetime import datetime

from generation.breaker import Breaker, Circuit, Trouble
from generation.clip_words import seconds_words


def waiting_words(backend: str, trouble: Trouble) -> str:
    """What a job waits for: ``worker, which cannot be reached``."""
    return f"{backend}, which {trouble.value}"


def queue_lines(breakers: Mapping[str, Breaker], now: datetime) -> tuple[str, ...]:
    """A plain sentence per backend in trouble: ``The worker cannot be reached since 3 min; new clips wait.``"""
    in_trouble = {name: breaker for name, breaker in breakers.items() if breaker.trouble is not None}
    return tuple(f"{_title(name)} {_since(breaker, now)}; new clips wait." for name, breaker in in_trouble.items())


def health_words(breaker: Breaker, now: datetime) -> str:
    """``working``, or what is wrong, since when, and when it is tried again."""
    if breaker.trouble is None:
        return "working"
    since = _since(breaker, now)
    if breaker.circuit(now) is Circuit.HALF_OPEN or breaker.until is None:
        return f"{since}, the next clip tries it again"
    return f"{since}, tried again in {seconds_words((breaker.until - now).total_seconds())}"


def _since(breaker: Breaker, now: datetime) -> str:
    trouble = breaker.trouble.value if breaker.trouble is not None else "works"
    return f"{trouble} since {seconds_words(breaker.seconds_in_trouble(now))}"


def _title(backend: str) -> str:
    return "The worker" if backend == "worker" else backend
