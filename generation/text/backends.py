"""What people read about a backend in trouble: members with the queue, operators on health pages.

Plain text: what a platform would take for markup is escaped where it is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.backends.circuit_breaker import FAIL_OVER_AFTER, Circuit, CircuitBreaker, Trouble
from generation.protocol.errors import BudgetTooSmall, LimitExceeded, NotOffered, Refused
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.messages import mark
from generation.text.clips import seconds_words
from generation.text.dialect import PLAIN, Dialect, Markup, capital

_OFFERED: Final = {
    Capability.LOOP: mark("loops"),
    Capability.LENGTH: mark("clips of more than 32 frames"),
    Capability.SCENES: mark("scenes such as “0: spring | 16: winter”"),
    Capability.SMOOTH: mark("smooth clips"),
    Capability.PICTURE: mark("clips from a picture"),
}
PREVIEWS_ONLY: Final = mark("which only draws previews")


def not_offered_sentence(error: NotOffered, d: Dialect) -> Markup:
    """What no backend here makes."""
    missing = ", ".join(d.gettext(_OFFERED[Capability(each)]) for each in error.missing)
    return d.gettext(
        "No backend of this bot makes {what}. Leave that out, and ask again.", what=missing
    )


def waiting_words(backend: str, trouble: Trouble) -> str:
    """What a job waits for: ``worker, which cannot be reached``."""
    return gettext("{backend}, which {trouble}", backend=backend, trouble=gettext(trouble.value))


def budget_words(backend: str, refused: Refused) -> str:
    """What a job waits for when its price is not allowed: ``fal, which is beyond
    the bot's budget``."""
    if isinstance(refused, LimitExceeded) or (
        isinstance(refused, BudgetTooSmall) and refused.scope != "operator"
    ):
        return gettext("{backend}, which is beyond the budget here", backend=backend)
    return gettext("{backend}, which is beyond the bot's budget", backend=backend)


def queue_lines(breakers: Mapping[str, CircuitBreaker], now: datetime) -> tuple[str, ...]:
    """A plain sentence per backend in trouble: ``The worker cannot be reached (for 3 min now); new
    clips go to fal.``"""
    then = _new_clips_words(_takes_new_clips(breakers, now))
    return tuple(
        gettext(
            "{backend} {trouble}; {then}.",
            backend=capital(_name(name)),
            trouble=_trouble_words(breaker.trouble, breaker, now),
            then=then,
        )
        for name, breaker in breakers.items()
        if breaker.trouble is not None
    )


def _new_clips_words(backend: str | None) -> str:
    match backend:
        case None:
            return gettext("new clips wait")
        case "fal":
            return gettext("new clips go to fal as far as the budgets allow")
        case _:
            return gettext("new clips go to {backend}", backend=_name(backend))


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
        return gettext("working")
    return _with_next_try(_trouble_words(breaker.trouble, breaker, now), breaker, now)


def why_words(breaker: CircuitBreaker, now: datetime) -> str:
    """What is wrong with a backend, and when it is tried again; empty where it works."""
    if breaker.trouble is None:
        return ""
    return _with_next_try(gettext(breaker.trouble.value), breaker, now)


def _with_next_try(trouble: str, breaker: CircuitBreaker, now: datetime) -> str:
    if breaker.circuit(now) is Circuit.HALF_OPEN or breaker.until is None:
        return gettext("{trouble}; the next clip tries it again", trouble=trouble)
    wait = seconds_words((breaker.until - now).total_seconds())
    return gettext("{trouble}; tried again in {time}", trouble=trouble, time=wait)


def _trouble_words(trouble: Trouble, breaker: CircuitBreaker, now: datetime) -> str:
    return gettext(
        "{trouble} (for {time} now)",
        trouble=gettext(trouble.value),
        time=seconds_words(breaker.seconds_in_trouble(now)),
    )


_NAMES: Final = {"worker": mark("the worker")}


def _name(backend: str) -> str:
    return gettext(_NAMES[backend]) if backend in _NAMES else backend


def gettext(message: str, **values: object) -> str:
    """The message in plain text, which is escaped where it is shown."""
    return str(PLAIN.gettext(message, **values))
