"""What people read about a backend in trouble: members with the queue, operators on health pages.
Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.backends.circuit_breaker import FAIL_OVER_AFTER, Circuit, CircuitBreaker, Trouble
from generation.protocol.errors import BudgetTooSmall, LimitExceeded, Refused
from generation.text.clips import seconds_words

PREVIEWS_ONLY: Final = "which only draws previews"
_CONDITIONS: Final = {"fal": " as far as the budgets allow"}


def waiting_words(backend: str, trouble: Trouble) -> str:
    """What a job waits for: ``worker, which cannot be reached``."""
    return f"{backend}, which {trouble.value}"


def budget_words(backend: str, refused: Refused) -> str:
    """What a job waits for when its price is not allowed: ``fal, which the bot's budget for the day
    does not allow``."""
    of_server = isinstance(refused, LimitExceeded) or (
        isinstance(refused, BudgetTooSmall) and refused.server_budget is not None
    )
    whose = "this server's" if of_server else "the bot's"
    return f"{backend}, which {whose} budget for the day does not allow"


def queue_lines(breakers: Mapping[str, CircuitBreaker], now: datetime) -> tuple[str, ...]:
    """A plain sentence per backend in trouble: ``The worker cannot be reached since 3 min; new
    clips go to fal.``"""
    to = _takes_new_clips(breakers, now)
    then = (
        "new clips wait" if to is None else f"new clips go to {_name(to)}{_CONDITIONS.get(to, '')}"
    )
    in_trouble = {
        name: breaker for name, breaker in breakers.items() if breaker.trouble is not None
    }
    return tuple(
        f"{_title(name)} {_since(breaker, now)}; {then}." for name, breaker in in_trouble.items()
    )


def _takes_new_clips(breakers: Mapping[str, CircuitBreaker], now: datetime) -> str | None:
    """The backend that takes new clips: the first one without trouble, if all before it have been
    in trouble for long enough."""
    for name, breaker in breakers.items():
        if breaker.trouble is None:
            return name
        # new clips still wait for this one
        if breaker.seconds_in_trouble(now) < FAIL_OVER_AFTER:
            return None
    return None


def health_words(breaker: CircuitBreaker, now: datetime) -> str:
    """``working``, or what is wrong, since when, and when it is tried again."""
    if breaker.trouble is None:
        return "working"
    since = _since(breaker, now)
    if breaker.circuit(now) is Circuit.HALF_OPEN or breaker.until is None:
        return f"{since}, the next clip tries it again"
    return f"{since}, tried again in {seconds_words((breaker.until - now).total_seconds())}"


def _since(breaker: CircuitBreaker, now: datetime) -> str:
    trouble = breaker.trouble.value if breaker.trouble is not None else "works"
    return f"{trouble} since {seconds_words(breaker.seconds_in_trouble(now))}"


def _title(backend: str) -> str:
    name = _name(backend)
    return name[:1].upper() + name[1:] if name != backend else name


def _name(backend: str) -> str:
    return "the worker" if backend == "worker" else backend
